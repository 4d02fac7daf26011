"""The page against a server that misbehaves: the socket is the test's own, everything else is real."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.support.browsing import NETWORK_ERRORS, Watch
from tests.support.chat_page import ChatPage
from tests.support.model_server import ModelServer
from tests.support.scripts import Delta, Gate, Script, spoken
from tests.support.server import ChatServer
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import until

pytestmark = pytest.mark.browser
NOWHERE = "<hx-partial hx-target='#nowhere' hx-swap='beforeend'>x</hx-partial>"


class Impostor:
    """Answers the page's sockets. `said` is what it says to a resume, as JSON; `builds` are named in turn."""

    def __init__(
        self, page: Page, said: Callable[["Impostor", dict], list[dict]], builds: tuple[str, ...] = ()
    ) -> None:
        self.page = page
        self.opened = self.loaded = 0
        self.heard: list[tuple[int, dict]] = []  # on which line, and what
        self._said = said
        self._builds = builds
        page.on("domcontentloaded", lambda _: self._look())
        page.route_web_socket("**/ws/c/**", self._serve)

    def _look(self) -> None:
        self.loaded += 1

    def open(self, conversation: str) -> "Impostor":
        html = self.page.request.get(f"/c/{conversation}/").text()
        self.seq, self.cursor, self.build = (attribute(html, name) for name in ("seq", "cursor", "build"))
        self.page.goto(f"/c/{conversation}/")
        return self

    def frame(self, content: str) -> dict:
        seq = int(self.seq) + 1
        epoch = self.cursor.split(":")[0]
        return {"type": "frame", "from": seq, "seq": seq, "cursor": f"{epoch}:{seq}:1", "content": content}

    def reset(self, content: str) -> dict:
        return {"type": "reset", "reason": "cursor", "seq": int(self.seq), "cursor": self.cursor, "content": content}

    def _serve(self, socket: WebSocketRoute) -> None:
        self.opened += 1
        build = self._builds[self.opened % len(self._builds)] if self._builds else self.build
        line = self.opened
        socket.on_message(lambda text: self._hear(socket, line, json.loads(text)))
        hello = {"type": "hello", "protocol": 1, "build": build, "epoch": self.cursor.split(":")[0]}
        socket.send(json.dumps({**hello, "head": int(self.seq)}))

    def _hear(self, socket: WebSocketRoute, line: int, message: dict) -> None:
        self.heard.append((line, message))
        for each in self._said(self, message) if message["type"] == "resume" else []:
            socket.send(json.dumps(each))


def attribute(html: str, name: str) -> str:
    return html.partition(f'data-{name}="')[2].partition('"')[0]


@pytest.fixture
def conversation(chat: ChatPage, models: ModelServer) -> str:
    models.answer("hello", Script(spoken(["Hello ", "world."])))
    chat.ask("hello")
    chat.wait_for_state("complete")
    return chat.conversation


@pytest.fixture
def page(new_context, server: ChatServer, cookies: dict[str, str]) -> Page:
    return new_context(server.url, cookies).new_page()


def test_servers_of_two_builds_in_turn_reload_the_page_once(page: Page, conversation: str):
    impostor = Impostor(page, lambda *_: [], builds=("one", "another")).open(conversation)
    until(lambda: page.wait_for_timeout(50) or impostor.loaded == 2, "the page reloads for the other build")
    expect(page.locator("#thread")).to_have_js_property("state", "live")
    page.wait_for_timeout(2_000)  # a page that reloads again does it within a second
    assert impostor.loaded == 2


def test_frame_that_never_fits_is_asked_for_ever_more_rarely(page: Page, conversation: str, watch: Watch):
    watch.expect(r"A frame names a place", r"SwapError")

    def said(impostor: Impostor, resume: dict) -> list[dict]:
        snapshot = [] if resume["cursor"] else [impostor.reset("<p id='snapshot'>fresh</p>")]
        return [*snapshot, impostor.frame(NOWHERE)]

    impostor = Impostor(page, said).open(conversation)
    expect(page.locator("#snapshot")).to_be_visible()
    page.wait_for_timeout(8_000)
    assert impostor.opened <= 9  # 250 ms, 500 ms, 1 s, 2 s, 4 s … give or take a third each
    assert impostor.loaded == 1


def test_frame_that_ends_up_in_the_page_after_its_line_is_named_by_the_next_cursor_only(page: Page, conversation: str):
    """An acknowledgement on a line that never brought the frame breaks the protocol."""

    def said(impostor: Impostor, resume: dict) -> list[dict]:
        late = impostor.frame("<hx-partial hx-target='#thread' hx-swap='beforeend'><i id='late'></i></hx-partial>")
        return [late] if resume["cursor"] == impostor.cursor else []

    impostor = Impostor(page, said)
    page.add_init_script(
        "document.addEventListener('htmx:before:swap', () => dispatchEvent(new Event('online')), { once: true })"
    )
    impostor.open(conversation)
    until(lambda: page.wait_for_timeout(50) or impostor.opened == 2, "the page opens a new line in mid-swap")
    until(lambda: page.wait_for_timeout(50) or any(line == 2 for line, _ in impostor.heard), "the new line resumes")
    page.wait_for_timeout(800)
    expect(page.locator("#late")).to_have_count(1)
    told = [message for line, message in impostor.heard if line == 2]
    assert told == [{"type": "resume", "cursor": impostor.frame("")["cursor"]}]


def test_what_a_reader_opened_and_their_focus_survive_a_message_sent_whole(
    new_context, server: ChatServer, cookies: dict[str, str], models: ModelServer, watch: Watch
):
    watch.expect(*NETWORK_ERRORS)
    proxy = TcpProxy(server.port)
    try:
        page = new_context(proxy.url, cookies).new_page()
        chat = ChatPage(page).open_new()
        missed, end = Gate(), Gate()
        thinking = spoken(["hm "] * 40, pause=0.02, part="thinking")
        models.answer(
            "think", Script([*thinking[:30], missed, *thinking[30:], *spoken(["so ", "it "]), end, Delta("is.")])
        )
        chat.ask("think")
        page.locator("details.thinking summary").click()
        page.evaluate("document.querySelector('details.thinking').former = true")
        page.locator("details.thinking summary").focus()
        proxy.refuse()
        missed.open()
        assert end.reached.wait(30)
        proxy.accept()
        former = "() => document.querySelector('details.thinking').former"
        until(lambda: not page.evaluate(former), "the message was sent whole")
        expect(page.locator("details.thinking")).to_have_attribute("open", "")
        expect(page.locator("details.thinking summary")).to_be_focused()
        end.open()
        chat.wait_for_state("complete")
        expect(page.locator("details.thinking")).to_have_attribute("open", "")
    finally:
        proxy.close()
