/** What one can do with a code block beside copying it: break its long lines, save it as a file. */

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-wrap], [data-save]") : null;
  const code = button?.closest("figure.code");
  if (!(button instanceof HTMLElement) || !code) return;
  if (button.hasAttribute("data-wrap")) button.setAttribute("aria-pressed", String(code.toggleAttribute("data-wrapped")));
  else save(code.querySelector("pre")?.textContent ?? "", button.dataset.save || "code.txt");
});

/**
 * @param {string} text
 * @param {string} name
 */
function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
