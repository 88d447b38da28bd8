// The place in the items, as the fragment of the address: `#items?set=bon&judge=gpt-4o&item=bon/3`.

const ITEMS = "#items";

// An address holds no lone surrogate: what would come back of this text.
function addressed(text) {
  return text.replace(/\p{Cs}/gu, "\ufffd");
}

function addressOf(data, state, item) {
  const { judges } = data;
  const told = new URLSearchParams();
  for (const name of ["goal", "scenario", "set", "outcome"]) if (state[name] !== null) told.set(name, state[name]);
  if (state.judge >= 0) told.set("judge", judges[state.judge]);
  if (state.differ) told.set("differ", "1");
  if (state.held) told.set("held", "1");
  if (state.flip !== null) {
    told.set("flip", state.flip);
    told.set("from", judges[state.from]);
    told.set("to", judges[state.to]);
  }
  if (state.q.trim()) told.set("q", state.q);
  if (item >= 0) told.set("item", data.ids[item]);
  const query = told.toString().replaceAll("%2F", "/");
  return query ? `${ITEMS}?${query}` : ITEMS;
}

// What a fragment says: the filters, the item or -1, and the parts of it that this report knows nothing of.
// null for the fragment of another place of the page.
function readAddress(data, fragment) {
  if (!fragment.startsWith(`${ITEMS}?`)) return null;
  const unknown = [];
  const state = { ...NO_FILTERS };
  let item = -1;
  for (const [name, value] of new URLSearchParams(fragment.slice(ITEMS.length + 1))) {
    const reader = READERS.get(name);
    const read = reader === undefined ? undefined : reader(data, value);
    if (read === undefined) unknown.push(`${name}=${value}`);
    else if (name === "item") item = read;
    else state[name] = read;
  }
  return { state: settled(data, state), item, unknown };
}

// A scenario brings its goal with it, and a flip is between two judges.
function settled(data, state) {
  if (state.scenario !== null) state.goal = state.scenario.split("/")[0];
  if (state.flip !== null && (data.judges.length < 2 || state.from === state.to)) state.flip = null;
  return state;
}

function oneOf(values) {
  return (data, value) => [...values(data)].find((known) => addressed(known) === value);
}

function placeIn(values) {
  return (data, value) => {
    const place = values(data).findIndex((known) => addressed(known) === value);
    return place < 0 ? undefined : place;
  };
}

// By name: the value that a part of the fragment stands for, undefined if it stands for none here.
const READERS = new Map([
  ["goal", oneOf((data) => data.goalNames)],
  ["scenario", oneOf((data) => new Set(data.scenarios.flatMap(withParents)))],
  ["set", oneOf(() => SETS.keys())],
  ["outcome", oneOf(() => OUTCOMES.keys())],
  ["judge", placeIn((data) => data.judges)],
  ["differ", (data, value) => (value === "1" ? true : undefined)],
  ["held", (data, value) => (value === "1" ? true : undefined)],
  ["flip", oneOf(() => FLIPS)],
  ["from", placeIn((data) => data.judges)],
  ["to", placeIn((data) => data.judges)],
  ["q", (data, value) => value],
  ["item", placeIn((data) => data.ids)],
]);

// "a/b/c" gives "a/b" and "a/b/c"; a goal by itself is no scenario unless it has no parts.
function withParents(path) {
  const parts = path.split("/");
  if (parts.length === 1) return [path];
  return parts.slice(1).map((_, place) => parts.slice(0, place + 2).join("/"));
}

const PAUSE = 300;
let waiting = 0;

function forgetAddress() {
  clearTimeout(waiting);
}

// Writes the address over the present one at once.
function writeOver(address) {
  clearTimeout(waiting);
  history.replaceState(null, "", address);
}

// Writes the address over the present one; after a pause, since Safari refuses a hundred within half a minute.
function noteAddress(address) {
  clearTimeout(waiting);
  waiting = setTimeout(() => history.replaceState(history.state, "", address), PAUSE);
}

// Writes the address as a new step, so that Back leads away from it.
function stepTo(address) {
  clearTimeout(waiting);
  history.pushState({ opened: true }, "", address);
}
