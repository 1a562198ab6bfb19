// One plot for each task: accuracy against cost, with intervals, the frontier and the teacher.

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { left: 42, right: 18, top: 8, bottom: 42 };
// Pixels per point of the figures, and the radius for pointer hits.
const SCALE = 1.45;
const REACH = 24;

function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function hued(made, colour) {
  made.style.setProperty("--hue", colour);
  return made;
}

// A range around the costs, wide enough for two labels.
function costScale(costs, width) {
  let low = Math.log10(Math.min(...costs) / 1.5), high = Math.log10(Math.max(...costs) * 1.5);
  if (high - low < 0.7) [low, high] = [low - 0.25, high + 0.25];
  const at = (cost) => MARGIN.left + ((Math.log10(cost) - low) / (high - low)) * width;
  const ticks = [];
  const factors = high - low > 3 ? [1] : high - low > 1.3 ? [1, 3] : [1, 2, 5];
  const step = Math.max(1, Math.ceil((high - low) / 6));
  for (let exponent = Math.floor(low); exponent <= high; exponent += 1) {
    for (let factor = 1; factor < 10; factor += 1) {
      const cost = factor * 10 ** exponent;
      if (Math.log10(cost) < low || Math.log10(cost) > high) continue;
      const labelled = factors.includes(factor) && exponent % step === 0;
      ticks.push({ cost, label: labelled ? (factor === 1 ? power(exponent) : `${factor}×${power(exponent)}`) : null });
    }
  }
  return { at, ticks };
}

function accuracyScale(values, height) {
  const lowest = Math.min(...values), highest = Math.max(...values);
  const step = [0.01, 0.02, 0.05, 0.1, 0.2].find((size) => (highest - lowest) / size <= 6) ?? 0.2;
  const high = Math.min(1, Math.max(Math.floor(lowest / step) * step + step, Math.ceil(highest / step) * step));
  const low = Math.max(0, Math.min(high - step, Math.floor(lowest / step) * step));
  const room = 0.03 * (high - low);
  const at = (accuracy) => MARGIN.top + height * (1 - (accuracy - low + room) / (high - low + 2 * room));
  const ticks = [];
  for (let rank = Math.round(low / step); rank * step <= high + 1e-9; rank += 1) ticks.push(rank * step);
  return { at, ticks };
}

class Plot {
  constructor(panel, state, width, actions) {
    this.panel = panel;
    this.state = state;
    this.actions = actions;
    this.width = width;
    this.height = Math.round(Math.min(520, Math.max(230, 0.62 * width)));
    this.nodes = new Map();
    const task = DATA.tasks[panel.task];
    const best = panel.drawn.filter((entry) => entry.best).length;
    const teacher = panel.teacher ? `, teacher ${percent(panel.teacher.accuracy)}` : "";
    const counts = `${plural(panel.drawn.length, "cell")}, ${best} on the frontier${teacher}`;
    this.figure = element(
      "figure", {},
      element("figcaption", {}, task.name, " ", element("small", {}, counts)),
      this.picture(`${task.name}: ${counts}`),
      ...[...panel.missing].map(([reason, names]) => element("p", { className: "note" }, `not drawn, ${reason}: ${listing(names)}`)),
    );
    this.figure.dataset.task = task.name;
    // not on the list box, since Chromium makes graphics with focus listeners focusable
    this.figure.addEventListener("keydown", (event) => this.key(event));
    this.figure.addEventListener("focusin", (event) => this.actions.focus(this.entryOf(event.target), event.target));
  }

