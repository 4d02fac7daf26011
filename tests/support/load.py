"""Many conversations that stream until told to finish, each with a viewer; and whether all of it arrived.

Knows the site by its address, its log and its model; what a viewer does is its own affair.
"""

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from tests.support import checker, corpus
from tests.support.chat_page import ENDED, ChatPage
from tests.support.hosted import Site
from tests.support.log_reader import LIVE, Answer
from tests.support.loop_thread import LoopThread
from tests.support.model_server import Exchange, ModelServer
from tests.support.page_viewer import PageViewer
from tests.support.person import Person
from tests.support.rolling import shows_the_log
from tests.support.scripts import Delta, Script
from tests.support.waiting import until

CONVERSATIONS = 20
PAUSE_SECONDS = 0.08  # 12 tokens/s each: a person's reading speed, and two cores have to do everything
LONGEST = 4_000  # deltas
_numbers = itertools.count(1)


class Talk:
    """A code block that goes on until `over` is set, then is closed."""

    def __init__(self, exchange: Exchange, over: threading.Event) -> None:
        self._deltas = corpus.fenced(f"exchange-{exchange.number}", LONGEST, seed=exchange.number, close=False)
        self._over = over

    def __iter__(self) -> Iterator[Delta]:
        for text in self._deltas:
            yield Delta(text, after=PAUSE_SECONDS)
            if self._over.is_set() and text.startswith("w0"):  # a numbered word: no half of a pair is left behind
                break
        yield Delta("\n```\n")


