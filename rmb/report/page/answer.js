// One answer of a judge: exactly what was asked, the raw reply, rewards, log-probabilities, and what it took.

const TOKENS_AT_ONCE = 40;

function percent(logProbability) {
  const share = 100 * Math.exp(logProbability);
  return `${share >= 99.95 || share === 0 ? share.toFixed(0) : share >= 9.95 ? share.toFixed(1) : share.toPrecision(2)} %`;
}

function signed(number) {
  return number.toFixed(2).replace("-", "−");
}

// A token in which white space can be seen as well.
function tokenText(token) {
  return inline(token.replaceAll("\n", "↵").replaceAll("\t", "⇥").replaceAll(" ", "␣"), { class: "token" });
}

function tokenRow([token, alternatives], place) {
  const own = alternatives.find(([text]) => text === token);
  const others = alternatives.filter((pair) => pair !== own).flatMap(([text, log]) =>
    make("span", { class: "alternative" }, tokenText(text), ` ${percent(log)} `, make("span", { class: "quiet" }, `(${signed(log)})`)));
  return make("tr", {}, make("td", { class: "number" }, numeral(place + 1)), make("th", { scope: "row" }, tokenText(token)),
    make("td", { class: "number" }, own ? percent(own[1]) : "–"), make("td", { class: "number" }, own ? signed(own[1]) : "–"),
    make("td", {}, others.length ? others : "–"));
}

function tokenTable(tokens) {
  const names = ["", "Token", "Probability", "Log", "Instead of it"];
  const body = make("tbody", {}, tokens.slice(0, TOKENS_AT_ONCE).map(tokenRow));
  const table = make("table", { class: "tokens" }, make("caption", {}, "Tokens and their probabilities"),
    make("thead", {}, make("tr", {}, names.map((name) => (name ? make("th", { scope: "col" }, name) : make("td"))))), body);
  const frame = make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Tokens and their probabilities" }, table);
  if (tokens.length <= TOKENS_AT_ONCE) return [frame];
  const more = button(`Show all ${numeral(tokens.length)} tokens`, () => {
    body.replaceChildren(...tokens.map(tokenRow));
    more.remove();
    frame.focus();
  });
  return [frame, more];
}

function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined);
  return make("dl", { class: "facts" }, known.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, typeof value === "string" ? inline(value) : value))));
}

function dollars(cost) {
  if (cost === null || cost === undefined) return null;
  return cost === 0 ? "$0" : `$${cost >= 0.01 ? cost.toFixed(4) : cost.toPrecision(2)}`;
}

function factsOf(answer) {
  const number = (value) => (typeof value === "number" ? numeral(value) : null);
  return facts([
    ["Model", answer.model], ["Finish reason", answer.finish],
    ["Tokens asked", number(answer.prompt_tokens)], ["Tokens answered", number(answer.completion_tokens)],
    ["Cost", dollars(answer.cost_usd)], ["Seconds", typeof answer.seconds === "number" ? answer.seconds.toFixed(2) : null],
    ["Rewards", answer.rewards === null ? null : answer.rewards.map(String).join(", ")],
  ]);
}

function message(texts, [role, pieces]) {
  const text = pieces.map((number) => texts[number]).join("");
  return make("div", { class: "message" }, make("p", { class: "role" }, inline(role)), textBlock(text));
}

function answerParts({ texts, messages }, answer) {
  if (answer.absent) return [make("p", { class: "notice" }, inline(answer.absent))];
  const asked = answer.asked.length
    ? answer.asked.map((number) => message(texts, messages[number]))
    : [make("p", { class: "quiet" }, "What was asked is not kept.")];
  const reply = answer.reply === null ? make("p", { class: "quiet" }, "No text came.") : textBlock(texts[answer.reply]);
  return [
    factsOf(answer), make("h6", {}, "Asked"), asked, make("h6", {}, "Raw reply"), reply,
    answer.tokens.length ? tokenTable(answer.tokens) : [],
  ].flat();
}

// The answer folded away; its parts are made when it is opened first.
function answerDetails(chunkRead, number, label) {
  const answer = chunkRead.answers[number];
  const hint = [answer.model, answer.finish].filter((text) => typeof text === "string");
  const summary = make("summary", {}, label, hint.length ? make("span", { class: "quiet" }, " · ", inline(hint.join(" · "))) : null);
  const details = make("details", { class: "answer" }, summary);
  const fill = () => {
    if (details.childElementCount === 1) details.append(...answerParts(chunkRead, answer));
  };
  // At the click, so that it is there when it opens; and where something else opens it.
  summary.addEventListener("click", fill);
  details.addEventListener("toggle", fill);
  return details;
}
