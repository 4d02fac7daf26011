/** The list beside the page: closed and opened on a wide screen, a drawer on a phone. Knows no conversation. */

const NARROW = matchMedia("(max-width: 52rem)");
const YEAR = 31_536_000;

class SideBar {
  /** @param {HTMLElement} shell */
  constructor(shell) {
    this.shell = shell;
    this.page = /** @type {HTMLElement} */ (shell.querySelector(".page"));
    this.panel = /** @type {HTMLElement} */ (shell.querySelector(".sidebar"));
    this.openers = /** @type {HTMLElement[]} */ ([...shell.querySelectorAll("[data-sidebar-open]")]);
    if (NARROW.matches) this.#say(false);
    for (const opener of this.openers) opener.addEventListener("click", () => this.#set(true));
    for (const closer of shell.querySelectorAll("[data-sidebar-close]"))
      closer.addEventListener("click", () => this.#set(false));
    shell.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !NARROW.matches || shell.dataset.drawer !== "open") return;
      event.preventDefault();
      this.#set(false);
    });
    NARROW.addEventListener("change", () => {
      this.#drawer(false);
      this.#say(!NARROW.matches && shell.dataset.sidebar !== "closed");
    });
  }

  /** @param {boolean} open */
  #set(open) {
    if (NARROW.matches) this.#drawer(open);
    else {
      this.shell.dataset.sidebar = open ? "open" : "closed";
      // the server reads this, so that the page never opens with the list in the wrong state
      document.cookie = `sidebar=${open ? "open" : "closed"}; path=/; max-age=${YEAR}; samesite=lax`;
    }
    this.#say(open);
    const next = open ? this.panel.querySelector("[data-sidebar-close]") : this.openers[0];
    if (next instanceof HTMLElement) next.focus();
  }

  /** @param {boolean} open */
  #say(open) {
    for (const opener of this.openers) opener.setAttribute("aria-expanded", String(open));
  }

  /** @param {boolean} open */
  #drawer(open) {
    this.shell.dataset.drawer = open ? "open" : "closed";
    this.page.inert = open;
  }
}

const shell = document.querySelector(".shell");
if (shell instanceof HTMLElement) new SideBar(shell);