class Load:
    """Use as a context: on entry all conversations stream, on exit nothing of it is left running."""

    def __init__(self, site: Site, models: ModelServer, person: Person, *, conversations: int = CONVERSATIONS) -> None:
        self.site = site
        self.models = models
        self.person = person
        self.number = conversations
        self.prompt = f"load {next(_numbers)};"
        self.over = threading.Event()
        self.conversations: list[str] = []
        self.viewers: list[PageViewer] = []
        self._loop = LoopThread("viewers")
        self._watching: list[asyncio.Task[None]] = []

    def __enter__(self) -> Self:
        self.models.answer(self.prompt, lambda exchange: Script(Talk(exchange, self.over)))  # type: ignore[arg-type]
        reference = self.person.reference_of("scripted")
        with ThreadPoolExecutor(4) as asking:
            self.conversations = list(asking.map(lambda _: self._ask(reference), range(self.number)))
        for conversation in self.conversations:
            self.watch(conversation)
        self.wait_until_all_stream()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.over.set()
        self._loop.close()

    def watch(self, conversation: str) -> PageViewer:
        """One more viewer."""
        viewer = PageViewer(self.site.url, conversation, self.person.cookies)
        self.viewers.append(viewer)

        async def begin() -> None:
            self._watching.append(asyncio.create_task(viewer.watch()))

        self._loop.run(begin())
        return viewer

    def wait_until_all_stream(self, seconds: float = 60) -> None:
        """Every viewer shows something that is said from now on."""
        without = self._without_news()
        until(lambda: not without(), "every viewer goes on", seconds=seconds)

    def wait_until_live_ones_stream(self, seconds: float) -> None:
        """The same for the viewers of those conversations whose run has not ended meanwhile."""
        without = self._without_news()
        deadline = time.monotonic() + seconds
        while stuck := [viewer for viewer in without() if self._is_live(viewer.conversation)]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not shown anything for {seconds:g} s: {'; '.join(map(str, stuck))}")
            time.sleep(0.1)

    def _without_news(self) -> Callable[[], list[PageViewer]]:
        """Gives the viewers that were shown hardly anything since now."""
        before = {id(viewer): len(viewer.rolling.marks) for viewer in self.viewers}
        return lambda: [viewer for viewer in self.viewers if len(viewer.rolling.marks) <= before[id(viewer)] + 2]

    def _is_live(self, conversation: str) -> bool:
        return any(run.state in LIVE for run in self.site.log.runs(conversation))

    def ask_again(self) -> None:
        """Have the conversations stream whose run has ended."""
        for conversation in self.conversations:
            if not self._is_live(conversation):
                self.person.ask(conversation, self.prompt)

    def wait_until_quiet(self, runs: set[str], seconds: float = 60) -> None:
        """The requests of these runs' attempts are over at the model."""
        mine = [self.exchange_of(answer) for answer in self._answers() if answer.run in runs and answer.text]
        until(lambda: all(one.over.is_set() for one in mine), "the model is no longer read", seconds=seconds)

    def wait_until_viewers_are_there(self, seconds: float = 60) -> None:
        """Every viewer has what the log has."""
        heads = {each: len(self.site.log.events(each)) for each in self.conversations}
        until(
            lambda: all(viewer.noted >= heads[viewer.conversation] for viewer in self.viewers),
            "every viewer is where the log was",
            seconds=seconds,
        )

    def live(self) -> list[str]:
        """Runs that have not ended."""
        return [run for run, state in self.states().items() if state in LIVE]

    def states(self) -> dict[str, str]:
        return {run.id: run.state for each in self.conversations for run in self.site.log.runs(each)}

    def finish(self, *, seconds: float = 60) -> list[Answer]:
        """Let all end, wait until every viewer has it, compare everything; the answers.

        Raises what the checkers raise, or TimeoutError.
        """
        self.over.set()
        until(lambda: not self.live(), "every run has ended", seconds=seconds, every=0.2)
        return [answer for each in self.conversations for answer in self._compare(each, seconds)]

    def _answers(self) -> list[Answer]:
        return [answer for each in self.conversations for answer in self.site.log.checked(each)]

    def _ask(self, reference: str) -> str:
        answer = self.person.post("/prompts/", text=self.prompt, model=reference)
        return str(answer["location"]).strip("/").split("/")[-1]

    def _compare(self, conversation: str, seconds: float) -> list[Answer]:
        found, events = self.site.log.checked(conversation), self.site.log.events(conversation)
        for answer in found:
            if answer.text or answer.terminal == "complete":
                checker.log_holds(answer, self.exchange_of(answer), whole=answer.terminal == "complete")
        for viewer in self.viewers:
            if viewer.conversation == conversation:
                self._compare_viewer(viewer, found, events, seconds)
        return found

    def _compare_viewer(self, viewer: PageViewer, found: list[Answer], events: list, seconds: float) -> None:
        what = f"viewer of {viewer.conversation}"
        until(lambda: viewer.broken or viewer.noted >= len(events), f"{what} has everything", seconds=seconds)
        if viewer.broken is not None:
            raise AssertionError(f"{what} saw the contract broken") from viewer.broken
        assert viewer.seq == len(events), f"{what} is at {viewer.seq} of {len(events)}"
        assert not viewer.resets_later, f"{what} was reset: {viewer.resets_later}"
        assert len(viewer.rolling.marks) > len(found), f"{what} was hardly shown anything"
        shows_the_log(viewer.rolling.marks, events, what)
        for answer in found:
            if "\n" in answer.text:
                checker.page_holds(answer.text, viewer.shows(answer.run), f"{what}, run {answer.run}")

    def exchange_of(self, answer: Answer) -> Exchange:
        """What the model said for this attempt: each exchange begins with a mark of its own."""
        found = [one for one in list(self.models.exchanges) if f"\nexchange-{one.number} " in answer.text]
        assert len(found) == 1, f"run {answer.run}, which is {answer.terminal}, has the text of {len(found)} exchanges"
        return found[0]

    def silences(self, since: float) -> list[float]:
        """For each viewer the longest time without a frame from `since` (monotonic) until now."""
        found = []
        for viewer in self.viewers:
            times = [since, *(at for at in list(viewer.arrived) if at > since), time.monotonic()]
            found.append(max(after - before for before, after in itertools.pairwise(times)))
        return found

    def back_after(self, since: float) -> list[float]:
        """For each viewer the seconds from `since` (monotonic) to its first frame over a line opened later."""
        found = []
        for viewer in self.viewers:
            line = next((at for at in viewer.greeted if at > since), None)
            if line is not None:
                found.append(next((at for at in viewer.arrived if at > line), time.monotonic()) - since)
        return found


def page_has(chat: ChatPage, answers: list[Answer]) -> None:
    """The page shows what the log has of every answer of its conversation, and never showed anything else."""
    texts = {answer.run: answer.text for answer in answers}
    for article in chat.answers.all():
        run = article.get_attribute("data-run") or ""
        chat.wait_for_state(*ENDED, answer=article)
        checker.page_holds(texts[run], chat.code(article), f"page, run {run}")
        checker.page_grew(texts[run], chat.shown(article), f"page, run {run}")


def nothing_was_lost(load: Load, page: ChatPage) -> None:
    """Every conversation has its one answer, complete at the first attempt, everywhere."""
    answers = load.finish()
    others = [answer for answer in answers if (answer.terminal, answer.attempt) != ("complete", 1)]
    assert not others, [(one.run, one.attempt, one.terminal, one.text[:40], one.events) for one in others]
    assert len(answers) == len(load.conversations)
    page_has(page, answers)


def only_these_were_interrupted(load: Load, lost: set[str]) -> list[Answer]:
    """Let the others end, which have to be complete; all answers."""
    answers = load.finish()
    assert lost
    assert {answer.run for answer in answers if answer.terminal == "interrupted"} == lost
    assert {answer.terminal for answer in answers if answer.run not in lost} <= {"complete"}
    return answers
