/** What somebody is writing, kept in this browser until the server has it. Knows no form and no request. */
import { newKey } from "./http.js";

const WAIT = 200;

export class Draft {
  #name;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {{ text: string, key: string, sent: string }} */
  #kept = { text: "", key: "", sent: "" };

  /** @param {string} name one per person and conversation */
  constructor(name) {
    this.#name = `draft:${name}`;
    try {
      this.#kept = { ...this.#kept, ...JSON.parse(localStorage.getItem(this.#name) ?? "{}") };
    } catch {
      // a draft that cannot be read is no draft
    }
    addEventListener("pagehide", () => this.#write());
  }

  get text() {
    return this.#kept.text;
  }

  /** @param {string} text */
  change(text) {
    this.#kept.text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write(), WAIT);
  }

  /**
   * The key under which `request` is sent: the same one for as long as the same is sent, over reloads too,
   * because an answer that was lost on its way says nothing about what the server did.
   * @param {string} request all of what is sent
   */
  keyFor(request) {
    if (this.#kept.sent !== request) this.#kept = { ...this.#kept, key: newKey(), sent: request };
    this.#write();
    return this.#kept.key;
  }

  /**
   * The server has it.
   * @param {string} rest what was written meanwhile
   */
  done(rest) {
    this.#kept = { text: rest, key: "", sent: "" };
    this.#write();
  }

  #write() {
    clearTimeout(this.#timer);
    try {
      if (this.#kept.text || this.#kept.key) localStorage.setItem(this.#name, JSON.stringify(this.#kept));
      else localStorage.removeItem(this.#name);
    } catch {
      // a full or forbidden storage costs the draft's survival, not the writing
    }
  }
}
