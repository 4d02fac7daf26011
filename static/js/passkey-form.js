/** `<passkey-form>`: sends its form together with what a passkey signs; `data-creates` makes a new one first. */

import { createPasskey, knowsPasskeys, sayWhy, usePasskey } from "./passkeys.js";

class PasskeyForm extends HTMLElement {
  #isBusy = false;

  connectedCallback() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#isBusy) this.#send();
    });
    addEventListener("pageshow", () => this.#busy(false)); // back from the cache of the browser
    if (knowsPasskeys()) this.#button.disabled = false; // until then a click would send an empty form
    else if (this.hasAttribute("data-creates"))
      this.#say("Passkeys need a current browser and an address that begins with https://.");
    else this.hidden = true;
  }

  get #form() {
    return /** @type {HTMLFormElement} */ (this.querySelector("form"));
  }

  get #button() {
    return /** @type {HTMLButtonElement} */ (this.querySelector("button"));
  }

  async #send() {
    this.#busy(true);
    this.#say("");
    try {
      const alone = /** @type {HTMLInputElement | null} */ (this.#form.elements.namedItem("passwordless"));
      const options = await this.#options();
      const credential = this.hasAttribute("data-creates")
        ? await createPasskey(options, Boolean(alone?.checked))
        : await usePasskey(options);
      /** @type {HTMLInputElement} */ (this.#form.elements.namedItem("credential")).value = credential;
      this.#form.submit();
    } catch (error) {
      this.#busy(false);
      this.#say(sayWhy(error));
    }
  }

  /** From the page, or asked for now: then nobody who only reads the page makes the server remember a challenge. */
  async #options() {
    const given = this.querySelector("#passkey-options")?.textContent;
    if (given) return JSON.parse(given);
    const response = await fetch(this.#form.action, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`options: ${response.status}`);
    return (await response.json()).request_options;
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.#isBusy = busy;
    this.#button.setAttribute("aria-busy", String(busy));
  }

  /** @param {string} text */
  #say(text) {
    const place = /** @type {HTMLElement} */ (this.querySelector("[data-problem]"));
    place.textContent = text;
    place.hidden = !text;
  }
}

customElements.define("passkey-form", PasskeyForm);
