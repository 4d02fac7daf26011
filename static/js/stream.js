/**
 * The adapter: what the page shows is always a prefix of the conversation's log, and this extends it
 * (docs/delivery.md). Everything goes through one queue: a message is taken when the one before it is in the page,
 * and a new line is opened when no swap is under way. Nothing else in the page touches the connection.
 */
import { Backoff } from "./backoff.js";
import { Pulse } from "./pulse.js";
import { Receipts } from "./receipts.js";
import { END_OF, REFUSED, isEnd, whyRefused } from "./refusal.js";
import { reloadFor, reloadOnce } from "./reload.js";
import { SwapError, swapInto } from "./swap.js";
import { Wire } from "./wire.js";

/** @typedef {{ type: string, from: number, seq: number, cursor: string, content?: string, head: number, build: string }} Message */
/** @typedef {"connecting" | "live" | "catching-up" | "reconnecting" | "waiting"} Phase */
/** @typedef {Phase | import("./refusal.js").End} State */

const GAP = 4409;
const BROKEN = 4400;
const REPLACED = 4412;

export class ConversationStream extends HTMLElement {
  #wire = new Wire(this, {
    heard: (data) => this.#queue(() => this.#take(data)),
    closed: (code, status) => this.#lost(code, status),
  });
  #backoff = new Backoff();
  #pulse = new Pulse();
  #receipts = new Receipts((seq) => this.#wire.send({ type: "ack", seq }));
  #work = Promise.resolve();
  /** The cursor of what the page shows; "" asks for a snapshot. */
  #cursor = "";
  #seq = 0;
  #complaints = 0;
  /** Where a swap failed last. */
  #failedAt = -1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {State} */
  state = "connecting";

  connectedCallback() {
    this.#cursor = this.dataset.cursor ?? "";
    this.#seq = Number(this.dataset.seq);
    setInterval(() => this.#watch(), 1_000);
    addEventListener("online", () => this.#again(0));
    addEventListener("pagehide", () => this.#wire.close());
    addEventListener("pageshow", (event) => event.persisted && this.#again(0));
    document.addEventListener("visibilitychange", () => document.hidden || this.#watch(true));
    this.#again(0);
  }

  /** @param {() => void | Promise<void>} step */
  #queue(step) {
    const line = this.#wire.line;
    this.#work = this.#work
      .then(() => (line === this.#wire.line ? step() : undefined))
      .catch((error) => this.#failed(error));
  }

  /** @param {string} data */
  async #take(data) {
    this.#pulse.hear();
    const message = /** @type {Message} */ (JSON.parse(data));
    if (message.type === "hello") this.#greet(message);
    else if (message.type === "frame") await this.#extend(message);
    else if (message.type === "reset") await this.#apply(message, true);
    else if (message.type === "beat") this.#compare(message.head);
    else if (message.type === "paused") this.#pause();
  }

  /** @param {Message} message */
  #greet(message) {
    if (message.build !== this.dataset.build && reloadFor(message.build)) return;
    this.#pulse.greet(message.head);
    this.#backoff.greeted(this.#wire.kind);
    this.#wire.send({ type: "resume", cursor: this.#cursor });
    this.#tell(this.#seq < message.head ? "catching-up" : "live");
  }

  /** @param {Message} message */
  async #extend(message) {
    if (message.seq <= this.#seq) this.#receipts.repeated(message.seq);
    else if (message.from === this.#seq + 1) await this.#apply(message, false);
    else this.#again(this.#backoff.next(), GAP);
  }

  /**
   * @param {Message} message
   * @param {boolean} whole
   */
  async #apply(message, whole) {
    if (whole || message.content) await swapInto(this, message.content ?? "", whole);
    this.#seq = message.seq;
    this.#cursor = message.cursor;
    Object.assign(this.dataset, { seq: String(message.seq), cursor: message.cursor });
    // a line that was given up in mid-swap is owed nothing; the next one is resumed from here
    if (this.#pulse.greeted) this.#receipts.moved(message.seq);
    this.#pulse.excuse();
    this.#complaints = 0;
    this.#failedAt = -1;
    if (!whole) this.#backoff.moved(); // a snapshot says nothing about the frame that made it necessary
    if (this.#pulse.greeted && (this.#seq >= this.#pulse.head || whole)) this.#tell("live");
    this.dispatchEvent(new CustomEvent("stream:applied", { bubbles: true, detail: { whole } }));
  }

  /** @param {number} head */
  #compare(head) {
    this.#pulse.beat(head, this.#seq);
    this.#backoff.moved();
    if (head <= this.#seq) this.#tell("live");
  }

  #pause() {
    this.#pulse.excuse();
    this.#tell("waiting");
  }

  #watch(seen = false) {
    if (isEnd(this.state) || this.#timer) return;
    if (this.#pulse.isSilent(seen)) this.#lost(0, 0);
    else if (this.#pulse.isBehind) this.#again(this.#backoff.next(), GAP);
  }

  /**
   * The line ended, or was never there.
   * @param {number} code
   * @param {number} status
   */
  #lost(code, status) {
    if (END_OF[code]) return this.#end(END_OF[code]);
    if (REFUSED.includes(status)) return void this.#refused();
    if (code === BROKEN && ++this.#complaints > 3 && reloadOnce("protocol")) return;
    if (!this.#pulse.greeted) this.#backoff.died(this.#wire.kind);
    this.#again(code === REPLACED ? Math.random() * 2_000 : this.#backoff.next());
  }

  async #refused() {
    this.#backoff.died(this.#wire.kind);
    this.#wire.close();
    const end = await whyRefused();
    if (end) return this.#end(end);
    this.#again(this.#backoff.next());
  }

  /** @param {unknown} error */
  #failed(error) {
    console.error(error);
    const again = this.#failedAt === this.#seq;
    const touched = error instanceof SwapError && error.touched;
    if (this.#cursor === "" && again) {
      if (!reloadOnce("swap")) this.#end("broken");
      return;
    }
    if (touched || again) this.#cursor = "";
    this.#failedAt = this.#seq;
    this.#again(this.#backoff.next(), GAP);
  }

  /**
   * Open a new line after `delay` milliseconds; what the old one still says is not heard.
   * @param {number} delay
   * @param {number} [code]
   */
  #again(delay, code) {
    if (isEnd(this.state)) return;
    this.#wire.close(code);
    this.#receipts.clear();
    this.#pulse.begin();
    this.#tell(this.state === "connecting" ? "connecting" : "reconnecting");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#queue(() => this.#open());
    }, delay);
  }

  #open() {
    if (isEnd(this.state)) return;
    this.#pulse.begin();
    const kind = this.#backoff.kind();
    const after = `?after=${encodeURIComponent(this.#cursor)}`;
    this.#wire.open(kind, kind === "ws" ? (this.dataset.ws ?? "") : (this.dataset.sse ?? "") + after);
  }

  /** @param {State} state */
  #end(state) {
    this.#wire.close();
    this.#tell(state);
  }

  /** @param {State} state */
  #tell(state) {
    if (state === this.state) return;
    this.state = state;
    document.dispatchEvent(new CustomEvent("stream:state", { detail: { state } }));
  }
}

customElements.define("conversation-stream", ConversationStream);
