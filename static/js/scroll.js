/** Follow the end of the thread, let go when the reader scrolls up, offer the way back. Knows no message. */

const NEAR = 24;

class ThreadScroller extends HTMLElement {
  #follows = true;
  #last = 0;

  connectedCallback() {
    this.button = /** @type {HTMLButtonElement | null} */ (document.querySelector("[data-jump]"));
    this.button?.addEventListener("click", () => this.#follow(true));
    this.addEventListener("scroll", () => this.#moved(), { passive: true });
    document.addEventListener("prompt:sent", () => this.#follow(false));
    const content = this.firstElementChild;
    if (content) new ResizeObserver(() => this.#stay()).observe(content);
    new ResizeObserver(() => this.#stay()).observe(this);
    this.#follow(false);
  }

  #distance() {
    return this.scrollHeight - this.clientHeight - this.scrollTop;
  }

  #moved() {
    const distance = this.#distance();
    if (distance <= NEAR) this.#follows = true;
    else if (this.scrollTop < this.#last) this.#follows = false;
    this.#last = this.scrollTop;
    if (this.button) this.button.hidden = this.#follows || distance <= NEAR;
  }

  #stay() {
    if (this.#follows) this.scrollTo({ top: this.scrollHeight, behavior: "instant" });
    else if (this.button) this.button.hidden = this.#distance() <= NEAR;
    this.#last = this.scrollTop;
  }

  /** @param {boolean} moveFocus */
  #follow(moveFocus) {
    this.#follows = true;
    this.#stay();
    if (this.button) this.button.hidden = true;
    if (moveFocus) this.focus({ preventScroll: true });
  }
}

customElements.define("thread-scroller", ThreadScroller);
