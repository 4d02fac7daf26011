/** Shows a theme as soon as it is chosen in the settings; saving it is the form's business. */

document.addEventListener("change", (event) => {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || input.name !== "theme") return;
  if (input.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = input.value;
});
