/**
 * Copy buttons: `data-copy` names what is copied, by a selector looked up from the button's nearest holder,
 * or is empty for the code block or answer around it.
 */

import { readableText } from "./tex.js";

const SHOWN = 1_600;

/** @param {HTMLElement} button */
function textFor(button) {
  const selector = button.dataset.copy;
  if (selector?.startsWith("#")) return document.querySelector(selector)?.textContent;
  const code = button.closest(".code");
  if (code) return code.querySelector("pre")?.textContent;
  return chain(button.closest(".message")).map(textOf).join("");
}

/**
 * An answer that was continued is several messages: the one with the button is the last.
 * @param {Element | null} message
 * @returns {Element[]}
 */
function chain(message) {
  if (!message) return [];
  return message.matches("[data-continues]") ? [...chain(message.previousElementSibling), message] : [message];
}

/** @param {Element} message */
function textOf(message) {
  const body = /** @type {HTMLElement | null} */ (message.querySelector(".message__body"));
  return body ? [...body.children].filter(isAnswer).map(readable).join("\n\n") || body.innerText : "";
}

/** @param {Element} part */
function isAnswer(part) {
  return !part.matches(".thinking, .message__notice");
}

/** @param {Element} part */
function readable(part) {
  return part instanceof HTMLElement ? readableText(part).trim() : "";
}

/**
 * The old way, because the clipboard interface is missing on plain http and answers nothing, ever, in a page that
 * is not in front. Beside the button: outside of an open dialog nothing can be selected.
 * @param {HTMLElement} button
 * @param {string} text
 */
function copy(button, text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  button.after(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done ? "copied" : "failed";
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  if (!(button instanceof HTMLElement)) return;
  const text = textFor(button);
  if (text == null) return;
  const result = copy(button, text);
  button.focus();
  button.dataset.result = result;
  const announcer = document.getElementById("announcer");
  if (announcer) announcer.textContent = result === "copied" ? "Copied." : "Copying failed. Select the text and copy it.";
  setTimeout(() => delete button.dataset.result, SHOWN);
});
