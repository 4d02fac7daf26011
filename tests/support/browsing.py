"""How the tests' Chromium is started, and a watch over what its pages complain about."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Page

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-smooth-scrolling",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watch:
    """Collects errors of pages: console, uncaught exceptions, violations of the content security policy."""

    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def page(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

    def expect(self, *patterns: str) -> None:
        """Complaints that match one of these are part of the test."""
        self.expected += patterns

    def verify(self) -> None:
        left = [text for text in self.complaints if not any(re.search(pattern, text) for pattern in self.expected)]
        assert not left, "the page complained:\n" + "\n".join(left)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")


# What Chromium itself writes to the console when a test takes the server or the network away.
NETWORK_ERRORS = (
    r"WebSocket connection to .* failed",
    r"Failed to load resource: net::ERR_",
    r"htmx:(ws|sse):error",
    r"htmx:error: Failed to fetch",
    r"net::ERR_(CONNECTION|EMPTY|NETWORK|INCOMPLETE|ABORTED)",
)

# Remembers every text that an answer's code block (or, without one, its body) has shown in this page, by run,
# and when there was a new one (Unix milliseconds).
REMEMBER_WHAT_WAS_SHOWN = """(() => {
  const shown = (window.shownByRun = {});
  const times = (window.shownAt = []);
  const look = () => {
    for (const article of document.querySelectorAll("article.message[data-run]")) {
      const place = article.querySelector("pre code") ?? article.querySelector(".message__body");
      if (!place) continue;
      const key = `${article.dataset.run} ${place.localName}`;
      const texts = (shown[key] ??= []);
      if (place.textContent === texts.at(-1)) continue;
      texts.push(place.textContent);
      times.push(Date.now());
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
})()"""
