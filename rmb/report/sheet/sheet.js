"use strict";
// One pair at a time; every text is shown as text, and labels are kept where the browser lets a page keep anything.
(() => {
  const { sheet, rows } = JSON.parse(document.getElementById("data").textContent);
  const one = (id) => document.getElementById(id);
  const words = ["A", "tie", "B"];
  const kept = `rmb-labels-${sheet}`;
  let keeping = true;
  let state = { name: "", labels: {} };
  let place = 0;

  function load() {
    try {
      const found = JSON.parse(localStorage.getItem(kept));
      if (found) state = { name: String(found.name), labels: { ...found.labels } };
    } catch {
      keeping = false;
    }
  }

  function keep() {
    try {
      localStorage.setItem(kept, JSON.stringify(state));
    } catch {
      keeping = false;
    }
  }

  function element(tag, name, text) {
    const made = document.createElement(tag);
    made.className = name;
    made.textContent = text;
    return made;
  }

  function turn([role, text]) {
    const made = element("div", "turn", "");
    const said = element("div", "text", text);
    said.dir = "auto";
    made.append(element("div", "role", role), said);
    return made;
  }

  function show(next) {
    place = Math.min(Math.max(next, 0), rows.length - 1);
    const row = rows[place];
    one("place").textContent = `Pair ${place + 1} of ${rows.length}`;
    one("conversation").replaceChildren(...row.turns.map(turn));
    one("text-a").textContent = row.A;
    one("text-b").textContent = row.B;
    for (const word of words) {
      one(`label-${word}`).setAttribute("aria-pressed", String(state.labels[row.id] === word));
    }
    one("back").disabled = place === 0;
    one("on").disabled = place === rows.length - 1;
    say("");
  }

  function say(what) {
    const done = rows.filter((row) => state.labels[row.id]).length;
    const unsafe = keeping ? "" : " This browser keeps nothing: save before you close the page.";
    one("status").textContent = `${done} of ${rows.length} labelled.${unsafe} ${what}`.trim();
  }

  function label(word) {
    if (word) state.labels[rows[place].id] = word;
    else delete state.labels[rows[place].id];
    keep();
    const ahead = rows.findIndex((row, at) => at > place && !state.labels[row.id]);
    show(word && ahead >= 0 ? ahead : place);
    window.scrollTo(0, 0);
  }

  function cell(text) {
    // A spreadsheet would take what begins so for a formula.
    const safe = /^\s*[=+\-@]/.test(text) ? `'${text}` : text;
    return `"${safe.replaceAll('"', '""')}"`;
  }

  function save() {
    const name = state.name.replace(/\s+/g, " ").trim();
    if (!name) {
      one("name").focus();
      say("Your name is missing.");
      return;
    }
    const lines = rows.map((row) => [row.id, state.labels[row.id] ?? "", name].map(cell).join(","));
    const text = ["id,label,annotator", ...lines, ""].join("\r\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    link.download = `labels-${name.replace(/[^\p{L}\p{N}-]+/gu, "_")}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    say(`Saved as ${link.download}.`);
  }

  const keys = {
    a: () => label("A"),
    b: () => label("B"),
    t: () => label("tie"),
    x: () => label(null),
    arrowleft: () => show(place - 1),
    arrowright: () => show(place + 1),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === one("name")) return;
    const act = Object.hasOwn(keys, event.key.toLowerCase()) ? keys[event.key.toLowerCase()] : null;
    if (act) {
      event.preventDefault();
      act();
    }
  });
  for (const word of words) one(`label-${word}`).addEventListener("click", () => label(word));
  one("back").addEventListener("click", () => show(place - 1));
  one("on").addEventListener("click", () => show(place + 1));
  one("save").addEventListener("click", save);
  one("name").addEventListener("input", (event) => {
    state.name = event.target.value;
    keep();
  });

  load();
  one("name").value = state.name;
  const first = rows.findIndex((row) => !state.labels[row.id]);
  show(first < 0 ? 0 : first);
})();
