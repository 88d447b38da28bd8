// Elements, and texts of others in them: whatever a text holds is shown as text, and what cannot be seen is named.

const LONGEST_AT_ONCE = 20_000;
const LONGEST_INLINE = 2_000;
const MOST_SPANS = 1_000;
// Controls but for tab and newline, marks of direction, the byte order mark, lone surrogates, and invisible tags.
const UNSEEN = /([\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\p{Cs}\u{e0000}-\u{e007f}])\1*/gu;

// An element with attributes (null and false leave one out, true is an empty one) and children: strings, elements, lists.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null));
  return element;
}

// Puts nodes and strings into an element one by one: there may be more of them than a call takes arguments.
function put(element, nodes) {
  for (const node of nodes) element.append(node);
  return element;
}

function button(label, onclick, attributes = {}) {
  return make("button", { type: "button", onclick, ...attributes }, label);
}

function numeral(number) {
  return number.toLocaleString("en");
}

// Characters as Python counts them: those of two units are one.
function characters(text) {
  return text.length - (text.match(/[\u{10000}-\u{10ffff}]/gu)?.length ?? 0);
}

function counted(number, noun) {
  return `${numeral(number)} ${noun}${number === 1 ? "" : "s"}`;
}

// The picture of a control, "␀", or the number of another character that cannot be seen, "U+202E".
function named(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? "␡" : codeOf(character);
}

function codeOf(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

// A text as one string in which nothing is unseen: for places that hold no elements, as options do.
function plainly(text) {
  return text.replace(UNSEEN, (run, first) => [...run].map(() => named(first)).join(""));
}

// A text as nodes: what cannot be seen is named in a span, a run of the same once with its length. After so many
// spans it is named without one: half a million of them would stop the browser for minutes.
function* seen(text) {
  let [done, spans] = [0, 0];
  for (const found of text.matchAll(UNSEEN)) {
    if (spans === MOST_SPANS) break;
    spans += 1;
    if (found.index > done) yield text.slice(done, found.index);
    const times = found[0].length / found[1].length;
    const label = named(found[1]) + (times > 1 ? `×${numeral(times)}` : "");
    yield make("span", { class: "control", dir: "ltr", title: `${codeOf(found[1])}, which cannot be seen` }, label);
    done = found.index + found[0].length;
  }
  if (done < text.length) yield spans === MOST_SPANS ? plainly(text.slice(done)) : text.slice(done);
}

// The beginning of a text that should be short, and how long it is if it is not.
function shortened(text, limit) {
  return text.length <= limit ? text : `${text.slice(0, cutAt(text, limit))}… (${counted(characters(text), "character")})`;
}

// A short text among others: its direction stays its own.
function inline(text, attributes = {}) {
  return put(make("bdi", attributes), seen(shortened(text, LONGEST_INLINE)));
}

// Where a text may be cut for this room: after a line if there is one, and never within a character of two units.
function cutAt(text, room) {
  const line = text.lastIndexOf("\n", room - 1) + 1;
  if (line > room / 2) return line;
  return /[\ud800-\udbff]/.test(text[room - 1] ?? "") ? room + 1 : room;
}

// The pieces of a text in portions that are quickly drawn.
function* portions(pieces) {
  let [portion, room] = [[], LONGEST_AT_ONCE];
  for (const [text, mark] of pieces) {
    let rest = text;
    while (rest.length > room) {
      const end = cutAt(rest, room);
      yield [...portion, [rest.slice(0, end), mark]];
      [portion, room, rest] = [[], LONGEST_AT_ONCE, rest.slice(end)];
    }
    portion.push([rest, mark]);
    room -= rest.length;
  }
  yield portion;
}

function* drawn(pieces) {
  for (const [text, mark] of pieces) {
    if (mark) yield put(make("mark", { class: mark }), seen(text));
    else yield* seen(text);
  }
}

// A text of any length in a block; of a long one the beginning, and a button for the rest.
// pieces: [text, class of its mark or null], to be read one after the other.
function block(pieces, attributes = {}) {
  const whole = pieces.map(([text]) => text).join("");
  const body = make("div", { class: "text", dir: "auto", ...attributes });
  if (whole === "") body.append(make("span", { class: "quiet" }, "(empty)"));
  if (whole.length <= LONGEST_AT_ONCE) return put(body, drawn(pieces));
  const [first, ...others] = portions(pieces);
  put(body, drawn(first)).append("…");
  const more = button(`Show all (${counted(characters(whole), "character")})`, () => {
    body.replaceChildren(...[first, ...others].map((one) => put(make("div", { class: "portion" }), drawn(one))));
    body.tabIndex = -1;
    body.focus();
    more.remove();
  });
  return make("div", { class: "long" }, body, more);
}

function textBlock(text) {
  return block([[text, null]]);
}
