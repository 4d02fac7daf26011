/**
 * Which answers are being written, read off the page itself: whatever put them there, the buttons, the list and
 * the announcements follow. Knows `article.message[data-state][data-run]`; knows no connection.
 */

const LIVE = ["running", "waiting", "queued"];
/** @type {Record<string, string>} */
const SPOKEN = {
  running: "Answer started.",
  complete: "Answer finished.",
  cancelled: "Answer stopped.",
  error: "The answer ended with an error.",
  interrupted: "The answer was interrupted. Its text is kept.",
};

class ThreadState {
  /** @type {Map<string, string>} */
  #known = new Map();

  /** @param {HTMLElement} thread */
  constructor(thread) {
    this.thread = thread;
    this.announcer = document.getElementById("announcer");
    this.#known = new Map(this.#articles().map((article) => [article.id, article.dataset.state ?? ""]));
    const look = () => this.#look();
    new MutationObserver(look).observe(thread, { childList: true });
    new MutationObserver(look).observe(thread, { subtree: true, attributeFilter: ["data-state"] });
    this.#tell();
  }

  #articles() {
    const found = this.thread.querySelectorAll(':scope > article[data-role="assistant"]');
    return /** @type {HTMLElement[]} */ ([...found]);
  }

  #look() {
    const now = new Map(this.#articles().map((article) => [article.id, article.dataset.state ?? ""]));
    const changed = [...now].filter(([id, state]) => this.#known.get(id) !== state);
    this.#known = now;
    this.#tell();
    const said = changed.map(([, state]) => SPOKEN[state]).filter(Boolean);
    if (this.announcer && said.length) this.announcer.textContent = said.join(" ");
  }

  #tell() {
    const live = this.#articles()
      .filter((article) => LIVE.includes(article.dataset.state ?? ""))
      .map((article) => ({ run: article.dataset.run ?? "", state: article.dataset.state ?? "" }));
    live.sort((a, b) => Number(a.state === "queued") - Number(b.state === "queued"));
    const mark = document.querySelector('.side-link[aria-current="page"] .running-mark');
    if (mark instanceof HTMLElement) mark.hidden = !live.length;
    document.dispatchEvent(new CustomEvent("thread:runs", { detail: { live } }));
  }
}

const thread = document.getElementById("thread");
if (thread) queueMicrotask(() => new ThreadState(thread));
