// Which items are shown: the index made ready once, and the rows that pass the filters.

const SETS = new Map([["pairwise", "p"], ["bon", "b"]]);
const SET_WORDS = { p: "pair", b: "best-of-N" };
const OUTCOMES = new Map([["right", "r"], ["wrong", "w"], ["inconsistent", "i"], ["failed", "f"], ["missing", "m"]]);
const FLIPS = ["right-wrong", "wrong-right"];
const NO_FILTERS = Object.freeze(
  { goal: null, scenario: null, set: null, outcome: null, judge: -1, differ: false, held: false, flip: null, from: 0, to: 1, q: "" },
);
// Outcomes of a judge that gave an answer which was not right. Nothing is known of a missing one.
const NOT_RIGHT = "wif";

// The columns of the index, with what is needed to filter them without looking at each text again.
function prepared(index) {
  const { judges, scenarios, openings, items } = index;
  const goals = scenarios.map((path) => path.split("/")[0]);
  return {
    judges, scenarios, openings, goals, absent: index.absent, count: items.id.length, ids: items.id, sets: items.set,
    scenario: Int32Array.from(items.scenario), opening: Int32Array.from(items.opening),
    chunk: Int32Array.from(items.chunk), place: Int32Array.from(items.place), outcomes: items.outcome,
    goalNames: [...new Set(goals)],
    lowerIds: items.id.map((text) => text.toLowerCase()),
    lowerScenarios: scenarios.map((text) => text.toLowerCase()),
    lowerOpenings: openings.map((text) => text.toLowerCase()),
  };
}

function within(path, scenario) {
  return path === scenario || path.startsWith(`${scenario}/`);
}

// One byte a scenario: 1 if the goal and the scenario chosen let it pass.
function scenariosPassing(data, { goal, scenario }) {
  return Uint8Array.from(data.scenarios, (path, place) =>
    (goal === null || data.goals[place] === goal) && (scenario === null || within(path, scenario)));
}

// A test of a row for one word: in its id, its scenario, or the first words of its conversation.
function holding(data, word) {
  const scenarios = Uint8Array.from(data.lowerScenarios, (text) => text.includes(word));
  const openings = Uint8Array.from(data.lowerOpenings, (text) => text.includes(word));
  return (row) => openings[data.opening[row]] === 1 || scenarios[data.scenario[row]] === 1 || data.lowerIds[row].includes(word);
}

// The tests that a state asks for, the cheapest first.
function* tests(data, state) {
  if (state.goal !== null || state.scenario !== null) {
    const passing = scenariosPassing(data, state);
    yield (row) => passing[data.scenario[row]] === 1;
  }
  if (state.set !== null) yield (row) => data.sets[row] === SETS.get(state.set);
  if (state.judge >= 0 || state.outcome !== null) yield judged(data, state);
  if (state.differ) yield (row) => data.outcomes.some((told) => told[row] === "r") && data.outcomes.some((told) => NOT_RIGHT.includes(told[row]));
  if (state.held) yield (row) => data.chunk[row] >= 0;
  if (state.flip !== null) yield flipped(data, state);
  for (const word of state.q.toLowerCase().split(/\s+/).filter(Boolean)) yield holding(data, word);
}

// Items with this outcome of the judge, or of any; without an outcome, those that the judge was given.
function judged(data, { judge, outcome }) {
  const letter = OUTCOMES.get(outcome);
  const told = judge < 0 ? data.outcomes : [data.outcomes[judge]];
  return (row) => told.some((letters) => (letter === undefined ? letters[row] !== "-" : letters[row] === letter));
}

function flipped(data, { flip, from, to }) {
  const [right, wrong] = flip === FLIPS[0] ? [from, to] : [to, from];
  return (row) => data.outcomes[right][row] === "r" && NOT_RIGHT.includes(data.outcomes[wrong][row]);
}

// Numbers of the rows that pass, in the order of the benchmark.
function passing(data, state) {
  const rows = new Int32Array(data.count);
  const asked = [...tests(data, state)];
  let found = 0;
  for (let row = 0; row < data.count; row += 1) {
    if (asked.every((test) => test(row))) rows[found++] = row;
  }
  return rows.subarray(0, found);
}
