"""What a person does and sees in the chat page. The one place that knows its selectors."""

import itertools
import re
import time
from dataclasses import dataclass

from playwright.sync_api import Error, Locator, Page, expect

from tests.support.waiting import PATIENCE_SECONDS, until

ENDED = ("complete", "cancelled", "error", "interrupted")
CODE = ".message__body pre code"
CONVERSATION = re.compile(r"/c/([^/?#]+)/")


@dataclass
class ChatPage:
    """A page of the chat; `model` is chosen for new chats."""

    page: Page
    model: str = "scripted"

    def open_new(self) -> "ChatPage":
        self.page.goto("/")
        self.choose_model(self.model)
        return self

    def open(self, conversation: str) -> "ChatPage":
        self.page.goto(f"/c/{conversation}/")
        return self

    def choose_model(self, name: str, *, connection: re.Pattern[str] | None = None) -> None:
        """Choose a model by its name, of the connection whose label matches."""
        picker = self.page.locator("select[name=model]")
        for group in picker.locator("optgroup").all():
            if connection and not connection.search(group.get_attribute("label") or ""):
                continue
            option = group.locator("option").filter(has_text=re.compile(rf"^\s*{name}\s*$"))
            if option.count():
                picker.select_option(option.first.get_attribute("value"))
                return
        raise AssertionError(f"{name} is not offered: {picker.inner_text()}")

    @property
    def composer(self) -> Locator:
        return self.page.locator("form.composer textarea")

    @property
    def conversation(self) -> str:
        """The conversation's id, once the address has it."""
        if not CONVERSATION.search(self.page.url):
            self.page.wait_for_url(CONVERSATION)
        found = CONVERSATION.search(self.page.url)
        assert found
        return found[1]

    def ask(self, text: str) -> None:
        """Send `text`; returns when the page shows the question, and so has a new newest answer."""
        before = self.questions.count()
        self.send(text)
        expect(self.questions).to_have_count(before + 1)

    def send(self, text: str) -> None:
        """Write `text` and press Enter, whatever comes of it."""
        self.page.wait_for_load_state()
        self.page.evaluate("customElements.whenDefined('prompt-composer').then(() => true)")
        self.composer.fill(text)
        self.composer.press("Enter")

    def wait_until_connected(self) -> None:
        """The page's scripts run and its line to the server is open."""

        def connected() -> bool:
            try:
                state = self.page.evaluate("document.querySelector('conversation-stream')?.state")
            except Error:  # the page is being replaced by the next one
                return False
            return state in {"live", "catching-up"}

        until(connected, "the page is connected")

    @property
    def answers(self) -> Locator:
        return self.page.locator('article.message[data-role="assistant"]')

    @property
    def questions(self) -> Locator:
        return self.page.locator('article.message[data-role="user"]')

    @property
    def answer(self) -> Locator:
        """The newest answer on the page."""
        return self.answers.last

    def answer_of(self, run: str) -> Locator:
        return self.page.locator(f'article.message[data-run="{run}"]')

    def wait_for_state(self, *states: str, answer: Locator | None = None, seconds: float = PATIENCE_SECONDS) -> str:
        """Wait until the (newest) answer shows one of the states; which."""
        wanted = re.compile(f"^({'|'.join(states)})$")
        found = answer or self.answer
        expect(found).to_have_attribute("data-state", wanted, timeout=seconds * 1000)
        return found.get_attribute("data-state") or ""

    def wait_for_text(self, text: str, *, seconds: float = PATIENCE_SECONDS) -> None:
        expect(self.answer.locator(".message__body")).to_contain_text(text, timeout=seconds * 1000)

    def text(self, answer: Locator | None = None) -> str:
        """The text of the answer's body as the DOM has it."""
        return (answer or self.answer).locator(".message__body").first.text_content() or ""

    def code(self, answer: Locator | None = None) -> str:
        """The text of the answer's code block as the DOM has it."""
        blocks = (answer or self.answer).locator("pre code")
        assert blocks.count() == 1, f"{blocks.count()} code blocks in the answer"
        return blocks.text_content() or ""

    def code_so_far(self, answer: Locator | None = None) -> str:
        """The same while it may not have begun yet."""
        blocks = (answer or self.answer).locator("pre code")
        return blocks.first.text_content() or "" if blocks.count() else ""

    def shown(self, answer: Locator | None = None, *, place: str = "code") -> list[str]:
        """Every text that the answer's code block (`place="div"`: its body) has had in this page, oldest first."""
        run = (answer or self.answer).get_attribute("data-run")
        return self.page.evaluate("(key) => window.shownByRun[key] ?? []", f"{run} {place}")

    def silence(self, since: float) -> float:
        """The longest time without a new text in the page from `since` (Unix seconds) to the newest, in seconds."""
        times = [since, *(at / 1000 for at in self.page.evaluate("window.shownAt") if at / 1000 > since)]
        return max((after - before for before, after in itertools.pairwise(times)), default=time.time() - since)

    def press(self, name: str) -> None:
        """Click the newest visible button of that name."""
        self.page.get_by_role("button", name=name, exact=True).last.click()
