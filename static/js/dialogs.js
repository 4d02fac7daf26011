/** Buttons that open a dialog (`data-opens="id"`) and close it (`data-closes`); the dialog does the rest. */

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-opens], [data-closes]") : null;
  if (!(button instanceof HTMLElement)) return;
  if (button.dataset.opens) {
    const menu = button.closest("[popover]");
    if (menu instanceof HTMLElement) menu.hidePopover();
    const dialog = document.getElementById(button.dataset.opens);
    if (dialog instanceof HTMLDialogElement) dialog.showModal();
  } else button.closest("dialog")?.close();
});
