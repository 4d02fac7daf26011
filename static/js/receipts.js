/**
 * Acknowledgements, several in one message: each costs the server nearly as much as a frame.
 * Knows what came on the present line; knows no frame.
 */

const FRAMES = 8;
const WITHIN = 250;

export class Receipts {
  #seq = 0;
  #frames = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #send;

  /** @param {(seq: number) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /** A new line: what the old one brought is named by the cursor it resumes from. */
  clear() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#seq = this.#frames = 0;
  }

  /** @param {number} seq the page has moved there: on, or where a snapshot put it */
  moved(seq) {
    this.#seq = seq;
    this.#count();
  }

  /** @param {number} seq a frame up to it came although the page had it; on this line it was sent all the same */
  repeated(seq) {
    this.#seq = Math.max(this.#seq, seq);
    this.#count();
  }

  #count() {
    this.#frames += 1;
    // a hidden tab's timers are late
    if (this.#frames >= FRAMES || document.hidden) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), WITHIN);
  }

  #flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#frames = 0;
    this.#send(this.#seq);
  }
}
