// The keys of the item browser, and the list of them.

const KEYS = [
  ["j", "the next item"], ["k", "the item before"], ["/", "to the search"],
  ["Enter", "opens the item whose button is focused"], ["Esc", "closes the item, or leaves the search"], ["?", "this list"],
];

function helpDialog() {
  const on = make("input", { type: "checkbox", id: "keys-on" });
  on.checked = true;
  const lines = KEYS.map(([key, what]) => make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, what)));
  const element = make("dialog", { class: "keys", "aria-labelledby": "keys-title" },
    make("h3", { id: "keys-title" }, "Keys"), make("dl", {}, lines),
    make("p", {}, on, make("label", { for: "keys-on" }, " Single letters are keys")), button("Close", () => element.close()));
  return { element, open: () => element.showModal(), on: () => on.checked };
}

function typing(target) {
  return target instanceof Element && target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]") !== null;
}

// acts: step (by -1 or 1), search, close.
function listenToKeys(help, acts) {
  const letters = { j: () => acts.step(1), k: () => acts.step(-1), "/": acts.search, "?": help.open };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.element.open) return;
    if (event.key === "Escape") {
      if (typing(event.target)) {
        event.preventDefault(); // a search field would be emptied
        event.target.blur();
      } else acts.close();
      return;
    }
    if (typing(event.target) || !help.on() || !Object.hasOwn(letters, event.key)) return;
    event.preventDefault();
    letters[event.key]();
  });
}
