// Light or dark: as the system has it until the button is used; then as chosen, remembered where the browser lets us.

const REMEMBERED = "rmb-theme";

// Files from disk may be refused a memory; then the choice holds for this page alone.
function remembered(choice) {
  try {
    if (choice === undefined) return localStorage.getItem(REMEMBERED);
    localStorage.setItem(REMEMBERED, choice);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
  return null;
}

function themeButton() {
  const control = document.getElementById("theme");
  if (control === null) return;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const label = () => {
    control.textContent = dark() ? "Light" : "Dark";
    control.setAttribute("aria-label", dark() ? "Light colours" : "Dark colours");
  };
  const before = remembered();
  if (before === "dark" || before === "light") root.dataset.theme = before;
  control.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    remembered(root.dataset.theme);
    label();
  });
  system.addEventListener("change", label);
  label();
}
