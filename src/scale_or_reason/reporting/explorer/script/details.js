// The details of one cell on one task: its values and its manifests.

function pairs(rows) {
  const list = element("dl", {});
  for (const [name, value] of rows) list.append(element("dt", {}, name), element("dd", {}, value));
  return list;
}

function taskText(task) {
  return task.benchmarks.length ? `${task.name}, mean of ${task.benchmarks.join(", ")}` : `${task.name} (${task.family})`;
}

function estimates(entry, state) {
  const gap = known(entry.gap)
    ? [["Gap to IFT", `${signedPoints(entry.gap)} points, ${interval(entry.gap_low, entry.gap_high, signedPoints)}`],
      ["", `q ${chance(entry.q)}: ${entry.finding ?? UNKNOWN}`]]
    : [];
  const unit = DATA.units[state.count], cell = DATA.cells[entry.cell];
  const gain = known(entry.gain) ? [["Gain over one", `${signedPoints(entry.gain)} points, ${interval(entry.gain_low, entry.gain_high, signedPoints)}`]] : [];
  const passed = known(entry.pass_at_k) ? [["pass@k", percent(entry.pass_at_k)]] : [];
  const cut = known(entry.budget) ? [["Thoughts cut at", `${entry.budget.toLocaleString("en-US")} tokens`]] : [];
  const taught = state.teacher_share > 0 ? [["of it teacher", measured(entry.teacher, unit)]] : [];
  return [
    ["Accuracy", percent(entry.accuracy)],
    ["95 % interval", interval(entry.accuracy_low, entry.accuracy_high, percent)],
    ...gap,
    ...gain,
    ...passed,
    ...cut,
    ["Training", measured(entry.training, unit)],
    ...taught,
    ["Inference", measured(entry.inference, `${unit} per ${cell.serving === "single" ? "answer" : "item"}`)],
    ["Lifetime", measured(entry.lifetime, `${unit}, ${amount(state.queries)} queries`)],
    ["Tokens", measured(entry.tokens, "per answer")],
    ["Truncated", percent(entry.truncated)],
    ["No verdict", percent(entry.unparsable)],
    ["Frontier", entry.best ? "on it" : "not on it"],
  ];
}

function shared(place) {
  return place === null || place === undefined ? null : DATA.pool[place];
}

function hardwareText(hardware) {
  if (!hardware) return UNKNOWN;
  const gpus = new Map();
  for (const name of hardware.gpus ?? []) gpus.set(name, (gpus.get(name) ?? 0) + 1);
  const parts = [...gpus].map(([name, count]) => `${count} × ${name}`);
  parts.push(hardware.processor ?? "unknown processor", `${hardware.cores ?? UNKNOWN} cores`);
  return [...parts, `${hardware.memory_gib ?? UNKNOWN} GiB`].join(", ");
}

function revision(manifest) {
  if (!manifest.commit) return UNKNOWN;
  return manifest.commit.slice(0, 12) + (manifest.changed ? ", with local changes" : "");
}

function folded(title, values) {
  if (!values) return [];
  return [element("details", {}, element("summary", {}, title), pairs(Object.entries(values).map(([name, value]) => [name, String(value)])))];
}

function manifestBlocks(cell) {
  const blocks = [];
  if (!cell.manifests.length) blocks.push(element("h3", {}, "Manifest"), element("p", { className: "note" }, UNKNOWN));
  for (const manifest of cell.manifests) {
    const packages = shared(manifest.packages);
    const title = manifest.stage === "training" ? "Training" : "Answers";
    blocks.push(
      element("h3", {}, cell.seeds > 1 ? `${title}: ${manifest.model}` : title),
      pairs([
        ["Created", moment(manifest.created)],
        ["Revision", revision(manifest)],
        ["Duration", duration(manifest.seconds)],
        ["Hardware", hardwareText(shared(manifest.hardware))],
        ["Python", manifest.python ?? UNKNOWN],
      ]),
      ...folded("Packages", packages),
      ...folded("Settings", shared(manifest.settings)),
      ...folded("Hashes of inputs", shared(manifest.inputs)),
    );
  }
  return blocks;
}

// Links to the pages with all answers to an item; within a report there is no folder beside this page.
function inspectionBlock(cell, task) {
  const names = task.benchmarks.length ? task.benchmarks : [task.name];
  const pages = names.flatMap((name) => (DATA.pages[name] ?? []).map(({ item, address }) => [`${name} ${item}`, address]));
  if (!pages.length || !/^(file|https?):$/.test(location.protocol)) return [];
  const links = pages.map(([title, address]) => element("li", {}, element("a", { href: `${address}#${cell.models[0]}` }, title)));
  const summary = element("summary", {}, `Answers to ${plural(pages.length, "item")}`);
  return [element("h3", {}, "Inspection pages"), element("details", {}, summary, element("ul", { className: "links" }, ...links))];
}

class Details {
  constructor(place, onClose) {
    this.place = place;
    place.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { event.preventDefault(); onClose(); }
    });
    this.onClose = onClose;
  }

  show(entry, state) {
    const cell = DATA.cells[entry.cell];
    // sections stay open when another cell is shown
    const open = new Set([...this.place.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent));
    const close = element("button", { type: "button", className: "close" }, "×");
    close.setAttribute("aria-label", "Close the details");
    close.addEventListener("click", () => this.onClose());
    this.place.replaceChildren(
      close,
      element("h2", {}, cell.label),
      element("p", { className: "note" }, `${cell.name} · ${plural(cell.seeds, "seed")}`),
      element("p", {}, taskText(DATA.tasks[entry.task])),
      pairs(estimates(entry, state)),
      ...inspectionBlock(cell, DATA.tasks[entry.task]),
      ...manifestBlocks(cell),
    );
    for (const summary of this.place.querySelectorAll("summary")) summary.parentElement.open = open.has(summary.textContent);
    this.place.hidden = false;
    document.body.classList.add("detailed");
  }

  hide() {
    this.place.hidden = true;
    document.body.classList.remove("detailed");
  }
}
