/**
 * What every htmx request of the page gets: a key, the same for a double click, and a place where its error is said.
 * The connection of a thread is not its business.
 */
import { newKey } from "./http.js";

/** @type {WeakMap<Element, string>} */
const keys = new WeakMap();

/** @param {Event} event */
function detailOf(event) {
  return /** @type {CustomEvent<any>} */ (event).detail.ctx;
}

/** @param {string} sentence */
function say(sentence) {
  const notice = document.getElementById("notice");
  if (!notice) return;
  const text = notice.querySelector("[data-text]");
  if (text) text.textContent = sentence;
  notice.hidden = !sentence;
}

document.addEventListener("htmx:config:request", (event) => {
  const context = detailOf(event);
  if (context.request.method !== "POST") return;
  const element = context.sourceElement;
  if (!keys.has(element)) keys.set(element, newKey());
  context.request.headers["Idempotency-Key"] ??= keys.get(element);
});

document.addEventListener("htmx:finally:request", (event) => {
  const context = detailOf(event);
  const status = context.response?.status;
  if (status && status < 500) keys.delete(context.sourceElement);
});

document.addEventListener("htmx:response:error", (event) => {
  const context = detailOf(event);
  if (context.sourceElement.id === "thread") return;
  const stated = context.response.headers.get("X-Problem");
  say(stated ? decodeURIComponent(stated) : `The server could not do this (error ${context.response.status}).`);
});

document.addEventListener("htmx:error", (event) => {
  const context = detailOf(event);
  if (!context || context.sourceElement?.id === "thread") return;
  say(navigator.onLine ? "The server did not answer. Try again." : "This device is offline. Try again when it is back.");
});

document.getElementById("notice")?.querySelector("button")?.addEventListener("click", () => say(""));
