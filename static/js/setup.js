/** Shows the usual address of the kind of model API that is chosen, and what came of a test. */

const form = document.getElementById("add-connection");
const address = form?.querySelector('[name="base_url"]');

function show() {
  const kind = form?.querySelector('[name="kind"]:checked');
  if (kind instanceof HTMLInputElement && address instanceof HTMLInputElement)
    address.placeholder = kind.dataset.address ?? "";
}

form?.addEventListener("change", show);
form?.addEventListener("htmx:after:swap", () => {
  document.getElementById("test-result")?.scrollIntoView({ block: "nearest" });
});
show();
