/** Put a frame's HTML into the page, whole or not at all. Knows htmx's partials; knows no cursor. */
import { remembered } from "./reader.js";

/** A frame was not applied. `touched` says whether a part of it may be in the page. */
export class SwapError extends Error {
  /**
   * @param {string} message
   * @param {boolean} touched
   * @param {unknown} [cause]
   */
  constructor(message, touched, cause) {
    super(message, { cause });
    this.touched = touched;
  }
}

/**
 * htmx looks up every target before it swaps the first partial, and passes over a target that is not there:
 * that would be a silent hole, so such a frame is refused before anything of it is in the page. So is text outside
 * of partials, which has no place to go.
 *
 * @param {Element} thread
 * @param {string} content partials, or with `whole` the thread's new inner HTML
 * @param {boolean} whole
 */
export async function swapInto(thread, content, whole) {
  let missing = false;
  let begun = false;
  /** @param {Event} event */
  const check = (event) => {
    if (event.target !== thread) return;
    const { tasks } = /** @type {CustomEvent<{ tasks: HtmxSwapTask[] }>} */ (event).detail;
    missing = tasks.some((task) => task.target === null || (task.type === "main" && !whole));
    if (missing) event.preventDefault();
    else begun = true;
  };
  thread.addEventListener("htmx:before:swap", check);
  const restore = remembered(thread, content);
  try {
    const swap = whole ? "innerHTML swapEmpty:true" : "none swapEmpty:false";
    await htmx.swap({ sourceElement: thread, target: thread, swap, text: content, transition: false });
  } catch (error) {
    throw new SwapError("A frame could not be put into the page.", begun, error);
  } finally {
    thread.removeEventListener("htmx:before:swap", check);
    restore();
  }
  if (missing) throw new SwapError("A frame names a place that is not in the page.", false);
}
