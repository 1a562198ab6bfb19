// The selected cells, their costs, and the panels drawn from them.

function isChosen(cell, state) {
  if (!state.kinds.has(cell.kind) || !state.students.has(cell.student) || !state.servings.has(cell.serving)) return false;
  if (cell.kind === "adapted") return state.adaptations.has(cell.curriculum);
  if (cell.kind === "base") return state.shots.has(String(cell.shots));
  if (!state.data.has(cell.data) || !state.corpora.has(cell.corpus) || !state.ratios.has(cell.ratio)) return false;
  // at ratios 0 and 1 all curricula are one training, stored under one of them
  return cell.ratio === "0" || cell.ratio === "1" ? state.curricula.size > 0 : state.curricula.has(cell.curriculum);
}

function axisTitle(state) {
  const unit = DATA.units[state.count];
  return { training: `Training ${unit}`, inference: `Inference ${unit} per answer`, lifetime: `Lifetime ${unit}` }[state.axis];
}

function costTitle(state) {
  const queries = state.axis === "lifetime" ? `, ${typed(state.queries)} queries` : "";
  const share = state.axis !== "inference" && state.teacher_share > 0 ? `, ${Number((100 * state.teacher_share).toFixed(1))} % of the teacher's answers` : "";
  return `${axisTitle(state)}${queries}${share}${state.count === "exact" ? ", exact" : ""}`;
}

function costOf(training, inference, axis, queries) {
  if (axis === "training") return training;
  if (axis === "inference") return inference;
  return known(training) && known(inference) ? training + queries * inference : null;
}

function times(factor, value) {
  return known(value) ? factor * value : null;
}

function valuesAt(task, cell) {
  const values = {};
  for (const [name, table] of Object.entries(DATA.values)) values[name] = table[task][cell];
  return values;
}

function entryAt(task, cell, state) {
  const values = valuesAt(task, cell), { count, teacher_share: share } = state;
  const own = DATA.cells[cell].training[count], inference = values[`inference_${count}`];
  const teacher = share > 0 ? times(share, DATA.cells[cell].teacher[count]) : 0;
  const training = known(own) && known(teacher) ? own + teacher : null;
  return {
    task,
    cell,
    ...values,
    training,
    teacher,
    inference,
    lifetime: costOf(training, inference, "lifetime", state.queries),
    cost: costOf(training, inference, state.axis, state.queries),
    best: false,
  };
}

// Votes and budgets are for some tasks only.
function answersSo(entry) {
  return DATA.cells[entry.cell].serving === "single" || known(entry.accuracy) || known(entry.pass_at_k);
}

// A logarithmic axis cannot show 0.
function whyNotDrawn(entry, state) {
  if (!known(entry.accuracy)) return "no accuracy";
  if (!known(entry.cost)) return `${inSentence(axisTitle(state))} unknown`;
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
  const entries = chosenCells(state).map((cell) => entryAt(task, cell, state)).filter(answersSo);
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
  const teachers = DATA.cells.map((_, number) => number).filter((number) => DATA.cells[number].kind === "teacher" && DATA.cells[number].serving === "single");
  teachers.sort((one, other) => Number(DATA.cells[other].ratio) - Number(DATA.cells[one].ratio));
  const cell = teachers.find((number) => known(DATA.values.accuracy[task][number]));
  return cell === undefined ? null : { cell, ...valuesAt(task, cell) };
}
