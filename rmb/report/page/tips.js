// A tooltip for whatever carries data-tip, in drawings as well: under the pointer, on focus, at a tap; Esc hides it.

const GAP = 8;

function tooltip() {
  const tip = make("div", { class: "tip", id: "tip", role: "tooltip", hidden: true });
  document.body.append(tip);
  let [of, later] = [null, 0];
  const hide = () => {
    clearTimeout(later);
    of?.removeAttribute("aria-describedby");
    of = null;
    tip.hidden = true;
  };
  const show = (target) => {
    clearTimeout(later);
    if (target === of) return;
    hide();
    of = target;
    tip.replaceChildren(...seen(target.dataset.tip));
    tip.hidden = false;
    target.setAttribute("aria-describedby", "tip");
    placeBeside(tip, target.getBoundingClientRect());
  };
  const over = ({ target }) => {
    const found = target instanceof Element ? target.closest("[data-tip]") : null;
    if (found !== null) show(found);
    else if (target instanceof Element && target.closest("#tip") !== null) clearTimeout(later);
    else if (of !== null) later = setTimeout(hide, 150);
  };
  for (const name of ["pointerover", "pointerdown", "focusin"]) document.addEventListener(name, over);
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("scroll", hide, { passive: true, capture: true });
}

// Above a rectangle, or below it where there is no room; within the window.
function placeBeside(tip, { left, top, bottom, width }) {
  const [wide, high] = [tip.offsetWidth, tip.offsetHeight];
  const x = Math.min(Math.max(left + width / 2 - wide / 2, GAP), document.documentElement.clientWidth - wide - GAP);
  const y = top - high - GAP >= 0 ? top - high - GAP : bottom + GAP;
  tip.style.left = `${Math.round(Math.max(x, 0))}px`;
  tip.style.top = `${Math.round(y)}px`;
}
