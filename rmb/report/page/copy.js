// Buttons that copy a text; where the browser refuses, the text is selected for Ctrl+C.

function copyButton(label, textOf, element) {
  const told = make("span", { class: "told quiet", role: "status" });
  const copy = async () => {
    told.textContent = "";
    try {
      await navigator.clipboard.writeText(textOf());
      told.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(element);
      told.textContent = "Selected: press Ctrl+C";
    }
  };
  return [button(label, copy), told];
}

// An argument as a shell takes it.
function quoted(text) {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
