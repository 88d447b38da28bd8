// The item browser put together: filters, list, open item, keys, and the address that tells the place.

class ItemBrowser {
  state = { ...NO_FILTERS };
  open = -1;
  closing = false;
  written = null;

  constructor(root, data) {
    this.data = data;
    this.notice = make("p", { class: "notice", role: "status", hidden: true });
    this.help = helpDialog();
    this.bar = filterBar(data, (state) => this.filter(state), this.help.open);
    this.list = itemList(data, (row) => this.goTo(row));
    this.panel = itemPanel(data, { close: () => this.leave(), step: (by) => this.step(by), address: () => this.address() });
    this.stage = make("div", { class: "stage" }, this.list.element, this.panel.element);
    root.replaceChildren(this.bar.element, this.notice, this.stage, this.help.element);
    listenToKeys(this.help, {
      step: (by) => this.step(by), search: () => this.search(),
      close: () => this.leave(),
    });
    for (const name of ["popstate", "hashchange"]) addEventListener(name, () => this.follow());
    this.show();
    this.follow();
  }

  address() {
    return addressOf(this.data, this.state, this.open);
  }

  tell(words) {
    this.notice.hidden = words === null;
    this.notice.replaceChildren(...(words === null ? [] : seen(words)));
  }

  // The list under the present filters, at the page of the open item if it has one.
  show() {
    const rows = passing(this.data, this.state);
    this.bar.show(this.state, rows.length);
    this.list.show(rows, 0);
    this.list.turnTo(this.open);
  }

  filter(state) {
    this.state = state;
    this.tell(null);
    this.show();
    this.note();
  }

  note() {
    this.written = this.address();
    noteAddress(this.written);
  }

  // Opens an item by the reader's own act: a step of its own if none was open.
  goTo(row) {
    const first = this.open < 0;
    this.tell(null);
    this.open = row;
    this.written = this.address();
    if (first) stepTo(this.written);
    else noteAddress(this.written);
    return this.draw();
  }

  async draw() {
    this.stage.classList.add("opened");
    this.bar.element.classList.add("aside");
    this.list.turnTo(this.open);
    this.list.mark(this.open);
    const drawn = this.panel.open(this.open);
    this.panel.heading().focus({ preventScroll: true });
    this.panel.element.scrollIntoView({ block: "start" });
    await drawn;
  }

  // The next item of those that pass, or the one before; from an item that does not pass, the nearest that way; with
  // none open, from the row that has the focus, or to the first of this page.
  step(by) {
    const rows = this.list.rows();
    const from = this.open >= 0 ? this.open : this.list.focused();
    const after = rows.findIndex((row) => row > from);
    const end = after < 0 ? rows.length : after;
    const back = rows[end - 1] === from ? end - 2 : end - 1;
    const row = from < 0 ? this.list.first() : rows[by > 0 ? end : back];
    if (row !== undefined) this.goTo(row);
  }

  // To the search field; where an open item stands in its place, that is closed first.
  search() {
    if (!this.bar.element.checkVisibility()) this.leave();
    this.bar.search.focus();
    this.bar.search.select();
  }

  shut() {
    const row = this.open;
    this.open = -1;
    this.stage.classList.remove("opened");
    this.bar.element.classList.remove("aside");
    this.panel.close();
    this.list.mark(-1);
    return row;
  }

  // Closes the item by the reader's own act. A step that opening made is taken back.
  leave() {
    if (this.open < 0) return;
    const target = this.list.buttonOf(this.shut()) ?? this.bar.search;
    target.focus();
    if (history.state?.opened) {
      this.closing = true;
      history.back();
    } else this.note();
  }

  // Follows the address: as the page loads, by Back and Forward, by a link, or typed.
  follow() {
    if (this.closing) {
      this.closing = false;
      this.written = this.address();
      writeOver(this.written);
      return;
    }
    if (location.hash === this.written) return;
    this.written = location.hash;
    const read = readAddress(this.data, location.hash);
    forgetAddress();
    if (read === null) {
      if (this.open >= 0) this.list.buttonOf(this.shut())?.focus({ preventScroll: true });
      return;
    }
    this.restore(read);
  }

  restore({ state, item, unknown }) {
    this.state = state;
    if (this.open >= 0 && item < 0) this.shut();
    this.open = item;
    this.show();
    this.tell(unknown.length ? `This report has nothing for this part of the address: ${unknown.join(", ").slice(0, 200)}` : null);
    if (item >= 0) this.draw();
    else document.getElementById("items")?.scrollIntoView();
  }
}

// Starts the browser if the page holds an index.
async function startBrowser() {
  const root = document.getElementById("browser");
  if (root === null || document.getElementById("index") === null) return;
  root.replaceChildren(make("p", { class: "quiet", role: "status" }, "Unpacking the items …"));
  let index;
  try {
    index = await unpack("index");
  } catch (error) {
    root.replaceChildren(make("p", { class: "notice bad", role: "alert" }, inline(error.message)));
    return;
  }
  new ItemBrowser(root, prepared(index));
}
