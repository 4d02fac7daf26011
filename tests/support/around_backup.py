"""A page that stays open around a back-up: one answer is whole then, one is under way, and one comes later."""

from dataclasses import dataclass, field

from playwright.sync_api import expect

from tests.support import checker, corpus
from tests.support.chat_page import ChatPage
from tests.support.log_reader import LogReader
from tests.support.model_server import Exchange, ModelServer
from tests.support.scripts import Gate, Script, spoken
from tests.support.waiting import until

TOKENS = 120
BEFORE, DURING, LATER, AFTERWARDS = "before", "during", "later", "afterwards"


@dataclass
class OpenPage:
    """`log` reads the database that is in place at that moment."""

    chat: ChatPage
    models: ModelServer
    gate: Gate = field(default_factory=Gate)

    def talk_until_the_back_up(self) -> None:
        """One answer is complete, a second one stands in its middle."""
        self.models.answer("", said)
        self.models.answer(DURING, self._halting)
        self._ask(BEFORE)
        self.chat.ask(DURING)
        assert self.gate.reached.wait(30)
        until(lambda: len(self.chat.code_so_far()) > 100, "half an answer is shown")

    def talk_on(self) -> None:
        """What no back-up has: the rest of the second answer, and a third one."""
        self.gate.open()
        self.chat.wait_for_state("complete")
        self._ask(LATER)
        assert self.chat.questions.count() == 3

    def verify_that_it_goes_on(self, log: LogReader) -> None:
        """Without anybody's doing the page shows what was restored, and then what comes; a fresh one shows the same."""
        expect(self.chat.questions).to_contain_text([BEFORE, DURING])
        self.chat.wait_for_state("interrupted")
        self._verify(log, ["complete", "interrupted"])
        self._ask(AFTERWARDS)
        answers = self._verify(log, ["complete", "interrupted", "complete"])
        checker.page_grew(answers[-1].text, self.chat.shown(), "the new answer")
        shown = self.chat.page.locator("#thread").inner_text()
        self.chat.page.reload()
        self._verify(log, ["complete", "interrupted", "complete"])
        checker.same(self.chat.page.locator("#thread").inner_text(), shown, "page, against a fresh one")

    def _ask(self, text: str) -> None:
        count = self.chat.answers.count()
        self.chat.ask(text)
        expect(self.chat.answers).to_have_count(count + 1)
        self.chat.wait_for_state("complete")

    def _verify(self, log: LogReader, endings: list[str]) -> list:
        answers = log.checked(self.chat.conversation)
        assert [answer.terminal for answer in answers] == endings
        runs = [article.get_attribute("data-run") for article in self.chat.answers.all()]
        assert runs == [answer.run for answer in answers]
        for answer, ending in zip(answers, endings, strict=True):
            [exchange] = [one for one in self.models.exchanges if f"exchange-{one.number} " in answer.text]
            checker.log_holds(answer, exchange, whole=ending == "complete")
            checker.page_holds(answer.text, self.chat.code(self.chat.answer_of(answer.run)), f"page, {ending} answer")
        return answers

    def _halting(self, exchange: Exchange) -> Script:
        text = _text(exchange)
        return Script([*spoken(text[: TOKENS // 2]), self.gate, *spoken(text[TOKENS // 2 :])])


def said(exchange: Exchange) -> Script:
    """An answer with a mark of its own."""
    return Script(spoken(_text(exchange)))


def _text(exchange: Exchange) -> list[str]:
    return corpus.fenced(f"exchange-{exchange.number}", TOKENS, seed=exchange.number)
