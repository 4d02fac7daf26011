/** A message that was taken back goes where one can write it anew. Knows the button; the composer does the rest. */

document.addEventListener("htmx:finally:request", (event) => {
  const { sourceElement: button, response } = /** @type {CustomEvent<any>} */ (event).detail.ctx;
  if (!(button instanceof HTMLElement) || !button.matches("[data-takes-back]")) return;
  if (!response || response.status >= 300) return;
  // the article may be off the page by now, and still holds its text
  const text = button.closest(".message")?.querySelector(".message__body")?.textContent ?? "";
  document.dispatchEvent(new CustomEvent("prompt:returned", { detail: { text } }));
});
