/** Formulas that were typeset, as they were written. */

/** @param {Element} formula */
export function asTex(formula) {
  const sign = formula.classList.contains("math-display") ? "$$" : "$";
  return `${sign}${formula.getAttribute("data-tex")}${sign}`;
}

/**
 * What somebody reads in `part`, with its formulas as TeX: they are put back before anything is painted.
 * @param {HTMLElement} part
 */
export function readableText(part) {
  const typeset = [...part.querySelectorAll("[data-tex]")].map((formula) => ({ formula, inside: [...formula.childNodes] }));
  for (const { formula } of typeset) formula.replaceChildren(asTex(formula));
  const text = part.innerText;
  for (const { formula, inside } of typeset) formula.replaceChildren(...inside);
  return text;
}
