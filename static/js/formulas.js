/**
 * Formulas: what the server marked as TeX is typeset by KaTeX, which is loaded when the first one is in the page.
 * A formula that KaTeX does not take stays as it was written. Knows no stream: it watches what comes into the thread.
 */

import { asTex } from "./tex.js";

const LONGEST = 4_000;
const KEPT = 500;
const OPTIONS = { output: "htmlAndMathml", throwOnError: true, trust: false, strict: false, maxSize: 20, maxExpand: 200 };

/** Open formulas are sent again with every change of their paragraph: each is typeset once. @type {Map<string, Node>} */
const typeset = new Map();
/** @type {Promise<unknown> | undefined} */
let loading;

/** The library and its styles, whose addresses the page knows. */
function load() {
  const { content, dataset } = /** @type {HTMLMetaElement} */ (document.querySelector("meta[name=formulas]"));
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: content });
  const script = Object.assign(document.createElement("script"), { src: dataset.script });
  document.head.append(sheet, script);
  return Promise.all([loaded(sheet), loaded(script)]);
}

/**
 * @param {HTMLElement} element
 * @returns {Promise<void>}
 */
function loaded(element) {
  return new Promise((resolve, reject) => {
    element.addEventListener("load", () => resolve());
    element.addEventListener("error", () => reject(new Error("Formulas could not be loaded.")));
  });
}

/** @param {Element} formula */
function show(formula) {
  const tex = formula.textContent ?? "";
  const isDisplay = formula.classList.contains("math-display");
  const key = `${isDisplay} ${tex}`;
  const known = typeset.get(key);
  if (known) formula.replaceChildren(known.cloneNode(true));
  else {
    try {
      katex.render(tex, /** @type {HTMLElement} */ (formula), { ...OPTIONS, displayMode: isDisplay });
    } catch (error) {
      formula.textContent = tex;
      formula.setAttribute("title", error instanceof Error ? error.message : "");
      return;
    }
    if (typeset.size >= KEPT) typeset.clear();
    if (formula.firstChild) typeset.set(key, formula.firstChild.cloneNode(true));
  }
  formula.setAttribute("data-tex", tex);
}

/** @param {Element} root */
function waiting(root) {
  const found = [...root.querySelectorAll(".math:not([data-tex], [title])")];
  if (root.matches(".math:not([data-tex], [title])")) found.push(root);
  return found.filter(({ textContent }) => (textContent?.length ?? 0) <= LONGEST);
}

/** @param {Element[]} formulas */
async function showAll(formulas) {
  if (!formulas.length) return;
  if (!("katex" in globalThis)) {
    try {
      await (loading ??= load());
    } catch {
      loading = undefined; // without a network they stay as written; the next one tries again
      return;
    }
  }
  for (const formula of formulas) if (formula.isConnected && !formula.hasAttribute("data-tex")) show(formula);
}

/** @param {MutationRecord[]} records */
function arrived(records) {
  const added = records.filter(({ target }) => !(target instanceof Element && target.closest(".math")));
  const elements = added.flatMap(({ addedNodes }) => [...addedNodes]).filter((node) => node instanceof Element);
  void showAll(elements.flatMap(waiting));
}

/**
 * What is selected is copied with its formulas as TeX.
 * @param {ClipboardEvent} event
 */
function copied(event) {
  const selection = getSelection();
  if (!selection || selection.isCollapsed || !event.clipboardData) return;
  const fragment = selection.getRangeAt(0).cloneContents();
  const formulas = fragment.querySelectorAll("[data-tex]");
  if (!formulas.length) return;
  for (const formula of formulas) formula.replaceWith(asTex(formula));
  const holder = document.createElement("div");
  holder.append(fragment);
  event.clipboardData.setData("text/plain", holder.textContent ?? "");
  event.preventDefault();
}

const thread = document.querySelector(".thread");
if (thread) {
  new MutationObserver(arrived).observe(thread, { childList: true, subtree: true });
  void showAll(waiting(thread));
  thread.addEventListener("copy", (event) => copied(/** @type {ClipboardEvent} */ (event)));
}
