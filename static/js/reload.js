/** Reload the page where that is the cure, and never in a loop. Drafts are kept by their own module. */

const REST = 60_000;

/**
 * The server has another build than the page: reload once for it, and not again at once while servers of two builds
 * answer in turn. False if that was done already.
 * @param {string} build
 */
export function reloadFor(build) {
  if (sessionStorage.getItem("reloaded-for") === build || !reloadOnce("build")) return false;
  sessionStorage.setItem("reloaded-for", build);
  return true;
}

/**
 * Reload because of `reason`, at most once a minute. False if that was done already.
 * @param {string} reason
 */
export function reloadOnce(reason) {
  const last = Number(sessionStorage.getItem(`reloaded:${reason}`));
  if (Date.now() - last < REST) return false;
  sessionStorage.setItem(`reloaded:${reason}`, String(Date.now()));
  location.reload();
  return true;
}
