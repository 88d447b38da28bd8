// The bar of filters above the list: a search, a few choices, how many items pass, and a button that clears all.

const LONGEST_OPTION = 120;
const DEFAULTS = [["", "all"]];

// An option's text, kept from turning its neighbours round.
function choice(value, label) {
  return make("option", { value }, `\u2068${plainly(shortened(label, LONGEST_OPTION))}\u2069`);
}

function select(name, label, options, attributes = {}) {
  const field = make("select", { name, id: `filter-${name}`, ...attributes }, options.map(([value, text]) => choice(value, text)));
  return { field, element: make("div", { class: "field" }, make("label", { for: field.id }, label), field) };
}

function checkbox(name, label) {
  const field = make("input", { type: "checkbox", name, id: `filter-${name}` });
  return { field, element: make("div", { class: "field tick" }, field, make("label", { for: field.id }, label)) };
}

function searchField() {
  const field = make("input", { type: "search", name: "q", id: "filter-q", autocomplete: "off", spellcheck: "false" });
  field.placeholder = "words of id, scenario or opening";
  return { field, element: make("div", { class: "field search" }, make("label", { for: field.id }, "Search"), field) };
}

// Scenarios of a goal, or all: each after those that it is a part of, by what follows the goal.
function scenarioOptions(data, goal) {
  const paths = data.scenarios.filter((_, place) => goal === null || data.goals[place] === goal);
  const known = [...new Set(paths.flatMap(withParents))].sort();
  return known.map((path) => [path, goal === null || path === goal ? path : path.slice(goal.length + 1)]);
}

function fieldsOf(data) {
  const judges = data.judges.map((label, place) => [String(place), label]);
  const some = data.judges.length > 1;
  // Where some items are here in full and some are not.
  const partly = data.chunk.some((chunk) => chunk >= 0) && data.chunk.some((chunk) => chunk < 0);
  const fields = {
    q: searchField(),
    goal: select("goal", "Goal", [...DEFAULTS, ...data.goalNames.map((name) => [name, name])]),
    scenario: select("scenario", "Scenario", DEFAULTS),
    set: select("set", "Set", [...DEFAULTS, ["pairwise", "pairs"], ["bon", "best-of-N"]]),
    outcome: select("outcome", "Outcome", [["", "any"], ...[...OUTCOMES.keys()].map((name) => [name, name])]),
    judge: select("judge", "of judge", [["-1", "any judge"], ...judges]),
  };
  if (partly) fields.held = checkbox("held", "In full in this file");
  if (!some) return fields;
  return {
    ...fields,
    flip: select("flip", "Flips", [["", "–"], [FLIPS[0], "right → wrong"], [FLIPS[1], "wrong → right"]]),
    from: select("from", "from judge", judges),
    to: select("to", "to judge", judges),
    differ: checkbox("differ", "Judges disagree"),
  };
}

// What the fields say, as a state. Two judges that are the same one become two again: the other one gives way.
function stateOf(fields, data, before) {
  const of = (name) => fields[name]?.field.value || null;
  const number = (name, otherwise) => Number(fields[name]?.field.value ?? otherwise);
  const state = {
    goal: of("goal"), scenario: of("scenario"), set: of("set"), outcome: of("outcome"), judge: number("judge", -1),
    differ: fields.differ?.field.checked ?? false, held: fields.held?.field.checked ?? false, flip: of("flip"), from: number("from", 0), to: number("to", 1),
    q: fields.q.field.value,
  };
  if (state.goal !== before.goal && !(state.goal !== null && within(state.goal, state.scenario ?? ""))) state.scenario = null;
  if (state.from === state.to) {
    if (state.from === before.from) state.from = before.to;
    else state.to = before.from;
  }
  return settled(data, state);
}

function fill(fields, data, state) {
  const { field: scenario } = fields.scenario;
  if (scenario.dataset.goal !== JSON.stringify(state.goal)) {
    scenario.dataset.goal = JSON.stringify(state.goal);
    scenario.replaceChildren(...[...DEFAULTS, ...scenarioOptions(data, state.goal)].map(([value, text]) => choice(value, text)));
  }
  for (const [name, { field }] of Object.entries(fields)) {
    const value = state[name];
    if (field.type === "checkbox") field.checked = value;
    else if (field.value !== String(value ?? "")) field.value = String(value ?? "");
  }
  fields.flip?.element.classList.toggle("begins", state.flip !== null);
  for (const name of ["from", "to"]) if (fields[name]) fields[name].element.hidden = state.flip === null;
}

// The bar: its element, the search field, and `show(state, found)`. onChange gets each new state, onHelp shows the keys.
function filterBar(data, onChange, onHelp) {
  const fields = fieldsOf(data);
  const { differ, held, ...rest } = fields;
  let state = { ...NO_FILTERS };
  const changed = () => onChange(stateOf(fields, data, state));
  const count = make("p", { class: "count", role: "status", "aria-live": "polite" });
  const clear = button("Clear all", () => { onChange({ ...NO_FILTERS }); fields.q.field.focus(); });
  const element = make("form", { class: "bar", role: "search", "aria-label": "Filter the items", oninput: changed },
    make("div", { class: "fields" }, Object.values(rest).map((one) => one.element)),
    make("div", { class: "found" }, count, differ?.element ?? null, held?.element ?? null,
      make("div", { class: "end" }, clear, button("Keys", onHelp, { class: "plain", "aria-haspopup": "dialog" }))));
  element.addEventListener("submit", (event) => event.preventDefault());
  const show = (now, found) => {
    state = now;
    fill(fields, data, state);
    const all = `${numeral(data.count)} item${data.count === 1 ? "" : "s"}`;
    count.textContent = found === data.count ? all : `${numeral(found)} of ${all}`;
    clear.disabled = JSON.stringify(state) === JSON.stringify(NO_FILTERS);
  };
  return { element, search: fields.q.field, show };
}