  picture(label) {
    const svg = drawn("svg", { viewBox: `0 0 ${this.width} ${this.height}` });
    const { drawn: entries, teacher } = this.panel;
    if (!entries.length) {
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", label);
      svg.append(drawn("text", { class: "empty", x: this.width / 2, y: this.height / 2, "text-anchor": "middle" }, "nothing to draw"));
      return svg;
    }
    const inner = { width: this.width - MARGIN.left - MARGIN.right, height: this.height - MARGIN.top - MARGIN.bottom };
    this.x = costScale(entries.map((entry) => entry.cost), inner.width);
    const bounds = this.state.intervals ? ["accuracy", "accuracy_low", "accuracy_high"] : ["accuracy"];
    const heights = [...entries, ...(teacher ? [teacher] : [])].flatMap((entry) => bounds.map((name) => entry[name]));
    this.y = accuracyScale(heights.filter(known), inner.height);
    svg.append(this.axes());
    if (this.state.frontier) svg.append(...this.frontier());
    svg.append(...this.series());
    if (teacher) svg.append(...this.teacher(teacher));
    svg.append(this.points(label));
    // no hover for touch: details that open under the finger would receive its tap
    svg.addEventListener("pointermove", (event) => { if (event.pointerType !== "touch") this.actions.hover(this.nearest(event)); });
    svg.addEventListener("pointerleave", () => this.actions.hover(null));
    svg.addEventListener("click", (event) => {
      const entry = this.nearest(event);
      if (entry) this.actions.pick(entry);
    });
    return svg;
  }

