/**
 * What was taken back goes where one can write it anew, with all that waited behind it and goes too.
 * Knows the button and the messages; the composer does the rest.
 */

/** @type {WeakMap<Element, string>} */
const taken = new WeakMap();

/** @param {Event} event */
function contextOf(event) {
  return /** @type {CustomEvent<any>} */ (event).detail.ctx;
}

/** @param {Element} button */
function textsFrom(button) {
  const texts = [];
  for (let message = button.closest(".message"); message; message = message.nextElementSibling)
    if (message.matches('[data-role="user"]')) texts.push(message.querySelector(".message__body")?.textContent ?? "");
  return texts.join("\n\n");
}

// when the answer comes, the messages may be off the page already
document.addEventListener("htmx:config:request", (event) => {
  const button = contextOf(event).sourceElement;
  if (button instanceof HTMLElement && button.matches("[data-takes-back]")) taken.set(button, textsFrom(button));
});

document.addEventListener("htmx:finally:request", (event) => {
  const { sourceElement: button, response } = contextOf(event);
  const text = taken.get(button);
  if (text === undefined) return;
  taken.delete(button);
  if (response && response.status < 300) document.dispatchEvent(new CustomEvent("prompt:returned", { detail: { text } }));
});
