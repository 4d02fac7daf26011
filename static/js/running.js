/**
 * Which other chats of the list are being answered, asked of the server: often while one is, seldom otherwise, and
 * never in a page that nobody sees. The mark of the open chat is thread-state's.
 */

const TICK = 5_000;
const REST = 30_000; // where nothing is being written, an answer that was begun elsewhere may wait so long for its mark
const WITHIN = 10_000;

class RunningMarks {
  #asking = false;
  /** The page itself said it when it came. */
  #askedAt = Date.now();
  #timer = setInterval(() => this.#tick(), TICK);

  constructor() {
    document.addEventListener("visibilitychange", () => this.#ask());
    addEventListener("pageshow", (event) => event.persisted && this.#ask());
  }

  #marks() {
    const found = document.querySelectorAll('.side-link:not([aria-current="page"]) .running-mark');
    return /** @type {HTMLElement[]} */ ([...found]);
  }

  #tick() {
    if (this.#marks().some((mark) => !mark.hidden) || Date.now() - this.#askedAt > REST) this.#ask();
  }

  async #ask() {
    if (document.hidden || this.#asking || !this.#timer) return;
    this.#asking = true;
    this.#askedAt = Date.now();
    try {
      const answer = await fetch("/chats/running/", {
        headers: { Accept: "application/json" },
        signal: AbortSignal.timeout(WITHIN),
      });
      if (answer.status === 401) this.#end();
      else if (answer.ok) this.#show((await answer.json()).running);
    } catch {
      // the next look may find the server again
    }
    this.#asking = false;
  }

  /** Somebody who is signed out is told so where they write; here is nothing more to ask. */
  #end() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#show([]);
  }

  /** @param {string[]} running */
  #show(running) {
    for (const mark of this.#marks()) mark.hidden = !running.includes(mark.dataset.chat ?? "");
  }
}

new RunningMarks();