  axes() {
    const right = this.width - MARGIN.right, bottom = this.height - MARGIN.bottom;
    const group = drawn("g", { "aria-hidden": "true" });
    for (const tick of this.y.ticks) {
      const y = this.y.at(tick);
      group.append(drawn("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y, y2: y }));
      group.append(drawn("text", { x: MARGIN.left - 6, y: y + 4, "text-anchor": "end", "data-accuracy": tick }, String(Math.round(1000 * tick) / 10)));
    }
    for (const { cost, label } of this.x.ticks) {
      const x = this.x.at(cost);
      group.append(drawn("line", { class: "axis", x1: x, x2: x, y1: bottom, y2: bottom + (label ? 5 : 3) }));
      if (label) group.append(drawn("text", { x, y: bottom + 18, "text-anchor": "middle", "data-cost": cost }, label));
    }
    group.append(drawn("path", { class: "axis", d: `M${MARGIN.left} ${MARGIN.top}V${bottom}H${right}` }));
    group.append(drawn("text", { x: (MARGIN.left + right) / 2, y: this.height - 6, "text-anchor": "middle" }, costTitle(this.state)));
    const middle = (MARGIN.top + bottom) / 2;
    group.append(drawn("text", { x: 11, y: middle, transform: `rotate(-90 11 ${middle})`, "text-anchor": "middle" }, "Accuracy (%)"));
    return group;
  }

  // A step function: between two points the cheaper one is the best affordable.
  frontier() {
    const right = this.width - MARGIN.right, bottom = this.height - MARGIN.bottom;
    const steps = this.panel.drawn.filter((entry) => entry.best).map((entry) => [this.x.at(entry.cost), this.y.at(entry.accuracy)]);
    const line = `M${steps.map(([x, y], rank) => (rank ? `H${x}V${y}` : `${x} ${y}`)).join("")}H${right}`;
    const shade = hued(drawn("path", { class: "shade", d: `${line}V${bottom}H${steps[0][0]}Z` }), DATA.encoding.suboptimal.colour);
    return [shade, drawn("path", { class: "frontier", d: line })];
  }

  teacher(values) {
    const right = this.width - MARGIN.right, y = this.y.at(values.accuracy);
    const line = drawn("line", { class: "teacher", x1: MARGIN.left, x2: right, y1: y, y2: y, "data-accuracy": values.accuracy });
    const parts = [hued(line, DATA.encoding.teacher.colour)];
    if (this.state.intervals && known(values.accuracy_low) && known(values.accuracy_high)) {
      const top = this.y.at(values.accuracy_high), bottom = this.y.at(values.accuracy_low);
      const band = drawn("rect", { class: "teacher-band", x: MARGIN.left, y: top, width: right - MARGIN.left, height: bottom - top });
      parts.unshift(hued(band, DATA.encoding.teacher.colour));
    }
    return parts;
  }

  // A line through the parts of the data and the ways to answer of the same cell.
  series() {
    const bySeries = Map.groupBy(this.panel.drawn, (entry) => DATA.cells[entry.cell].series);
    return [...bySeries.values()].filter((entries) => entries.length > 1).map((entries) => {
      const places = entries.map((entry) => `${this.x.at(entry.cost)} ${this.y.at(entry.accuracy)}`);
      const line = drawn("path", { class: "series", d: `M${places.join("L")}`, "aria-hidden": "true" });
      return hued(line, DATA.cells[entries[0].cell].colours[this.state.colour]);
    });
  }

  // A list box: one tab stop per plot, arrow keys inside.
  points(label) {
    const group = drawn("g", { role: "listbox", "aria-label": label });
    // large markers first, so that small ones are on top; the reading order is that of cost
    const entries = this.panel.drawn;
    const nodes = entries.map((entry, rank) => this.point(entry, rank));
    const order = entries.map((_, rank) => rank).sort((one, other) => DATA.cells[entries[other].cell].side - DATA.cells[entries[one].cell].side || one - other);
    for (const rank of order) group.append(nodes[rank]);
    this.stopAt(entries[0].cell);
    return group;
  }

  point(entry, rank) {
    const cell = DATA.cells[entry.cell];
    const x = this.x.at(entry.cost), y = this.y.at(entry.accuracy), scale = SCALE * cell.side;
    const node = hued(drawn("g", {
      class: entry.best ? "point best" : "point",
      role: "option",
      tabindex: "-1",
      "aria-label": cell.label,
      "aria-selected": "false",
      "aria-posinset": rank + 1,
      "aria-setsize": this.panel.drawn.length,
      "data-cell": cell.name,
      "data-cost": entry.cost,
      "data-accuracy": entry.accuracy,
    }), cell.colours[this.state.colour]);
    if (this.state.intervals && known(entry.accuracy_low) && known(entry.accuracy_high)) {
      node.append(drawn("line", { class: "bar", x1: x, x2: x, y1: this.y.at(entry.accuracy_low), y2: this.y.at(entry.accuracy_high) }));
    }
    node.append(drawn("circle", { class: "ring", cx: x, cy: y, r: scale / 2 + 5 }));
    node.append(drawn("path", { class: `mark ${cell.fill}`, d: cell.marker, transform: `translate(${x} ${y}) scale(${scale})` }));
    if (entry.best && cell.fill !== "full") {
      node.append(drawn("path", { class: "edge", d: cell.marker, transform: `translate(${x} ${y}) scale(${scale + 5})` }));
    }
    if (cell.fill === "dot") node.append(drawn("circle", { class: "centre", cx: x, cy: y, r: 1.6 }));
    this.nodes.set(entry.cell, node);
    return node;
  }

  entryOf(node) {
    const name = node.closest(".point").dataset.cell;
    return this.panel.drawn.find((entry) => DATA.cells[entry.cell].name === name);
  }

  // The rectangle of a point on the screen.
  boxOf(entry) {
    return this.nodes.get(entry.cell).querySelector(".ring").getBoundingClientRect();
  }

  // The point under or near the pointer.
  nearest(event) {
    const box = event.currentTarget.getBoundingClientRect();
    const scale = this.width / box.width;
    const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
    const distances = this.panel.drawn.map((entry) => Math.hypot(this.x.at(entry.cost) - x, this.y.at(entry.accuracy) - y));
    const least = Math.min(...distances);
    return least <= REACH ? this.panel.drawn[distances.indexOf(least)] : null;
  }

  key(event) {
    const here = this.entryOf(event.target), byCost = this.panel.drawn;
    const byAccuracy = [...byCost].sort((one, other) => one.accuracy - other.accuracy || one.cost - other.cost);
    const step = (order, by) => order[order.indexOf(here) + by];
    const moves = {
      ArrowRight: () => step(byCost, 1),
      ArrowLeft: () => step(byCost, -1),
      ArrowUp: () => step(byAccuracy, 1),
      ArrowDown: () => step(byAccuracy, -1),
      Home: () => byCost[0],
      End: () => byCost[byCost.length - 1],
    };
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in moves) {
      const next = moves[event.key]();
      if (next) this.focus(next.cell);
    } else if (event.key === "PageDown" || event.key === "PageUp") this.actions.turn(here, event.key === "PageDown" ? 1 : -1);
    else if (event.key === "Enter" || event.key === " ") this.actions.enter();
    else if (event.key === "Escape") this.actions.close();
    else return;
    event.preventDefault();
  }

  // Focus the cell, or the first point if the plot lacks the cell.
  focus(cell) {
    const node = this.nodes.get(cell) ?? this.nodes.get(this.panel.drawn[0]?.cell);
    if (node) node.focus();
  }

  // Rings mark the cell in the details and the same cell in other plots; it becomes the tab stop.
  mark(shown) {
    for (const [cell, node] of this.nodes) {
      const here = shown !== null && shown.task === this.panel.task && shown.cell === cell;
      node.classList.toggle("shown", here);
      node.classList.toggle("same", !here && shown !== null && shown.cell === cell);
      node.setAttribute("aria-selected", String(here));
      if (here) this.stopAt(cell);
    }
  }

  // The tab key enters the plot at this cell.
  stopAt(cell) {
    if (!this.nodes.has(cell)) return;
    this.stop = cell;
    for (const [other, node] of this.nodes) node.setAttribute("tabindex", other === cell ? "0" : "-1");
  }
}

// A legend entry: marker and label.
function legendEntry(label, colour, picture) {
  const svg = hued(drawn("svg", { width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true", class: "sample" }, ...picture), colour);
  return element("span", {}, svg, label);
}

function drawLegend(place, panels, state) {
  const entries = new Map();
  const cells = [...new Set(panels.flatMap((panel) => panel.drawn.map((entry) => entry.cell)))].sort((one, other) => one - other);
  // one entry per colour and one per marker fill
  const fills = { open: "mixed", dashed: "reasoning first", dot: "adapted" };
  const byKey = new Map(), byFill = new Map();
  for (const number of cells) {
    const cell = DATA.cells[number];
    if (!byKey.has(cell.keys[state.colour]) || cell.fill === "full") byKey.set(cell.keys[state.colour], cell);
    if (cell.fill in fills) byFill.set(cell.fill, cell);
  }
  const order = (cell) => (state.colour === "size" ? cell.size_b ?? Infinity : Number(cell.ratio ?? -1));
  const path = (cell, fill) => drawn("path", { class: `mark ${fill}`, d: cell.marker, transform: "translate(8 8) scale(10)" });
  for (const [key, cell] of [...byKey].sort((one, other) => order(one[1]) - order(other[1]))) {
    entries.set(key, legendEntry(key, cell.colours[state.colour], [path(cell, "full")]));
  }
  for (const [fill, cell] of byFill) {
    const dot = fill === "dot" ? [drawn("circle", { class: "centre", cx: 8, cy: 8, r: 1.6 })] : [];
    entries.set(fills[fill], legendEntry(fills[fill], "var(--faint)", [path(cell, fill), ...dot]));
  }
  const line = (name) => drawn("path", { class: name, d: "M0 8H16" });
  if (state.frontier && cells.length) entries.set("frontier", legendEntry(DATA.encoding.frontier.label, "", [line("frontier")]));
  if (panels.some((panel) => panel.teacher)) {
    entries.set("teacher", legendEntry(DATA.encoding.teacher.label, DATA.encoding.teacher.colour, [line("teacher")]));
  }
  place.replaceChildren(...entries.values());
}
