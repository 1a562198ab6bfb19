// Connects the parts: a change of the state redraws plots and table and updates the address.

// Pixels; the gap is that of #panels in page.css.
const PLOT_GAP = 24;
const NARROWEST_PLOT = 288;

class Explorer {
  constructor() {
    this.state = fromHash(location.hash);
    // the entry under the pointer, the selected one, and the one in the details: the first of both while they are open
    this.hovered = null;
    this.pinned = null;
    this.displayed = null;
    this.from = null;
    this.panels = [];
    this.plots = [];
    this.details = new Details(document.getElementById("details"), () => this.close());
    this.tip = new Tip(document.getElementById("tip"));
    this.rows = new Rows(document.getElementById("rows"), this.state, {
      sort: () => { this.rows.show(this.panels); this.keep(); },
      pick: (entry) => { this.pin(entry); this.enter(); },
    });
    this.controls = new Controls(document.getElementById("controls"), this.state, () => this.draw());
    this.place = document.getElementById("panels");
    document.getElementById("choose").open = !matchMedia("(max-width: 50rem)").matches;
    document.getElementById("skip").addEventListener("click", () => this.place.querySelector(".point[tabindex='0']")?.focus());
    window.addEventListener("hashchange", () => this.follow());
    // redraw when the width of the plots changes
    new ResizeObserver(() => { if (this.grid().width !== this.width) this.draw(false); }).observe(this.place);
    addEventListener("scroll", () => this.hover(null), { passive: true, capture: true });
    this.draw(false);
    this.restore();
  }

  // Rows of equal length: four plots are two by two where three fit side by side.
  grid() {
    const room = this.place.clientWidth, count = Math.max(1, this.panels.length);
    const most = Math.max(1, Math.floor((room + PLOT_GAP) / (NARROWEST_PLOT + PLOT_GAP)));
    const columns = Math.ceil(count / Math.ceil(count / most));
    return { columns, width: Math.max(240, Math.floor((room + PLOT_GAP) / columns) - PLOT_GAP) };
  }

  draw(announced = true) {
    const { state } = this;
    const focused = this.focusedPoint();
    this.panels = chosenTasks(state).map((task) => panelOf(task, state));
    const { columns, width } = this.grid();
    this.width = width;
    this.place.style.setProperty("--columns", columns);
    const stops = new Map(this.plots.map((plot) => [plot.panel.task, plot.stop]));
    this.plots = this.panels.map((panel) => new Plot(panel, state, this.width, this.actions()));
    for (const plot of this.plots) plot.stopAt(stops.get(plot.panel.task));
    this.place.replaceChildren(...this.plots.map((plot) => plot.figure));
    drawLegend(document.getElementById("legend"), this.panels, state);
    this.rows.show(this.panels);
    this.summarise(announced);
    this.hover(null);
    this.pinned = this.again(this.pinned);
    const again = this.again(this.displayed);
    this.displayed = null;
    this.display(again);
    // the same point has the focus again: nobody has selected it
    this.refocusing = true;
    if (focused) this.plotOf(focused)?.focus(focused.cell);
    this.refocusing = false;
    this.keep();
  }

  actions() {
    return {
      hover: (entry) => this.hover(entry),
      pick: (entry) => this.plotOf(entry).focus(entry.cell),
      focus: (entry, node) => {
        if (this.refocusing) return;
        this.pin(entry);
        this.announce(this.sentence(entry));
        // the details may cover it
        node.scrollIntoView({ block: "nearest", inline: "nearest" });
      },
      turn: (entry, by) => {
        const here = this.plots.findIndex((plot) => plot.panel.task === entry.task);
        this.plots[here + by]?.focus(entry.cell);
      },
      enter: () => this.enter(),
      close: () => this.close(),
    };
  }

  focusedPoint() {
    const node = document.activeElement?.closest?.(".point");
    return node ? this.plots.map((plot) => plot.figure.contains(node) && plot.entryOf(node)).find(Boolean) : null;
  }

