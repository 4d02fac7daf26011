/** Says what is going on when the page is not live, and what is safe. When all is well it says nothing. */
import { isEnd } from "./refusal.js";

const PATIENCE = 1_200; // most losses are over before anybody needs to know

/** @type {Record<string, { tone: "wait" | "lost", text: string, action?: "sign-in" | "reload" | "new" }>} */
const WORDS = {
  connecting: { tone: "wait", text: "Connecting…" },
  reconnecting: { tone: "wait", text: "Reconnecting. What was written is kept." },
  "catching-up": { tone: "wait", text: "Catching up…" },
  waiting: { tone: "wait", text: "The server is waiting. Nothing is lost." },
  offline: { tone: "lost", text: "Offline. What you see is kept; the rest follows when you are back." },
  "signed-out": { tone: "lost", text: "You are signed out. What you wrote is kept.", action: "sign-in" },
  "no-access": { tone: "lost", text: "You can no longer read this chat." },
  gone: { tone: "lost", text: "This chat was deleted.", action: "new" },
  deactivated: { tone: "lost", text: "Your account was deactivated. What was written is kept; ask an administrator." },
  broken: { tone: "lost", text: "This page could not be brought up to date.", action: "reload" },
};

class ConnectionState extends HTMLElement {
  #state = "connecting";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  connectedCallback() {
    document.addEventListener("stream:state", (event) => {
      this.#state = /** @type {CustomEvent} */ (event).detail.state;
      this.#update();
    });
    addEventListener("offline", () => this.#update());
    addEventListener("online", () => this.#update());
    this.querySelector('[data-action="reload"]')?.addEventListener("click", () => location.reload());
    this.#update();
  }

  #update() {
    const state = navigator.onLine || isEnd(this.#state) ? this.#state : "offline";
    clearTimeout(this.#timer);
    if (!WORDS[state]) this.#show("");
    else if (state === "offline" || isEnd(state)) this.#show(state);
    else this.#timer = setTimeout(() => this.#show(state), this.hidden ? PATIENCE : 0);
  }

  /** @param {string} state */
  #show(state) {
    const words = WORDS[state];
    this.hidden = !words;
    if (!words) return;
    this.dataset.tone = words.tone;
    this.toggleAttribute("data-final", isEnd(state));
    const text = this.querySelector("[data-text]");
    if (text) text.textContent = words.text;
    for (const action of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-action]")))
      action.hidden = action.dataset.action !== words.action;
  }
}

customElements.define("connection-state", ConnectionState);
