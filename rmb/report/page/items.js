// The list of items: a table of one page at a time.

const ROWS_A_PAGE = 50;
const TOLD = {
  r: ["✓", "right"], w: ["✗", "wrong"], i: ["⇄", "inconsistent"], f: ["!", "failed"], m: ["…", "missing"], "-": ["–", "not judged"],
};

// An outcome as a symbol and a word; its colour comes from its class and says nothing that these do not.
function outcomeMark(letter) {
  const [symbol, word] = TOLD[letter] ?? ["?", "unknown"];
  return make("span", { class: `mark ${word.replace(" ", "-")}` }, make("span", { class: "symbol", "aria-hidden": "true" }, symbol), " ", make("span", { class: "word" }, word));
}

function header(data) {
  const named = ["Item", "Set", "Scenario", "Opening"].map((name) => make("th", { scope: "col", role: "columnheader" }, name));
  const judges = data.judges.map((label) => make("th", { scope: "col", role: "columnheader", class: "judge" }, inline(label)));
  return make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, named, judges));
}

function scenarioCell(data, row) {
  const [goal, ...parts] = data.scenarios[data.scenario[row]].split("/");
  if (parts.length === 0) return [inline(goal)];
  return [inline(parts.join(" / ")), make("span", { class: "quiet goal" }, inline(goal))];
}

function openingCell(data, row) {
  const place = data.opening[row];
  return place < 0 ? make("span", { class: "quiet" }, "not known") : inline(data.openings[place]);
}

function tableRow(data, row, onOpen) {
  const cell = (name, ...children) => make("td", { role: "cell", class: name }, children);
  const judged = data.judges.map((label, judge) =>
    cell("judge", make("span", { class: "of" }, inline(label)), outcomeMark(data.outcomes[judge][row])));
  const link = button("", () => onOpen(row), { class: "id" });
  link.append(inline(data.ids[row]));
  const line = make("tr", { role: "row", onclick: (event) => { if (!event.target.closest("button")) onOpen(row); } },
    make("th", { scope: "row", role: "rowheader", class: "name" }, link),
    cell("set", SET_WORDS[data.sets[row]] ?? "?"),
    cell("scenario", scenarioCell(data, row)), cell("opening", openingCell(data, row)), judged);
  line.dataset.row = row;
  line.classList.toggle("bare", data.chunk[row] < 0);
  return line;
}

// Rows become cards where the columns have no room. What is measured has no height, so that this cannot change it.
function cardsWhereNarrow(table, judges) {
  const ruler = make("div");
  const needed = 540 + 110 * judges;
  new ResizeObserver(([{ contentRect }]) => table.classList.toggle("cards", contentRect.width < needed)).observe(ruler);
  return ruler;
}

// The list: its element, `show(rows, page)`, `mark(row)` for the open item (-1 for none), and `buttonOf(row)`.
function itemList(data, onOpen) {
  const body = make("tbody", { role: "rowgroup" });
  const caption = make("caption", { class: "unseen" });
  const table = make("table", { role: "table", class: "list" }, caption, header(data), body);
  const nothing = make("p", { class: "nothing" }, "No item passes these filters.");
  const turn = (by) => () => { show(rows, page + by); table.scrollIntoView({ block: "nearest" }); };
  const [back, forth] = [button("← Previous", turn(-1)), button("Next →", turn(1))];
  const where = make("span", { class: "where", role: "status" });
  const pages = make("nav", { class: "pages", "aria-label": "Pages of items" }, back, where, forth);
  const element = make("div", { class: "items" }, cardsWhereNarrow(table, data.judges.length), table, nothing, pages);
  let [rows, page, open] = [new Int32Array(0), 0, -1];

  const show = (found, at) => {
    const last = Math.max(0, Math.ceil(found.length / ROWS_A_PAGE) - 1);
    [rows, page] = [found, Math.min(Math.max(at, 0), last)];
    const shown = rows.subarray(page * ROWS_A_PAGE, (page + 1) * ROWS_A_PAGE);
    body.replaceChildren(...Array.from(shown, (row) => tableRow(data, row, onOpen)));
    const words = `${numeral(page * ROWS_A_PAGE + 1)}–${numeral(page * ROWS_A_PAGE + shown.length)} of ${numeral(rows.length)}`;
    where.textContent = words;
    caption.textContent = `Items ${words}; the button in the first column opens one`;
    [back.disabled, forth.disabled] = [page === 0, page === last];
    [table.hidden, nothing.hidden, pages.hidden] = [shown.length === 0, shown.length > 0, last === 0];
    mark(open);
  };
  const lineOf = (row) => body.querySelector(`tr[data-row="${row}"]`);
  const mark = (row) => {
    open = row;
    for (const line of body.querySelectorAll("[aria-current]")) line.removeAttribute("aria-current");
    const line = lineOf(row);
    line?.setAttribute("aria-current", "true");
    // Within the list alone: the window stays where it is.
    if (line) element.scrollTop = line.offsetTop - element.clientHeight / 2;
  };
  const turnTo = (row) => {
    const place = rows.indexOf(row);
    if (place >= 0 && Math.floor(place / ROWS_A_PAGE) !== page) show(rows, Math.floor(place / ROWS_A_PAGE));
  };
  return {
    element, show, turnTo, mark, rows: () => rows, first: () => rows[page * ROWS_A_PAGE],
    buttonOf: (row) => lineOf(row)?.querySelector("button") ?? null,
    focused: () => Number(document.activeElement?.closest("#browser tr[data-row]")?.dataset.row ?? -1),
  };
}
