// One item opened: its conversation, the responses, and what every judge said of it.

function conversationPart(texts, item) {
  const turns = item.turns.map(([role, text]) => message(texts, [role, [text]]));
  return make("section", { class: "part" }, make("h4", {}, "Conversation"), turns.length ? turns : make("p", { class: "quiet" }, "(empty)"));
}

function judgesPart(data, row, chunkRead, item) {
  return make("section", { class: "part" }, make("h4", {}, data.judges.length === 1 ? "The judge" : "The judges"),
    judgeParts(data, row, chunkRead, item));
}

function itemTools(data, row, addressNow) {
  const command = `rmb show … --item ${quoted(data.ids[row])}`;
  const code = make("code", { class: "command" }, inline(command));
  const link = make("a", { class: "address", href: addressNow() }, "Link to this item");
  return make("div", { class: "tools" }, link, copyButton("Copy link", () => new URL(addressNow(), location.href).href, link),
    make("span", { class: "command" }, code, copyButton("Copy", () => command, code)));
}

function itemTitle(data, row) {
  const heading = make("h3", { tabindex: "-1", id: "item-title" }, inline(data.ids[row]));
  const about = [inline(data.scenarios[data.scenario[row]].split("/").join(" / ")), ` · ${SET_WORDS[data.sets[row]] ?? "?"}`];
  return [heading, make("p", { class: "quiet about" }, about)];
}

// What stands in the place of the texts of an item that this file does not hold.
function absentPart(data, row) {
  const told = data.judges.map((label, judge) => make("li", {}, inline(label), " ", outcomeMark(data.outcomes[judge][row])));
  return [
    make("p", { class: "notice" }, inline(data.absent ?? "The texts of this item are not in this file.")),
    make("ul", { class: "outcomes" }, told),
  ];
}

async function itemParts(data, row) {
  if (data.chunk[row] < 0) return absentPart(data, row);
  const read = await chunk(data.chunk[row]);
  const item = read.items[data.place[row]];
  if (item === undefined) throw new Error(`The part “chunk-${data.chunk[row]}” of this file does not hold this item.`);
  return [conversationPart(read.texts, item), responsesPart(read.texts, item), judgesPart(data, row, read, item)];
}

// The panel of the open item: `element`, `open(row)` (resolves when it is drawn), and `close()`.
// acts: close, step (by -1 or 1), address (of this place).
function itemPanel(data, acts) {
  const [title, body] = [make("div", { class: "title" }), make("div", { class: "body" })];
  const moves = make("div", { class: "moves" }, button("← Back to the list", acts.close, { class: "back" }),
    button("Previous", () => acts.step(-1)), button("Next", () => acts.step(1)));
  const element = make("section", { class: "item", "aria-labelledby": "item-title", hidden: true }, moves, title, body);
  let current = -1;
  const open = async (row) => {
    current = row;
    title.replaceChildren(...itemTitle(data, row), itemTools(data, row, acts.address));
    body.replaceChildren(make("p", { class: "quiet" }, "Unpacking …"));
    element.hidden = false;
    let parts;
    try {
      parts = await itemParts(data, row);
    } catch (error) {
      parts = [make("p", { class: "notice bad", role: "alert" }, inline(error.message))];
    }
    if (current === row) body.replaceChildren(...parts);
  };
  const close = () => {
    current = -1;
    element.hidden = true;
    body.replaceChildren();
  };
  return { element, open, close, heading: () => title.querySelector("h3") };
}
