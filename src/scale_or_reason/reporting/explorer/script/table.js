// The selected cells as a sortable table, with CSV export.

const GAIN = { name: "gain", title: "Gain over one", value: (entry) => entry.gain, shown: (gain) => (known(gain) ? signedPoints(gain) : "") };
const COLUMNS = [
  { name: "cell", title: "Cell", text: true, value: (entry) => DATA.cells[entry.cell].label },
  { name: "task", title: "Task", text: true, value: (entry) => DATA.tasks[entry.task].name },
  { name: "accuracy", title: "Accuracy", value: (entry) => entry.accuracy, shown: percent },
  { name: "low", title: "95 % low", value: (entry) => entry.accuracy_low, shown: percent },
  { name: "high", title: "95 % high", value: (entry) => entry.accuracy_high, shown: percent },
  { name: "gap", title: "Gap to IFT", value: (entry) => entry.gap, shown: (gap) => (known(gap) ? signedPoints(gap) : "") },
  { name: "q", title: "q", value: (entry) => entry.q, shown: (q) => (known(q) ? chance(q) : "") },
  { name: "cost", title: "Cost on the axis", value: (entry) => entry.cost, shown: amount },
  ...(DATA.choices.servings.length > 1 ? [GAIN] : []),
  { name: "training", title: "Training", value: (entry) => entry.training, shown: amount },
  { name: "inference", title: "Inference", value: (entry) => entry.inference, shown: amount },
  { name: "lifetime", title: "Lifetime", value: (entry) => entry.lifetime, shown: amount },
  { name: "tokens", title: "Tokens", value: (entry) => entry.tokens, shown: amount },
  { name: "frontier", title: "Frontier", text: true, value: (entry) => (entry.best ? "yes" : "no") },
];
const MOST_ROWS = 200;

// Unknown values come last in both directions.
function sorted(entries, column, descending) {
  const sign = descending ? -1 : 1;
  const missing = (value) => value === null || value === undefined;
  return [...entries].sort((one, other) => {
    const [first, second] = [column.value(one), column.value(other)];
    if (missing(first) || missing(second)) return Number(missing(first)) - Number(missing(second));
    return sign * (column.text ? first.localeCompare(second, "en", { numeric: true }) : first - second);
  });
}

function asCsv(entries) {
  const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const extra = { name: "model", value: (entry) => DATA.cells[entry.cell].name };
  const columns = [extra, ...COLUMNS];
  const line = (values) => values.map((value) => quoted(value === null || value === undefined ? "" : String(value))).join(",");
  return [line(columns.map((column) => column.name)), ...entries.map((entry) => line(columns.map((column) => column.value(entry))))].join("\n") + "\n";
}

class Rows {
  constructor(place, state, actions) {
    this.place = place;
    this.state = state;
    this.actions = actions;
    this.all = false;
  }

  show(panels) {
    const entries = panels.flatMap((panel) => panel.entries);
    const column = COLUMNS.find((one) => one.name === this.state.sort);
    this.ordered = sorted(entries, column, this.state.descending);
    const visible = this.all ? this.ordered : this.ordered.slice(0, MOST_ROWS);
    const head = element("tr", {}, ...COLUMNS.map((one) => this.heading(one)));
    const body = element("tbody", {}, ...visible.map((entry) => this.row(entry)));
    const wide = element("div", { className: "wide", tabIndex: 0, role: "region" }, element("table", {}, element("thead", {}, head), body));
    wide.setAttribute("aria-labelledby", "rows-title");
    const focused = this.place.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
    this.place.replaceChildren(
      element("h2", { id: "rows-title" }, `Shown: ${plural(entries.length, "row")}`),
      element("p", { className: "actions screen" }, this.saveButton(), ...(visible.length < entries.length ? [this.moreButton(entries.length)] : [])),
      wide,
    );
    // columns beyond the edge fade out
    const fade = () => wide.classList.toggle("more", wide.scrollLeft + wide.clientWidth < wide.scrollWidth - 1);
    wide.addEventListener("scroll", fade, { passive: true });
    fade();
    if (focused) this.find(focused)?.focus();
  }

  // The button of this name, in the table as it is now.
  find(name) {
    return this.place.querySelector(`[data-focus="${name}"]`);
  }

  heading(column) {
    const button = element("button", { type: "button" }, column.title);
    button.dataset.focus = `sort-${column.name}`;
    button.addEventListener("click", () => {
      this.state.descending = this.state.sort === column.name && !this.state.descending;
      this.state.sort = column.name;
      this.actions.sort();
    });
    const heading = element("th", { scope: "col", className: column.text ? "text" : "" }, button);
    if (this.state.sort === column.name) heading.setAttribute("aria-sort", this.state.descending ? "descending" : "ascending");
    return heading;
  }

  row(entry) {
    const cells = COLUMNS.map((column) => {
      const value = column.value(entry);
      const text = column.shown ? column.shown(value) : value;
      if (column.name !== "cell") return element("td", { className: column.text ? "text" : "" }, text);
      const button = element("button", { type: "button" }, text);
      button.dataset.focus = `row-${entry.task}-${entry.cell}`;
      button.addEventListener("click", () => this.actions.pick(entry));
      return element("th", { scope: "row", className: "text" }, button);
    });
    return element("tr", {}, ...cells);
  }

  saveButton() {
    const button = element("button", { type: "button" }, "Save as CSV");
    button.dataset.focus = "save";
    button.addEventListener("click", () => {
      const address = URL.createObjectURL(new Blob([asCsv(this.ordered)], { type: "text/csv" }));
      element("a", { href: address, download: `explorer_${DATA.study}.csv` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10000);
    });
    return button;
  }

  moreButton(count) {
    const button = element("button", { type: "button" }, `Show all ${plural(count, "row")}`);
    button.addEventListener("click", () => {
      this.all = true;
      this.actions.sort();
    });
    return button;
  }
}
