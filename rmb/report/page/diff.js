// Which words stand in only one of two texts: the longest common sequence of their words, in bounded time.

// Cells of the table that is filled; 25 million take about a tenth of a second and 50 MB. No side can then be longer
// than the 65,535 that a cell counts to, unless the other one is shorter.
const MOST_CELLS = 25_000_000;
// Characters of scripts that write no spaces are words of their own; so is each sign.
const UNSPACED = "\\p{Script=Han}|\\p{Script=Hiragana}|\\p{Script=Katakana}|\\p{Script=Thai}";
const TOKEN = new RegExp(`\\s+|${UNSPACED}|(?:(?!${UNSPACED})[\\p{L}\\p{N}\\p{M}_])+(?:['’][\\p{L}\\p{M}]+)*|[^\\s]`, "gu");

// Numbers for texts: equal ones for equal texts, in both lists.
function numbered(left, right) {
  const numbers = new Map();
  const numberOf = (text) => {
    if (!numbers.has(text)) numbers.set(text, numbers.size);
    return numbers.get(text);
  };
  return [Int32Array.from(left, numberOf), Int32Array.from(right, numberOf)];
}

// Lengths of the longest common sequences of all ends of two lists: of left[i:] and right[j:] at i * (m + 1) + j.
function commonLengths(left, right) {
  const n = left.length;
  const width = right.length + 1;
  const lengths = new Uint16Array((n + 1) * width);
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let j = width - 2; j >= 0; j -= 1) {
      const here = i * width + j;
      const below = here + width;
      lengths[here] = left[i] === right[j] ? lengths[below + 1] + 1 : Math.max(lengths[below], lengths[here + 1]);
    }
  }
  return lengths;
}

// For each place of the left list the place of the right one that it is matched with, or -1; null if it would take too long.
function matched(leftTexts, rightTexts) {
  const [left, right] = numbered(leftTexts, rightTexts);
  const partner = new Int32Array(left.length).fill(-1);
  let [start, n, m] = [0, left.length, right.length];
  while (start < n && start < m && left[start] === right[start]) { partner[start] = start; start += 1; }
  while (n > start && m > start && left[n - 1] === right[m - 1]) { n -= 1; m -= 1; partner[n] = m; }
  if ((n - start) * (m - start) > MOST_CELLS) return null;
  if (n === start || m === start) return partner;
  const lengths = commonLengths(left.subarray(start, n), right.subarray(start, m));
  const width = m - start + 1;
  for (let i = start, j = start; i < n && j < m;) {
    const here = (i - start) * width + (j - start);
    if (left[i] === right[j]) { partner[i] = j; i += 1; j += 1; }
    else if (lengths[here + width] >= lengths[here + 1]) i += 1;
    else j += 1;
  }
  return partner;
}

// A text as words, and the white space before each; after the last word stands an empty one.
function worded(text) {
  const [words, spaces] = [[], [""]];
  for (const [token] of text.matchAll(TOKEN)) {
    if (/^\s/.test(token)) spaces[words.length] = token;
    else { words.push(token); spaces.push(""); }
  }
  return { words, spaces };
}

// A text as pieces, [text, true if only here]: its words that have no partner, and white space that differs between
// words whose partners are neighbours as well.
function markedWords({ words, spaces }, partner, other) {
  const pieces = [];
  const add = (text, only) => {
    if (text === "") return;
    if (pieces.length > 0 && pieces.at(-1)[1] === only) pieces.at(-1)[0] += text;
    else pieces.push([text, only]);
  };
  const at = (place) => (place < 0 ? -1 : place < words.length ? partner[place] : other.words.length);
  for (let place = 0; place <= words.length; place += 1) {
    const [before, here] = [at(place - 1), at(place)];
    const between = place > 0 && before < 0 && here < 0;
    const neighbours = (place === 0 || before >= 0) && here === before + 1;
    add(spaces[place], between || (neighbours && spaces[place] !== other.spaces[here]));
    if (place < words.length) add(words[place], here < 0);
  }
  return pieces;
}

function inverse(partner, length) {
  const back = new Int32Array(length).fill(-1);
  partner.forEach((place, from) => { if (place >= 0) back[place] = from; });
  return back;
}

function lines(text) {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function markedLines(texts, partner) {
  return texts.map((text, place) => [text, partner[place] < 0]);
}

// Two texts as pieces, [text, true if only here]: by "words", by "lines" where words would take too long, or by
// nothing (null) where lines would too.
function compared(left, right) {
  const [a, b] = [worded(left), worded(right)];
  const partner = matched(a.words, b.words);
  if (partner !== null) {
    const back = inverse(partner, b.words.length);
    return { by: "words", left: markedWords(a, partner, b), right: markedWords(b, back, a) };
  }
  const [c, d] = [lines(left), lines(right)];
  const same = matched(c, d);
  if (same === null) return { by: null, left: [[left, false]], right: [[right, false]] };
  return { by: "lines", left: markedLines(c, same), right: markedLines(d, inverse(same, d.length)) };
}
