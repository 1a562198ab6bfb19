// The form with the controls. All controls are native, for keyboards and screen readers.

const GROUP_TITLES = {
  kinds: "Models",
  students: "Students",
  corpora: "Corpora",
  ratios: "Reasoning ratios",
  curricula: "Curricula",
  data: "Parts of the data",
  servings: "Ways to answer",
  adaptations: "Adaptations",
  shots: "Shots of base students",
};
const MANY = 4;

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made && name !== "form") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

class Controls {
  constructor(form, state, onChange) {
    this.state = state;
    this.onChange = onChange;
    this.boxes = [];
    form.addEventListener("submit", (event) => event.preventDefault());
    form.append(
      this.radios("axis", "Cost", AXES),
      this.queries(),
      this.radios("count", "Costs in", COUNTS),
      this.teacherShare(),
      this.tasks(),
      ...Object.keys(GROUP_TITLES).filter((group) => DATA.choices[group].length > 1).map((group) => this.group(group)),
      this.radios("colour", "Colour by", COLOURINGS),
      this.switches(),
      this.reset(),
      this.keys(),
    );
    this.show();
  }

  radios(name, title, labels) {
    const inputs = Object.entries(labels).map(([value, label]) => {
      const input = element("input", { type: "radio", name, value });
      input.addEventListener("change", () => this.change(name, value));
      this.boxes.push(() => { input.checked = this.state[name] === value; });
      return element("label", {}, input, label);
    });
    return element("fieldset", {}, element("legend", {}, title), ...inputs);
  }

  // A field for a number, with its slider; `shown` is what screen readers say of the slider.
  number(name, title, slider, problem, toSlider, fromSlider, shown) {
    const number = element("input", { type: "number", id: name, min: 0, step: "any" });
    const wrong = element("p", { className: "wrong", id: `${name}-wrong`, hidden: true }, problem);
    number.setAttribute("aria-describedby", `${name}-wrong`);
    number.addEventListener("input", () => {
      const value = numberOf(number.value, LARGEST[name]);
      wrong.hidden = value !== null;
      number.setAttribute("aria-invalid", String(value === null));
      if (value !== null) this.change(name, value, number);
    });
    slider.addEventListener("input", () => this.change(name, fromSlider(Number(slider.value)), slider));
    this.boxes.push((edited) => {
      if (edited !== number) number.value = typed(this.state[name]);
      if (edited !== slider) slider.value = String(toSlider(this.state[name]));
      if (edited !== number) { wrong.hidden = true; number.setAttribute("aria-invalid", "false"); }
      slider.setAttribute("aria-valuetext", shown(this.state[name]));
    });
    return [element("legend", {}, element("label", { htmlFor: name }, title)), number, slider, wrong];
  }

  queries() {
    const slider = element("input", { type: "range", min: 0, max: 15, step: 0.1 });
    slider.setAttribute("aria-label", "Queries, as a power of ten");
    const parts = this.number(
      "queries", "Queries over the lifetime", slider, "must be a number, 0 or more",
      (value) => Math.log10(Math.max(1, value)), (place) => Number((10 ** place).toPrecision(2)), amount,
    );
    return element("fieldset", {}, ...parts, element("p", { className: "note" }, "lifetime = training + queries × inference"));
  }

  teacherShare() {
    const slider = element("input", { type: "range", min: 0, max: 1, step: 0.05 });
    slider.setAttribute("aria-label", "Share of the teacher's answers");
    const same = (value) => value;
    const parts = this.number("teacher_share", "Share of the teacher's answers", slider, "must be a number from 0 to 1", same, same, percent);
    return element("fieldset", {}, ...parts, element("p", { className: "note" }, "added to training: 1 if one model learns from them, 0.25 if four do"));
  }

  tasks() {
    const families = new Set(DATA.tasks.filter((task) => task.benchmarks.length).map((task) => task.name));
    const choices = DATA.choices.tasks;
    const single = choices.filter((choice) => !families.has(choice.value));
    const benchmarks = this.checkboxes("tasks", "Single benchmarks", single);
    const fold = element("details", {}, element("summary", {}, "Single benchmarks"), benchmarks);
    benchmarks.querySelector("legend").className = "unseen";
    this.boxes.push(() => { if (single.some((choice) => this.state.tasks.has(choice.value))) fold.open = true; });
    const block = element("div", {}, this.checkboxes("tasks", "Families", choices.filter((choice) => families.has(choice.value))));
    block.append(fold);
    fold.style.marginBottom = ".9rem";
    return block;
  }

  group(group) {
    return this.checkboxes(group, GROUP_TITLES[group], DATA.choices[group]);
  }

  checkboxes(group, title, choices) {
    const labels = choices.map(({ value, label }) => {
      const input = element("input", { type: "checkbox", name: group, value });
      input.addEventListener("change", () => this.choose(group, [value], input.checked));
      this.boxes.push(() => { input.checked = this.state[group].has(value); });
      return element("label", {}, input, label);
    });
    const set = element("fieldset", {}, element("legend", {}, title), ...labels);
    if (choices.length >= MANY) {
      const values = choices.map((choice) => choice.value);
      set.append(...[["all", true], ["none", false]].map(([word, on]) => {
        const button = element("button", { type: "button", className: "word" }, word);
        button.setAttribute("aria-label", `${title}: ${word}`);
        button.addEventListener("click", () => this.choose(group, values, on));
        return button;
      }));
    }
    return set;
  }

  switches() {
    const labels = Object.entries(SWITCHES).map(([name, label]) => {
      const input = element("input", { type: "checkbox", name });
      input.addEventListener("change", () => this.change(name, input.checked));
      this.boxes.push(() => { input.checked = this.state[name]; });
      return element("label", {}, input, label);
    });
    return element("fieldset", {}, element("legend", {}, "Show"), ...labels);
  }

  reset() {
    const button = element("button", { type: "button" }, "Reset view");
    // the same as deleting the hash from the address
    button.addEventListener("click", () => { location.hash = ""; });
    return element("p", {}, button);
  }

  keys() {
    const lines = [
      [["←", "→"], "next cheaper or more expensive point"],
      [["↑", "↓"], "next more or less accurate point"],
      [["Home", "End"], "cheapest or most expensive point"],
      [["Page Up", "Page Down"], "same cell in another plot"],
      [["Enter"], "open the details; close with ", "Esc"],
    ];
    const items = lines.map(([keys, text, last]) => {
      const item = element("li", {});
      keys.forEach((key, rank) => item.append(rank ? " " : "", element("kbd", {}, key)));
      item.append(` ${text}`, ...(last ? [element("kbd", {}, last)] : []));
      return item;
    });
    const list = element("ul", { className: "keys" }, ...items);
    return element("details", {}, element("summary", {}, "Keyboard in plots"), list);
  }

  choose(group, values, on) {
    for (const value of values) on ? this.state[group].add(value) : this.state[group].delete(value);
    this.show();
    this.onChange();
  }

  change(name, value, edited = null) {
    this.state[name] = value;
    this.show(edited);
    this.onChange();
  }

  // Show the state in all inputs but the one being edited.
  show(edited = null) {
    for (const box of this.boxes) box(edited);
  }
}
