"""The page's side of docs/delivery.md against a socket that the test speaks: whatever it says, nothing is shown twice,
out of order, or half.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from tests.support.person import Person
from tests.support.server import ChatServer
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.browser
SOCKET = re.compile(r"/ws/c/")
FINISHED = 'article[data-role="assistant"][data-state="complete"]'


def put(text: str, target: str = "#said") -> str:
    return f'<hx-partial hx-target="{target}" hx-swap="beforeend">{text}</hx-partial>'


@dataclass
class Line:
    """One connection of the page, as the server sees it."""

    route: WebSocketRoute
    heard: list[dict[str, Any]] = field(default_factory=list)
    closed: int | None = None

    def say(self, kind: str, **values: Any) -> None:
        self.route.send(json.dumps({"type": kind, **values}))

    def frame(self, first: int, seq: int, content: str | None) -> None:
        more = {} if content is None else {"content": content}
        self.say("frame", **{"from": first}, seq=seq, cursor=f"e:{seq}:1", **more)


class Socket:
    """The scripted server: its lines in order, and a thread of our own to write into."""

    def __init__(self, page: Page, url: str, *, build: str | None = None, greet: bool = True) -> None:
        self.page, self.greet, self.build = page, greet, build
        self.lines: list[Line] = []
        page.route_web_socket(SOCKET, self._open)
        page.goto(url)
        expect(page.locator(FINISHED)).to_be_attached()
        self.start = int(page.locator("#thread").get_attribute("data-seq") or "")

    def _open(self, route: WebSocketRoute) -> None:
        line = Line(route)
        self.lines.append(line)
        route.on_message(lambda text: line.heard.append(json.loads(text)))

        def closed(code: int | None, _reason: str | None) -> None:
            line.closed = code
            route.close(code=code or 1000)

        route.on_close(closed)
        if self.greet:
            build = self.build or self.page.locator("#thread").get_attribute("data-build")
            line.say("hello", protocol=1, build=build, epoch="e", head=0)

    def line(self, number: int, *, resumed: bool = True) -> Line:
        """The `number`-th connection, once the page has opened it and said where it stands."""
        self.until(lambda: len(self.lines) > number and (not resumed or bool(self.lines[number].heard)))
        return self.lines[number]

    def until(self, condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        for _ in range(int(seconds / 0.02)):
            if condition():
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"it did not happen; the page said {[line.heard for line in self.lines]}")

    def acknowledged(self, line: Line, seq: int) -> None:
        """Wait until the page says that it has everything up to `seq`."""
        self.until(lambda: line.heard[-1] == {"type": "ack", "seq": seq})

    def open_place(self) -> Line:
        """The first line, and a place in the thread that the test writes into."""
        line = self.line(0)
        first = self.start + 1
        line.frame(first, first, put('<pre id="said"></pre>', "#thread"))
        self.acknowledged(line, first)
        return line

    def said(self) -> str:
        return self.page.locator("#said").text_content() or ""


@pytest.fixture(scope="module")
def url(server: ChatServer) -> str:
    conversation, _ = Person(server).start("demo:3 tokens at 100/s", model="Demo")
    return f"{server.url}/c/{conversation}/"


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], server: ChatServer, cookies: dict[str, str]) -> Page:
    return new_context(server.url, cookies).new_page()


@pytest.fixture
def socket(page: Page, url: str) -> Socket:
    return Socket(page, url)


def test_the_page_resumes_where_it_stands_and_acknowledges_what_it_shows(socket: Socket):
    line = socket.open_place()
    at = socket.start + 1
    for offset, token in enumerate((" ", "\n", "42", "null", "{}", "&lt;b&gt;"), 1):
        line.frame(at + offset, at + offset, put(token))
    line.frame(at + 7, at + 9, None)
    socket.acknowledged(line, at + 9)
    assert socket.said() == " \n42null{}<b>"
    assert {each["type"] for each in line.heard[1:]} == {"ack"}
    assert line.heard[0]["type"] == "resume"
    assert re.fullmatch(rf"[0-9a-f]+:{socket.start}:\d+", line.heard[0]["cursor"])
    assert socket.page.locator("#thread").get_attribute("data-cursor") == f"e:{at + 9}:1"


def test_what_the_page_has_is_not_shown_twice(socket: Socket):
    line = socket.open_place()
    at = socket.start + 1
    for first, seq in ((1, 1), (1, 1), (2, 3), (2, 2), (4, 4), (1, 3), (5, 5)):
        line.frame(at + first, at + seq, put(f"{first}-{seq} "))
    socket.acknowledged(line, at + 5)
    assert socket.said() == "1-1 2-3 4-4 5-5 "
    assert len(socket.lines) == 1


@pytest.mark.parametrize(("first", "seq"), [(3, 3), (1, 3)], ids=["a hole", "an overlap"])
def test_a_gap_is_closed_and_resumed(socket: Socket, first: int, seq: int):
    line = socket.open_place()
    at = socket.start + 1
    line.frame(at + 1, at + 1, put("one "))
    line.frame(at + first, at + seq, put("wrong "))
    line.frame(at + 2, at + 2, put("late "))
    again = socket.line(1)
    assert line.closed == 4409
    assert again.heard == [{"type": "resume", "cursor": f"e:{at + 1}:1"}]
    again.frame(at + 2, at + 3, put("two three"))
    socket.acknowledged(again, at + 3)
    assert socket.said() == "one two three"


def test_a_frame_for_a_place_that_is_not_there_is_shown_not_at_all(socket: Socket, watch):
    watch.expect("A frame names a place")
    line = socket.open_place()
    at = socket.start + 1
    line.frame(at + 1, at + 1, put("half") + put("lost", "#nowhere"))
    again = socket.line(1)
    assert again.heard == [{"type": "resume", "cursor": f"e:{at}:1"}]
    again.frame(at + 1, at + 1, put("half") + put("lost", "#nowhere"))
    third = socket.line(2)
    assert third.heard == [{"type": "resume", "cursor": ""}]
    assert socket.said() == ""
    third.say("reset", reason="cursor", seq=at + 1, cursor=f"e:{at + 1}:1", content='<pre id="said">whole</pre>')
    socket.acknowledged(third, at + 1)
    assert socket.page.locator("#thread").inner_html() == '<pre id="said">whole</pre>'


@pytest.mark.parametrize("content", ["loose text", "<p>loose</p>", put("x") + "<p>loose</p>"])
def test_what_has_no_place_is_not_passed_over(socket: Socket, watch, content: str):
    watch.expect("A frame names a place")
    line = socket.open_place()
    line.frame(socket.start + 2, socket.start + 2, content)
    again = socket.line(1)
    assert again.heard == [{"type": "resume", "cursor": f"e:{socket.start + 1}:1"}]
    assert socket.said() == ""


def test_a_frame_that_fails_half_way_is_healed_by_a_snapshot(socket: Socket, watch):
    watch.expect("could not be put into the page", "Unknown swap style")
    line = socket.open_place()
    at = socket.start + 1
    line.frame(at + 1, at + 1, put("half") + '<hx-partial hx-target="#said" hx-swap="nonsense">x</hx-partial>')
    assert socket.line(1).heard == [{"type": "resume", "cursor": ""}]


def test_what_is_no_message_is_resumed_from(socket: Socket, watch):
    watch.expect("JSON")
    line = socket.open_place()
    line.route.send("<p>no json</p>")
    assert socket.line(1).heard == [{"type": "resume", "cursor": f"e:{socket.start + 1}:1"}]
    assert "no json" not in (socket.page.locator("body").text_content() or "")


@pytest.mark.parametrize("content", ["", '<article id="m-x">only this</article>', put("partial", "#thread")])
def test_a_reset_is_the_whole_thread(socket: Socket, content: str):
    line = socket.open_place()
    line.say("reset", reason="retention", seq=3, cursor="other:3:1", content=content)
    socket.acknowledged(line, 3)
    assert socket.page.locator("#thread").inner_html() == (content if content[:3] != "<hx" else "partial")
    line.frame(4, 4, put("more", "#thread"))
    socket.acknowledged(line, 4)
    assert (socket.page.locator("#thread").text_content() or "").endswith("more")


def test_another_build_reloads_once_and_keeps_the_draft(page: Page, url: str):
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    socket = Socket(page, url, build="another")
    socket.until(lambda: len(loads) == 2)
    second = socket.line(1)
    page.locator("#prompt").fill("a draft")
    page.evaluate("sessionStorage.clear()")
    second.route.close(code=1001)
    socket.until(lambda: len(loads) == 3)
    expect(page.locator("#prompt")).to_have_value("a draft")
    socket.until(lambda: any(line.heard for line in socket.lines[2:]))
    assert len(loads) == 3
    assert socket.lines[-1].heard[0]["type"] == "resume"


@pytest.mark.parametrize(
    ("code", "says"),
    [(4401, "You are signed out"), (4403, "no longer read this chat"), (4404, "This chat was deleted")],
)
def test_an_end_is_told_and_final(socket: Socket, code: int, says: str):
    line = socket.open_place()
    line.route.close(code=code)
    expect(socket.page.locator("connection-state")).to_contain_text(says)
    socket.page.wait_for_timeout(1500)  # longer than the first two tries would take
    assert len(socket.lines) == 1
    expect(socket.page.locator("#prompt")).not_to_be_editable()
    expect(socket.page.get_by_role("button", name="Send", exact=True)).to_be_disabled()


@pytest.mark.parametrize("code", [1000, 1001, 1011, 4400, 4408, 4412])
def test_any_other_end_is_resumed_from(socket: Socket, code: int):
    line = socket.open_place()
    line.route.close(code=code)
    assert socket.line(1).heard == [{"type": "resume", "cursor": f"e:{socket.start + 1}:1"}]


def test_a_database_ahead_without_frames_is_a_gap(socket: Socket):
    line = socket.open_place()
    line.say("beat", head=socket.start + 5)
    again = socket.line(1)
    assert line.closed == 4409
    assert again.heard == [{"type": "resume", "cursor": f"e:{socket.start + 1}:1"}]


def test_a_pause_is_patience(socket: Socket):
    line = socket.open_place()
    line.say("beat", head=socket.start + 5)
    line.say("paused", reason="database")
    expect(socket.page.locator("connection-state")).to_contain_text("The server is waiting")
    socket.page.wait_for_timeout(6500)  # beyond the five seconds after which a silent gap is closed
    assert len(socket.lines) == 1
    line.frame(socket.start + 2, socket.start + 5, put("here"))
    expect(socket.page.locator("connection-state")).to_be_hidden()


def test_a_server_that_never_greets_is_left(page: Page, url: str):
    socket = Socket(page, url, greet=False)
    socket.line(1, resumed=False)
    assert socket.lines[0].heard == []
