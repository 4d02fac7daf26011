/** When to try again, and on which kind of line. Knows how the last tries went; knows no connection. */
import { recall, remember } from "./memory.js";

const FIRST = 250;
const LONGEST = 8_000; // whoever waits for an answer is not kept waiting for a minute
const DEATHS = 3;
const SETTLED = 60_000; // an event stream that lasted so long was no stopgap of a bad moment; look for sockets again
const REMEMBERED = "sockets-refused";

export class Backoff {
  #tries = 0;
  /** Lines that ended before their hello. A session in which sockets were refused has one try left. */
  #deaths = recall(REMEMBERED) ? DEATHS - 1 : 0;

  /** Since when an event stream is the line that works. */
  #streamSince = 0;

  /** Milliseconds until the next try. */
  next() {
    const delay = Math.min(FIRST * 2 ** this.#tries++, LONGEST);
    return delay * (0.7 + 0.6 * Math.random());
  }

  /** The page moved on or was found complete: the next loss is a new one. */
  moved() {
    this.#tries = 0;
  }

  /** @param {"ws" | "sse" | null} kind the kind of line that ended before its hello */
  died(kind) {
    // where event streams fail too, sockets are not to blame
    this.#deaths = kind === "sse" ? 0 : this.#deaths + 1;
  }

  /** @param {"ws" | "sse" | null} kind the kind of line that said hello */
  greeted(kind) {
    if (kind === "ws") {
      this.#deaths = this.#streamSince = 0;
      remember(REMEMBERED, "");
    } else {
      this.#deaths = DEATHS;
      this.#streamSince ||= Date.now();
      remember(REMEMBERED, "1");
    }
  }

  /** @returns {"ws" | "sse"} what to try next */
  kind() {
    if (this.#streamSince && Date.now() - this.#streamSince > SETTLED) {
      this.#streamSince = 0;
      this.#deaths = DEATHS - 1;
    }
    return this.#deaths < DEATHS ? "ws" : "sse";
  }
}