  find(task, cell) {
    return this.panels.find((panel) => panel.task === task)?.entries.find((entry) => entry.cell === cell) ?? null;
  }

  // The current entry; null if its cell or task is no longer selected.
  again(entry) {
    return entry === null ? null : this.find(entry.task, entry.cell);
  }

  // The details follow the pointer while they are open. They do not open, since that would move the plots.
  hover(entry) {
    if (entry === this.hovered) return;
    this.hovered = entry;
    this.tip.hide();
    if (this.pinned) this.display(entry ?? this.pinned);
    else {
      this.mark(entry);
      if (entry) this.tip.show(entry, this.state, this.plotOf(entry).boxOf(entry));
    }
  }

  plotOf(entry) {
    return this.plots.find((plot) => plot.panel.task === entry.task);
  }

  mark(entry) {
    for (const plot of this.plots) plot.mark(entry);
  }

  pin(entry) {
    this.tip.hide();
    this.hovered = null;
    this.pinned = entry;
    this.display(entry);
    this.keep();
  }

  display(entry) {
    // do not rebuild the details while the pointer moves near the same point
    if (entry !== null && entry === this.displayed) return;
    this.displayed = entry;
    if (entry) this.details.show(entry, this.state);
    else this.details.hide();
    this.mark(entry);
  }

  enter() {
    this.from = document.activeElement;
    this.details.place.focus();
  }

  // Return the focus to its previous element, or to the point if that was redrawn.
  close() {
    const { pinned, from } = this;
    if (this.details.place.contains(document.activeElement)) {
      const row = from?.dataset?.focus && this.rows.find(from.dataset.focus);
      if (from?.isConnected) from.focus();
      else if (row) row.focus();
      else if (pinned) this.plotOf(pinned)?.focus(pinned.cell);
    }
    this.tip.hide();
    this.from = this.hovered = this.pinned = null;
    this.display(null);
    this.keep();
  }

  sentence(entry) {
    const parts = [
      `${DATA.tasks[entry.task].name}: ${DATA.cells[entry.cell].label}`,
      `accuracy ${percent(entry.accuracy)}, 95 % interval ${interval(entry.accuracy_low, entry.accuracy_high, percent)}`,
      `${inSentence(axisTitle(this.state))} ${amount(entry.cost)}`,
    ];
    return `${parts.join("; ")}${entry.best ? "; on the frontier" : ""}`;
  }

  summarise(announced) {
    const { state } = this;
    const cells = plural(chosenCells(state).length, "cell");
    const points = this.panels.reduce((sum, panel) => sum + panel.drawn.length, 0);
    const text = `${cells}, ${plural(points, "point")} in ${plural(this.panels.length, "plot")}: accuracy against ${inSentence(costTitle(state))}.`;
    document.getElementById("summary").textContent = text;
    if (announced) this.announce(text);
  }

  announce(text) {
    document.getElementById("live").textContent = text;
  }

  // Delayed, since browsers limit the rate of address changes.
  keep() {
    const { pinned } = this;
    this.state.at = pinned ? [DATA.tasks[pinned.task].name, DATA.cells[pinned.cell].name] : null;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.hash = toHash(this.state);
      if (location.hash.replace(/^#/, "") !== this.hash) history.replaceState(null, "", `#${this.hash}`);
    }, 150);
  }

  // The address has changed.
  follow() {
    Object.assign(this.state, fromHash(location.hash));
    this.pinned = this.displayed = null;
    this.controls.show();
    this.draw(false);
    this.restore();
  }

  restore() {
    // the constructor's draw has overwritten it in the state
    const at = fromHash(location.hash).at;
    if (at === null) return;
    const task = DATA.tasks.findIndex((one) => one.name === at[0]);
    const cell = DATA.cells.findIndex((one) => one.name === at[1]);
    const entry = this.find(task, cell);
    if (entry) this.pin(entry);
  }
}

new Explorer();
