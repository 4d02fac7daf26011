/** Reload the page where that is the cure, and never in a loop. Drafts are kept by their own module. */
import { recall, remember } from "./memory.js";

const REST = 60_000;

/**
 * The server has another build than the page: reload once for it, and not again at once while servers of two builds
 * answer in turn. False if that was done already.
 * @param {string} build
 */
export function reloadFor(build) {
  if (recall("reloaded-for") === build || !reloadOnce("build")) return false;
  return remember("reloaded-for", build);
}

/**
 * Reload because of `reason`, at most once a minute. False if that was done already.
 * @param {string} reason
 */
export function reloadOnce(reason) {
  const last = Number(recall(`reloaded:${reason}`));
  if (Date.now() - last < REST || !remember(`reloaded:${reason}`, String(Date.now()))) return false;
  location.reload();
  return true;
}
