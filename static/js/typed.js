/**
 * What was typed into a form outlives a page that refused it: it is back in the form when its page is seen again.
 * For forms the browser sends itself. Passwords, codes and files are not kept.
 */
import { recall, remember } from "./memory.js";

const NAME = "typed";
const PRIVATE = ["password", "hidden", "file", "submit", "button"];

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Field */
/** @typedef {{ path: string, action: string, refused?: boolean, fields: [string, string, boolean][] }} Typed */

/** @param {HTMLFormElement} form */
function fieldsOf(form) {
  const all = /** @type {Field[]} */ ([...form.querySelectorAll("input, textarea, select")]);
  return all.filter((field) => field.name && !PRIVATE.includes(field.type) && field.autocomplete !== "one-time-code");
}

/** @param {Field} field */
function isChosen(field) {
  return field instanceof HTMLInputElement && field.checked;
}

/** @param {HTMLFormElement} form */
function keep(form) {
  /** @type {Typed} */
  const typed = { path: location.pathname, action: form.action, fields: [] };
  typed.fields = fieldsOf(form).map((field) => [field.name, field.value, isChosen(field)]);
  remember(NAME, JSON.stringify(typed));
}

/** @param {Typed} typed */
function giveBack(typed) {
  const form = [...document.forms].find((form) => form.method === "post" && form.action === typed.action);
  for (const field of form ? fieldsOf(form) : []) {
    const ticks = field.type === "checkbox" || field.type === "radio";
    const kept = typed.fields.find(([name, value]) => name === field.name && (!ticks || value === field.value));
    if (!kept) continue;
    if (ticks) /** @type {HTMLInputElement} */ (field).checked = kept[2];
    else field.value = kept[1];
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function begin() {
  /** @type {Typed | null} */
  const typed = JSON.parse(recall(NAME) || "null");
  if (!typed) return;
  if (document.querySelector("[data-refused]")) {
    remember(NAME, JSON.stringify({ ...typed, refused: true }));
    return;
  }
  remember(NAME, "");
  if (typed.refused && typed.path === location.pathname) giveBack(typed);
}

addEventListener("submit", (event) => {
  const form = event.target;
  if (!event.defaultPrevented && form instanceof HTMLFormElement && form.method === "post") keep(form);
});
begin();
