/** What this tab remembers from page to page. A browser may forbid that, or be full: then it remembers nothing. */

/**
 * @param {string} name
 * @returns {string} "" for nothing
 */
export function recall(name) {
  try {
    return sessionStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

/**
 * @param {string} name
 * @param {string} value "" forgets
 * @returns {boolean} whether it will be remembered
 */
export function remember(name, value) {
  try {
    if (value) sessionStorage.setItem(name, value);
    else sessionStorage.removeItem(name);
    return true;
  } catch {
    return false;
  }
}
