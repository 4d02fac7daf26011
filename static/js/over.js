/**
 * What a chat that is over for good stops offering: nothing in it is alive, nothing in it can be asked for.
 * Reading and copying stay. Knows the thread; the composer sees to itself.
 */
import { isOver } from "./refusal.js";

document.addEventListener("stream:state", (event) => {
  if (!isOver(/** @type {CustomEvent} */ (event).detail.state)) return;
  document.getElementById("thread")?.setAttribute("data-over", "");
  for (const mark of document.querySelectorAll('.side-link[aria-current="page"] .running-mark'))
    mark.setAttribute("hidden", "");
  document.dispatchEvent(new CustomEvent("thread:runs", { detail: { live: [] } }));
});
