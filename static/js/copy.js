/**
 * Copy buttons: `data-copy` names what is copied, by a selector looked up from the button's nearest holder,
 * or is empty for the code block or answer around it.
 */

const SHOWN = 1_600;

/** @param {HTMLElement} button */
function textFor(button) {
  const selector = button.dataset.copy;
  if (selector?.startsWith("#")) return document.querySelector(selector)?.textContent;
  const code = button.closest(".code");
  if (code) return code.querySelector("pre")?.textContent;
  const body = /** @type {HTMLElement | null | undefined} */ (button.closest(".message")?.querySelector(".message__body"));
  return body ? [...body.children].filter(isAnswer).map(readable).join("\n\n") || body.innerText : null;
}

/** @param {Element} part */
function isAnswer(part) {
  return !part.matches(".thinking, .message__notice");
}

/** @param {Element} part */
function readable(part) {
  return part instanceof HTMLElement ? part.innerText.trim() : "";
}

/** @param {string} text */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // plain http has no clipboard interface
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("The browser did not copy.");
}

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  if (!(button instanceof HTMLElement)) return;
  const text = textFor(button);
  if (text == null) return;
  const result = await copy(text).then(
    () => "copied",
    () => "failed",
  );
  button.focus();
  button.dataset.result = result;
  const announcer = document.getElementById("announcer");
  if (announcer) announcer.textContent = result === "copied" ? "Copied." : "Copying failed. Select the text and copy it.";
  setTimeout(() => delete button.dataset.result, SHOWN);
});
