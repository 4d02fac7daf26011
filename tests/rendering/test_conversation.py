"""A conversation's view: a snapshot and the events after it make what a later snapshot makes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.events import (
    Cancelled,
    Complete,
    EventData,
    Failed,
    Interrupted,
    Metadata,
    StreamingChunk,
    ToolCall,
    ToolResult,
    Usage,
    event_of,
)
from streaming.rendering import ConversationView
from tests.support.conversation_view import asked, later, view_of
from tests.support.dom import Page
from tests.support.history import ME, History, histories


@settings(max_examples=120, deadline=None)
@given(history=histories(), flush=st.lists(st.booleans(), min_size=1, max_size=30))
def test_view_equals_later_snapshot(history: History, flush: list[bool]) -> None:
    events, snapshots = history.events, history.snapshots
    views = [(view := ConversationView(snapshots[0], viewer=ME), Page("thread", view.html()))]
    for count, event in enumerate(events, 1):
        for view, _ in views:
            view.feed(event)
        if not flush[count % len(flush)] and count != len(events):
            continue
        for view, page in views:
            page.apply(view.patch())
            assert view.patch() == ""
        if count in snapshots:
            fresh = ConversationView(snapshots[count], viewer=ME)
            expected = Page("thread", fresh.html())
            for view, page in views:
                assert page.root.shape() == expected.root.shape()
                assert Page("thread", view.html()).root.shape() == expected.root.shape()
            views = [views[0], (fresh, expected)]


def test_question_is_shown_exactly() -> None:
    writer, _, _ = asked("<b>\t&amp; **x**\n  two  spaces\r\n🏳️‍🌈 \u202eabc")
    _, page = view_of(writer)
    body = page.root.find("m-q0-body")
    assert body is not None
    assert body.text == "<b>\t&amp; **x**\n  two  spaces\r\n🏳️‍🌈 \u202eabc"
    assert body.attributes["dir"] == "auto"
    assert not body.all("b")


def test_article_follows_its_run() -> None:
    writer, run, message = asked()
    view, page = view_of(writer)
    article = page.root.find(f"m-{message}")
    assert article is not None
    assert article.attributes["data-state"] == "queued"
    seen = len(writer.events)
    writer.start(run)
    later(writer, view, page, seen)
    assert article.attributes["data-state"] == "running"
    assert "waiting for the model" in article.text
    seen = len(writer.events)
    writer.put(StreamingChunk("Hello"), run)
    writer.end(run, Complete())
    later(writer, view, page, seen)
    assert page.root.find(f"m-{message}") is article, "the article itself is never sent again"
    assert {name: article.attributes[name] for name in ("class", "data-role", "data-state", "data-run")} == {
        "class": "message",
        "data-role": "assistant",
        "data-state": "complete",
        "data-run": run,
    }
    status = page.root.find(f"m-{message}-status")
    assert status is not None
    assert status.text == "m2 · first token 0.4 s · 26 tok/s · 42 tokens"


def status_of(page: Page, message: str) -> str:
    found = page.root.find(f"m-{message}-status")
    assert found is not None
    return found.text


def test_quiet_line_counts_by_the_second_while_text_comes() -> None:
    writer, run, message = asked()
    writer.start(run)
    view, page = view_of(writer)
    seen, said = len(writer.events), []
    for _ in range(7):  # one in 370 ms, three tokens each
        writer.put(StreamingChunk("a b c", lengths=(1, 2, 2), times=(0, 1, 2)), run)
        later(writer, view, page, seen)
        seen = len(writer.events)
        said.append(status_of(page, message))
    first = "m1 · first token 0.4 s"
    assert said == [first] * 3 + [f"{first} · ≈ 11 tok/s · ≈ 12 tokens"] * 3 + [f"{first} · ≈ 9 tok/s · ≈ 21 tokens"]
    assert status_of(view_of(writer)[1], message) == said[-1]


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (Metadata(first_token_ms=0, duration_ms=2_000, chunks=100), "first token < 1 ms · ≈ 50 tok/s · ≈ 100 tokens"),
        (
            Metadata(usage=Usage(9, 42), first_token_ms=8, duration_ms=9),
            "first token 0.008 s · 42,000 tok/s · 42 tokens",
        ),
        (Metadata(usage=Usage(9), first_token_ms=8, duration_ms=9, chunks=1), "first token 0.008 s"),
        (Metadata(usage=Usage(9, 1), first_token_ms=8, duration_ms=9, chunks=1), "first token 0.008 s · 1 token"),
    ],
)
def test_quiet_line_says_about_only_where_the_provider_has_not_counted(facts: Metadata, line: str) -> None:
    writer, run, message = asked()
    writer.start(run)
    view, page = view_of(writer)
    seen = len(writer.events)
    writer.put(StreamingChunk("Hello"), run)
    writer.put(facts, run)
    writer.put(Cancelled(), run)
    assert status_of(later(writer, view, page, seen), message) == f"m1 · {line}"


def test_article_has_the_parts_that_styles_and_scripts_know() -> None:
    writer, run, message = asked()
    writer.start(run)
    writer.put(StreamingChunk("Hm.", "thinking"), run)
    writer.put(StreamingChunk("Hello", "text"), run)
    _, page = view_of(writer)
    article = page.root.find(f"m-{message}")
    assert article is not None
    named = {str(element.attributes["id"]): element for element in article.walk() if "id" in element.attributes}
    found = {
        id_: (element.name, element.attributes.get("class"))
        for id_, element in named.items()
        if not re.search(r"-b\d", id_)
    }
    assert found == {
        f"m-{message}": ("article", "message"),
        f"m-{message}-body": ("div", "message__body"),
        f"m-{message}-p0": ("details", "part thinking"),
        f"m-{message}-p0-s": ("summary", None),
        f"m-{message}-p0-t": ("div", "prose"),
        f"m-{message}-p1": ("div", "part prose"),
        f"m-{message}-tools": ("div", "message__tools"),
        f"m-{message}-notice": ("div", "message__notice"),
        f"m-{message}-status": ("div", "message__status"),
        f"m-{message}-actions": ("div", "message__actions"),
    }


def test_chunk_touches_only_its_text() -> None:
    writer, run, message = asked()
    writer.start(run)
    writer.put(StreamingChunk("Hello"), run)
    view, _ = view_of(writer)
    view.feed(writer.put(StreamingChunk(" there"), run))
    assert view.patch() == f'<hx-partial hx-target="#m-{message}-p0-b1" hx-swap="beforeend"> there</hx-partial>'


def test_later_attempt_supersedes_what_was_said() -> None:
    writer, run, message = asked()
    writer.start(run)
    old = writer.put(StreamingChunk("first try"), run)
    view, page = view_of(writer)
    seen = len(writer.events)
    writer.start(run)
    writer.put(StreamingChunk("second"), run)
    later(writer, view, page, seen)
    view.feed(old)  # a zombie's late word
    page.apply(view.patch())
    body = page.root.find(f"m-{message}-body")
    assert body is not None
    assert body.text == "second"


@pytest.mark.parametrize(
    ("end", "text", "notice", "choices"),
    [
        (Complete(), "Hello", "", []),
        (Complete("length"), "Hello", "The answer reached the length limit.", ["Continue"]),
        (Cancelled(by="ada"), "Hello", "Stopped. The text so far is kept.", ["Continue"]),
        (Cancelled(by="ada"), "", "Stopped before the first word.", []),
        (Interrupted(), "Hello", "The answer was interrupted. Its text so far is kept.", ["Retry", "Continue"]),
        (Interrupted(), "", "The answer was interrupted.", ["Retry"]),
        (Failed("x", "It broke.", True), "Hello", "It broke. The text so far is kept.", ["Retry", "Continue"]),
        (Failed("x", "It broke.", True), "", "It broke.", ["Retry"]),
    ],
)
def test_ending_says_what_happened_and_what_to_do(end: EventData, text: str, notice: str, choices: list[str]) -> None:
    writer, run, message = asked()
    writer.start(run)
    if text:
        writer.put(StreamingChunk(text), run)
    writer.end(run, end)
    _, page = view_of(writer)
    element = page.root.find(f"m-{message}-notice")
    assert element is not None
    assert element.text.removesuffix("".join(choices)) == notice
    assert [button.text for button in element.all("button")] == choices
    posts = {button.text: button.attributes["hx-post"] for button in element.all("button")}
    assert posts == {choice: f"/runs/{run}/{choice.lower()}/" for choice in choices}


def test_event_of_an_unknown_run_is_ignored() -> None:
    writer, _, _ = asked()
    view, _ = view_of(writer)
    view.feed(event_of(StreamingChunk("?"), run_id="other", attempt=1))
    assert view.patch() == ""


def test_what_tools_say_is_text() -> None:
    writer, run, message = asked()
    writer.start(run)
    writer.put(ToolCall("t", "<b>", '{"a": "<script>"}', "executing"), run)
    writer.put(ToolResult("t", "<b>", "</pre><hx-partial>", ms=1_500), run)
    _, page = view_of(writer)
    tools = page.root.find(f"m-{message}-tools")
    assert tools is not None
    assert "</pre><hx-partial>" in tools.text
    assert {element.name for element in tools.walk()} <= {
        "div",
        "details",
        "summary",
        "span",
        "dl",
        "dt",
        "dd",
        "pre",
        "code",
    }
