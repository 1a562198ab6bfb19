// The state of the view and its encoding in the address, for sharing. Only differences from the initial view are encoded.

const DATA = JSON.parse(document.getElementById("data").textContent);
const AXES = { training: "Training", inference: "Inference, one answer", lifetime: "Lifetime" };
const COUNTS = those({
  papers: "FLOPs by the papers' formulas",
  exact: "FLOPs, exact (architecture)",
  hours: `Measured ${DATA.units.hours}`,
}, (count) => count in DATA.units);
const COLOURINGS = those({
  ratio: "Reasoning ratio",
  size: "Size of the student",
  corpus: "Corpus",
  data: "Part of the data",
  serving: "Way to answer",
}, (name) => name === "ratio" || name === "size" || name === "corpus" || DATA.choices[{ data: "data", serving: "servings" }[name]].length > 1);
const SWITCHES = { teacher: "Teacher", frontier: "Pareto frontier", intervals: "95 % intervals" };
// Of the numbers that can be typed in; the least is 0.
const LARGEST = { queries: Infinity, teacher_share: 1 };
const GROUPS = Object.keys(DATA.choices);

// The entries whose name passes.
function those(labels, passes) {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => passes(name)));
}

function firstState() {
  const state = { axis: "training", count: DATA.count, queries: 1e9, teacher_share: DATA.teacher_share, colour: "ratio", sort: "cost", descending: false, at: null };
  for (const name of Object.keys(SWITCHES)) state[name] = true;
  for (const group of GROUPS) {
    state[group] = new Set(DATA.choices[group].filter((choice) => choice.chosen).map((choice) => choice.value));
  }
  return state;
}

function chosenValues(state, group) {
  return DATA.choices[group].map((choice) => choice.value).filter((value) => state[group].has(value));
}

function written(state, name) {
  const value = state[name];
  if (value instanceof Set) return chosenValues(state, name).map(encodeURIComponent).join(",");
  if (Array.isArray(value)) return value.map(encodeURIComponent).join(",");
  return value === null ? "" : encodeURIComponent(String(value));
}

function toHash(state) {
  const first = firstState();
  const changed = Object.keys(first).filter((name) => written(state, name) !== written(first, name));
  return changed.map((name) => `${name}=${written(state, name)}`).join("&");
}

// Unknown names and values are ignored: an address may come from another study.
function fromHash(hash) {
  const state = firstState();
  for (const part of hash.replace(/^#/, "").split("&")) {
    const [name, text = ""] = part.split("=", 2);
    let values;
    try {
      values = text === "" ? [] : text.split(",").map(decodeURIComponent);
    } catch {
      continue;
    }
    if (GROUPS.includes(name)) {
      state[name] = new Set(DATA.choices[name].map((choice) => choice.value).filter((value) => values.includes(value)));
    } else if (name in SWITCHES || name === "descending") {
      if (["true", "false"].includes(values[0])) state[name] = values[0] === "true";
    } else if (name === "axis" && values[0] in AXES) state.axis = values[0];
    else if (name === "count" && values[0] in COUNTS) state.count = values[0];
    else if (name === "colour" && values[0] in COLOURINGS) state.colour = values[0];
    else if (name === "sort" && COLUMNS.some((column) => column.name === values[0])) state.sort = values[0];
    else if (name in LARGEST && numberOf(values[0], LARGEST[name]) !== null) state[name] = numberOf(values[0], LARGEST[name]);
    else if (name === "at" && values.length === 2) state.at = values;
  }
  return state;
}

// A number that was typed in; null if it is none, negative, or above the largest.
function numberOf(text, largest) {
  const number = Number(text);
  return text === undefined || String(text).trim() === "" || !Number.isFinite(number) || number < 0 || number > largest ? null : number;
}
