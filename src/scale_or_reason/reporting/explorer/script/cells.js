// The selected cells, their costs, and the panels drawn from them.

function isChosen(cell, state) {
  if (!state.kinds.has(cell.kind) || !state.students.has(cell.student)) return false;
  if (cell.kind === "adapted") return state.adaptations.has(cell.curriculum);
  if (cell.kind === "base") return state.shots.has(String(cell.shots));
  if (!state.corpora.has(cell.corpus) || !state.ratios.has(cell.ratio)) return false;
  // at ratios 0 and 1 all curricula are one training, stored under one of them
  return cell.ratio === "0" || cell.ratio === "1" ? state.curricula.size > 0 : state.curricula.has(cell.curriculum);
}

function costTitle(state) {
  const title = state.axis === "lifetime" ? `${AXES.lifetime}, ${typed(state.queries)} queries` : AXES[state.axis];
  return state.count === "exact" ? `${title}, exact` : title;
}

function costOf(training, inference, axis, queries) {
  if (axis === "training") return training;
  if (axis === "inference") return inference;
  return known(training) && known(inference) ? training + queries * inference : null;
}

function valuesAt(task, cell) {
  const values = {};
  for (const [name, table] of Object.entries(DATA.values)) values[name] = table[task][cell];
  return values;
}

function entryAt(task, cell, state) {
  const values = valuesAt(task, cell), exact = state.count === "exact";
  const training = exact ? DATA.cells[cell].exact_training : DATA.cells[cell].training;
  const inference = exact ? values.exact_inference : values.inference;
  return {
    task,
    cell,
    ...values,
    training,
    inference,
    lifetime: costOf(training, inference, "lifetime", state.queries),
    cost: costOf(training, inference, state.axis, state.queries),
    best: false,
  };
}

// A logarithmic axis cannot show 0.
function whyNotDrawn(entry, state) {
  if (!known(entry.accuracy)) return "no accuracy";
  if (!known(entry.cost)) return `${inSentence(AXES[state.axis])} unknown`;
  return entry.cost > 0 ? null : "cost is zero";
}

function chosenCells(state) {
  return DATA.cells.map((_, number) => number).filter((number) => isChosen(DATA.cells[number], state));
}

function chosenTasks(state) {
  return DATA.tasks.map((_, number) => number).filter((number) => state.tasks.has(DATA.tasks[number].name));
}

// All selected cells on a task: the drawable ones by ascending cost, and the reasons why others are not drawn.
function panelOf(task, state) {
  const entries = chosenCells(state).map((cell) => entryAt(task, cell, state));
  const drawn = entries.filter((entry) => whyNotDrawn(entry, state) === null);
  drawn.sort((one, other) => one.cost - other.cost || one.accuracy - other.accuracy);
  for (const entry of paretoFrontier(drawn)) entry.best = true;
  const missing = new Map();
  for (const entry of entries) {
    const reason = whyNotDrawn(entry, state);
    if (reason !== null) missing.set(reason, [...(missing.get(reason) ?? []), DATA.cells[entry.cell].label]);
  }
  return { task, entries, drawn, missing, teacher: state.teacher ? teacherOf(task) : null };
}

// The teacher in reasoning mode if evaluated, else in IFT mode.
function teacherOf(task) {
  const teachers = DATA.cells.map((_, number) => number).filter((number) => DATA.cells[number].kind === "teacher");
  teachers.sort((one, other) => Number(DATA.cells[other].ratio) - Number(DATA.cells[one].ratio));
  const cell = teachers.find((number) => known(DATA.values.accuracy[task][number]));
  return cell === undefined ? null : { cell, ...valuesAt(task, cell) };
}
