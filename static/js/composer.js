/**
 * The box one writes in. Enter sends, Shift+Enter breaks the line, Esc stops the answer.
 * What was written leaves the box when the server has acknowledged it, and not before.
 */
import { Draft } from "./draft.js";
import { RequestError, post } from "./http.js";
import { isFirstLook, openChat } from "./opening.js";
import { part } from "./parts.js";
import { isOver } from "./refusal.js";

class PromptComposer extends HTMLElement {
  form = part(this, "form", HTMLFormElement);
  box = part(this, "textarea", HTMLTextAreaElement);
  model = part(this, "select", HTMLSelectElement);
  sendButton = part(this, "[data-send]", HTMLButtonElement);
  stopButton = part(this, "[data-stop]", HTMLButtonElement);
  problem = part(this, ".problem", HTMLElement);
  draft = new Draft(this.dataset.draft ?? "");
  #sending = false;
  /** Whether the sentence that is shown says that the text is too long. */
  #isTooLong = false;
  /** Whether nothing can be sent from this page any more. */
  #isOver = false;
  /** @type {string} the run that Stop ends */
  #run = "";

  connectedCallback() {
    this.#restore();
    this.box.addEventListener("input", () => this.#written());
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.stopButton.addEventListener("click", () => this.#stop());
    part(this.problem, "[data-again]", HTMLButtonElement).addEventListener("click", () => this.#send());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open], :popover-open"))
        this.#stop();
    });
    document.addEventListener("prompt:returned", (event) => this.#returned(/** @type {CustomEvent} */ (event).detail.text));
    document.addEventListener("stream:state", (event) => {
      if (isOver(/** @type {CustomEvent} */ (event).detail.state)) this.#end();
    });
    document.addEventListener("thread:runs", (event) => this.#runs(/** @type {CustomEvent} */ (event).detail.live));
  }

  #restore() {
    if (this.draft.text && !this.box.value) this.box.value = this.draft.text;
    this.box.setSelectionRange(this.box.value.length, this.box.value.length);
    this.#written();
    if (isFirstLook()) this.box.focus({ preventScroll: true });
  }

  /**
   * A message was taken back: its text may be changed and sent again, before what is being written.
   * @param {string} text
   */
  #returned(text) {
    this.box.value = [text, this.box.value].filter((part) => part.trim()).join("\n\n");
    this.#written();
    this.box.focus();
  }

  #written() {
    this.draft.change(this.box.value);
    if (this.#isTooLong && this.box.value.length <= this.#limit) this.#say("");
    this.sendButton.setAttribute("aria-disabled", String(!this.box.value.trim()));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // while an input method composes, Enter chooses a word
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#send();
  }

  async #send() {
    const text = this.box.value;
    if (this.#sending || this.#isOver || !text.trim()) return;
    if (text.length > this.#limit) return this.#tooLong(text.length);
    const model = this.model.value;
    let location = "";
    this.#busy(true);
    this.#say("");
    try {
      const key = this.draft.keyFor(JSON.stringify([text, model]));
      const answer = await post(this.form.action, { text, model, key });
      location = answer.location ?? "";
    } catch (error) {
      return this.#notSent(error);
    } finally {
      this.#busy(false);
    }
    this.#sent(text, location);
  }

  /**
   * @param {string} text
   * @param {string} location where the new conversation is
   */
  #sent(text, location) {
    const rest = this.box.value === text ? "" : this.box.value;
    this.box.value = rest;
    this.draft.done(rest);
    this.#written();
    if (location) openChat(location);
    else document.dispatchEvent(new CustomEvent("prompt:sent"));
  }

  /** @param {unknown} error */
  #notSent(error) {
    const known = error instanceof RequestError;
    if (!known) console.error(error);
    const what = known ? error.message : "Sending failed in this page.";
    const kept = what.includes("still") ? "" : " Your message is still in the box.";
    if (known && error.code === "deactivated") this.#end();
    this.#say(what + kept, known ? error.signIn : "", true);
  }

  /** Nothing can be sent from here any more. What was written stays, to be copied. */
  #end() {
    this.#isOver = true;
    this.box.readOnly = true;
    this.box.placeholder = "";
    this.model.disabled = true;
    this.sendButton.disabled = true;
    part(this.problem, "[data-again]", HTMLButtonElement).hidden = true;
  }

  /** How many characters fit. */
  get #limit() {
    return Number(this.dataset.limit);
  }

  /** @param {number} length */
  #tooLong(length) {
    const [has, fits] = [length.toLocaleString("en"), this.#limit.toLocaleString("en")];
    this.#say(`This message has ${has} characters; ${fits} fit. Shorten it, or send it in parts. It is still in the box.`);
    this.#isTooLong = true;
  }

  /**
   * @param {string} sentence
   * @param {string} [signIn]
   * @param {boolean} [again]
   */
  #say(sentence, signIn = "", again = false) {
    this.#isTooLong = false;
    this.problem.hidden = !sentence;
    part(this.problem, ".problem__text", HTMLElement).textContent = sentence;
    const link = part(this.problem, "[data-sign-in]", HTMLAnchorElement);
    link.hidden = !signIn;
    link.href = signIn || "#";
    part(this.problem, "[data-again]", HTMLButtonElement).hidden = !again || this.#isOver || Boolean(signIn);
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.#sending = busy;
    this.sendButton.setAttribute("aria-busy", String(busy));
  }

  /** @param {{ run: string }[]} live the run that writes first, then those that wait */
  #runs(live) {
    this.#run = live[0]?.run ?? "";
    const focused = document.activeElement === this.stopButton;
    this.stopButton.hidden = !this.#run;
    if (this.stopButton.dataset.run !== this.#run) this.stopButton.removeAttribute("aria-busy");
    this.stopButton.dataset.run = this.#run;
    if (focused && this.stopButton.hidden) this.box.focus();
  }

  async #stop() {
    if (!this.#run || this.stopButton.getAttribute("aria-busy") === "true") return;
    this.stopButton.setAttribute("aria-busy", "true");
    try {
      await post((this.dataset.stop ?? "").replace("RUN", this.#run));
    } catch (error) {
      this.stopButton.removeAttribute("aria-busy");
      this.#say(`The answer was not stopped. ${error instanceof RequestError ? error.message : ""}`);
    }
  }
}

customElements.define("prompt-composer", PromptComposer);
