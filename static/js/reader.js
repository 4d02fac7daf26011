/** What somebody who reads did to the thread, and a swap would undo: what they opened and wrapped, where their focus is. */

const FOCUSABLE = "a[href], button, summary, [tabindex]";

/**
 * Remember it before a swap.
 * @param {Element} thread
 * @param {string} content what comes in
 * @returns {() => void} brings it back after the swap
 */
export function remembered(thread, content) {
  const opened = content.includes("<details") ? [...thread.querySelectorAll("details[open][id]")] : [];
  const wrapped = content.includes("<figure") ? [...thread.querySelectorAll("figure[data-wrapped][id]")] : [];
  const focused = document.activeElement;
  if (!opened.length && !wrapped.length && (!focused || !thread.contains(focused))) return () => {};
  const article = focused?.closest("article")?.id ?? "";
  return () => {
    for (const { id } of opened) document.getElementById(id)?.setAttribute("open", "");
    for (const { id } of wrapped) wrap(document.getElementById(id));
    if (focused && !focused.isConnected && document.activeElement === document.body) refocus(thread, article, focused);
  };
}

/** @param {Element | null} code */
function wrap(code) {
  code?.setAttribute("data-wrapped", "");
  code?.querySelector("[data-wrap]")?.setAttribute("aria-pressed", "true");
}

/**
 * The same control of the same message, or the thread as a whole: never the top of the page.
 * @param {Element} thread
 * @param {string} article
 * @param {Element} former
 */
function refocus(thread, article, former) {
  const candidates = document.getElementById(article)?.querySelectorAll(FOCUSABLE) ?? [];
  const same = [...candidates].find((each) => each.cloneNode(true).isEqualNode(former.cloneNode(true)));
  const next = same ?? thread.closest("[tabindex]");
  if (next instanceof HTMLElement) next.focus({ preventScroll: true });
}
