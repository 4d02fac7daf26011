/**
 * Stands in while the database is away: asks for the page that is wanted until it is there, then goes to it. A page
 * with a form, such as sign-in, may be there without a database: then `data-asks` names what to ask instead.
 */

const WITHIN = 15_000;

/** @param {string} address */
async function isThere(address) {
  try {
    const signal = AbortSignal.timeout(WITHIN);
    const answer = await fetch(address, { method: "HEAD", redirect: "manual", cache: "no-store", signal });
    return answer.status < 500; // a redirect that is not followed has status 0
  } catch {
    return false;
  }
}

/** @param {HTMLAnchorElement} link */
async function wait(link) {
  const pause = Number(link.dataset.every) * 1000;
  do await new Promise((resolve) => setTimeout(resolve, pause));
  while (!(await isThere(link.dataset.asks ?? link.href)));
  location.replace(link.href);
}

const link = document.querySelector("[data-wanted]");
if (link instanceof HTMLAnchorElement) wait(link);
