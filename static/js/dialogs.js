/**
 * Buttons that open a dialog say so themselves (`command="show-modal" commandfor="id"`), so that they work before any
 * script runs; older browsers learn it here. Buttons in a dialog close it (`data-closes`).
 */

const isKnown = "commandForElement" in HTMLButtonElement.prototype;

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[commandfor], [data-closes]") : null;
  if (!(button instanceof HTMLElement)) return;
  if (button.hasAttribute("data-closes")) button.closest("dialog")?.close();
  else if (!isKnown) open(button);
});

/** @param {HTMLElement} button */
function open(button) {
  const menu = button.closest("[popover]");
  if (menu instanceof HTMLElement) menu.hidePopover();
  const dialog = document.getElementById(button.getAttribute("commandfor") ?? "");
  if (dialog instanceof HTMLDialogElement) dialog.showModal();
}
