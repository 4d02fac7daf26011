"""The frames in a real browser, swapped by the vendored htmx: the page is what a fresh page would be."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from streaming.events import Complete, Interrupted, StreamingChunk
from streaming.rendering import ConversationView, MarkdownStream, as_partials
from tests.support.browsing import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.support.history import CHUNKS, ME, Writer
from tests.support.markdown_pieces import PIECES, cut

HTMX = Path(__file__).parents[2] / "static" / "vendor" / "htmx.min.js"

pytestmark = pytest.mark.browser

SWAP = """async (frame) => {
  await htmx.swap({ text: frame, sourceElement: document.body, target: document.body, swap: "none" });
}"""
DIFFERENCE = """(html) => {
  const fresh = new DOMParser().parseFromString(`<div id="root">${html}</div>`, "text/html").getElementById("root");
  const page = document.getElementById("root");
  for (const element of page.querySelectorAll("[data-htmx-powered]")) element.removeAttribute("data-htmx-powered");
  fresh.normalize();
  page.normalize();
  return page.isEqualNode(fresh) ? "" : `${page.innerHTML}\\n--- is not ---\\n${fresh.innerHTML}`;
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page()
        yield page
        browser.close()


def opened(page: Page, id_: str, html: str) -> None:
    """A page whose element `id_`, in #root, has `html`."""
    page.set_content(f'<!doctype html><body><div id="root"><div id="{id_}">{html}</div></div>')
    page.add_script_tag(path=HTMX)


def assert_same(page: Page, id_: str, html: str) -> None:
    assert page.evaluate(DIFFERENCE, f'<div id="{id_}">{html}</div>') == ""


@pytest.mark.parametrize("seed", range(12))
def test_markdown_frames_make_a_fresh_page(page: Page, seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choice(PIECES) for _ in range(60))
    stream = MarkdownStream("p")
    opened(page, "p", stream.html())
    so_far = ""
    for piece in cut(text, [chance.randrange(10_000) for _ in range(25)]):
        stream.feed(piece)
        so_far += piece
        page.evaluate(SWAP, as_partials(stream.patch()))
        fresh = MarkdownStream("p")
        fresh.feed(so_far)
        assert_same(page, "p", fresh.html())
    stream.close()
    page.evaluate(SWAP, as_partials(stream.patch()))
    assert_same(page, "p", stream.html())


def test_whitespace_and_rows_survive_the_swap(page: Page) -> None:
    stream = MarkdownStream("p")
    opened(page, "p", stream.html())
    for piece in (
        "```\n",
        " ",
        "\n",
        "\t",
        "\n",
        "\r\n",
        "42\n```\n\n",
        "| a |\n|---|\n",
        "| 1 |\n",
        "| 2 |\n\n",
        "- a\n",
        "- b\n",
    ):
        stream.feed(piece)
        page.evaluate(SWAP, as_partials(stream.patch()))
    assert page.evaluate("document.querySelector('code').textContent") == " \n\t\n\r\n42\n"
    assert page.evaluate("[...document.querySelectorAll('table > tbody > tr')].map((row) => row.innerText)") == [
        "1",
        "2",
    ]
    assert page.evaluate("[...document.querySelectorAll('ul > li')].map((item) => item.innerText)") == ["a", "b"]


def test_conversation_frames_make_a_fresh_page(page: Page) -> None:
    writer = Writer()
    view = ConversationView(writer.snapshot(), viewer=ME)
    opened(page, "thread", view.html())
    seen = 0

    def show() -> None:
        nonlocal seen
        for event in writer.events[seen:]:
            view.feed(event)
        seen = len(writer.events)
        page.evaluate(SWAP, view.patch())
        assert_same(page, "thread", ConversationView(writer.snapshot(), viewer=ME).html())

    first = writer.ask("Hello <b>\r\n  there")
    show()
    kept = page.query_selector(f"#m-{writer.runs[first]}")
    writer.start(first)
    show()
    for chunk in CHUNKS:
        writer.put(StreamingChunk("hm\n\n", "thinking") if chunk == CHUNKS[0] else StreamingChunk(chunk), first)
        show()
    second = writer.ask("And then?")
    show()
    writer.end(first, Interrupted("The server stopped."))
    show()
    assert kept is not None
    assert kept.evaluate("(element) => element.isConnected && element.dataset.state") == "interrupted"
    writer.start(second)
    writer.put(StreamingChunk("no"), second)
    writer.start(second)
    writer.put(StreamingChunk("yes"), second)
    show()
    writer.end(second, Complete("length"))
    show()
    again = writer.answer(writer.states[writer.runs[second]].parent, tell=True)
    show()
    writer.start(again)
    writer.put(StreamingChunk("other"), again)
    writer.end(again, Complete())
    show()
    writer.answer(writer.runs[again])
    show()
