/** Whether the line can still be believed in: when something was heard last, and how far the database is ahead. */

const HELLO_WITHIN = 10_000; // a network that swallows packets never says no
const SILENCE = 25_000; // the server beats at least every 10 s
const SILENCE_SEEN = 12_000; // whoever comes back to the tab waits for one missed beat, not for two
const BEHIND = 5_000; // the database is ahead of the page for so long, and no frame came

export class Pulse {
  greeted = false;
  /** The database's head when it was last told. */
  head = 0;
  #heardAt = 0;
  #behindSince = 0;

  /** A new line is being opened. */
  begin() {
    this.greeted = false;
    this.#heardAt = Date.now();
    this.#behindSince = 0;
  }

  hear() {
    this.#heardAt = Date.now();
  }

  /** @param {number} head */
  greet(head) {
    this.greeted = true;
    this.head = head;
  }

  /**
   * @param {number} head the database's
   * @param {number} seq the page's
   */
  beat(head, seq) {
    this.head = head;
    if (head <= seq) this.#behindSince = 0;
    else this.#behindSince ||= Date.now();
  }

  /** A frame came, or the server said why none comes. */
  excuse() {
    this.#behindSince = 0;
  }

  /** @param {boolean} seen whether somebody just came back to the tab */
  isSilent(seen) {
    this.#heardAt = Math.min(this.#heardAt, Date.now()); // a clock was set back
    const patience = this.greeted ? (seen ? SILENCE_SEEN : SILENCE) : HELLO_WITHIN;
    return Date.now() - this.#heardAt > patience;
  }

  get isBehind() {
    this.#behindSince = Math.min(this.#behindSince, Date.now());
    return this.#behindSince > 0 && Date.now() - this.#behindSince > BEHIND;
  }
}
