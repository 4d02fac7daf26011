/** When a stream is over for good, and why: by a close code, or asked of the page itself, whose status says it. */

/** @typedef {"signed-out" | "no-access" | "gone" | "deactivated" | "broken"} End */

/** @type {Record<number, End>} */
export const END_OF = { 4401: "signed-out", 4403: "no-access", 4404: "gone", 4410: "deactivated" };

/** What an event stream is refused with; a socket's refusal has no status. */
export const REFUSED = [401, 403, 404];

/** @param {string} state */
export function isEnd(state) {
  return ["signed-out", "no-access", "gone", "deactivated", "broken"].includes(state);
}

/**
 * Whether what is left is to read and to copy; a page that broke is whole again after a reload.
 * @param {string} state
 */
export function isOver(state) {
  return isEnd(state) && state !== "broken";
}

/** @returns {Promise<End | null>} null when the page is there for this person */
export async function whyRefused() {
  try {
    const page = await fetch(location.pathname, { method: "HEAD", redirect: "manual" });
    if (page.type === "opaqueredirect" || page.status === 401) return "signed-out";
    if (page.headers.get("X-Refused") === "deactivated") return "deactivated";
    if (page.status === 403) return "no-access";
    return page.status === 404 ? "gone" : null;
  } catch {
    return null;
  }
}
