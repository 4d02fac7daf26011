/** Shows the usual address of the kind of model API that is chosen. */

const form = document.getElementById("add-connection");
const address = form?.querySelector('[name="base_url"]');

function show() {
  const kind = form?.querySelector('[name="kind"]:checked');
  if (kind instanceof HTMLInputElement && address instanceof HTMLInputElement)
    address.placeholder = kind.dataset.address ?? "";
}

form?.addEventListener("change", show);
show();
