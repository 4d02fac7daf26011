"""Which messages a view shows: what was taken back or removed, the other versions, what continues another."""

from streaming.events import Complete, Interrupted, PathChosen, StreamingChunk
from tests.support.conversation_view import asked, later, view_of
from tests.support.dom import Page
from tests.support.history import ME


def buttons(page: Page, message: str) -> list[str]:
    article = page.root.find(f"m-{message}")
    assert article is not None
    return [button.attributes.get("aria-label") or button.text for button in article.all("button")]


def test_queued_question_can_be_taken_back_until_its_answer_begins() -> None:
    writer, first, _ = asked()
    writer.start(first)
    second = writer.ask("And?")
    question = writer.states[writer.runs[second]].parent
    view, page = view_of(writer)
    assert "Take back" in buttons(page, question)
    seen = len(writer.events)
    writer.end(first, Complete())
    writer.start(second)
    later(writer, view, page, seen)
    assert "Take back" not in buttons(page, question)


def test_removed_question_goes_with_its_answer() -> None:
    writer, first, message = asked()
    writer.start(first)
    second = writer.ask("And?")
    view, page = view_of(writer)
    seen = len(writer.events)
    writer.remove(writer.states[writer.runs[second]].parent)
    later(writer, view, page, seen)
    assert [element.attributes["id"] for element in page.root.all("article")] == ["m-q0", f"m-{message}"]


def test_retry_shows_the_new_version_and_the_way_back() -> None:
    writer, run, message = asked()
    writer.start(run)
    writer.end(run, Complete())
    view, page = view_of(writer)
    assert "The version before" not in buttons(page, message)
    seen = len(writer.events)
    again = writer.runs[writer.answer("q0", tell=True)]
    later(writer, view, page, seen)
    assert page.root.find(f"m-{message}") is None
    article = page.root.find(f"m-{again}")
    assert article is not None
    assert "2/2" in article.text
    back = next(
        button for button in article.all("button") if button.attributes.get("aria-label") == "The version before"
    )
    assert back.attributes["hx-post"] == "/c/c1/path/"
    assert back.attributes["hx-vals"] == f'{{"leaf": "{message}"}}'


def test_path_of_another_person_changes_nothing() -> None:
    writer, run, _ = asked()
    writer.start(run)
    view, _ = view_of(writer)
    view.feed(writer.put(PathChosen("8", "q0")))
    assert view.patch() == ""


def test_continuation_joins_what_it_continues() -> None:
    writer, run, message = asked()
    writer.start(run)
    writer.put(StreamingChunk("Half"), run)
    writer.end(run, Interrupted())
    view, page = view_of(writer)
    seen = len(writer.events)
    going_on = writer.answer(message)
    more = writer.runs[going_on]
    later(writer, view, page, seen)
    article, notice = page.root.find(f"m-{more}"), page.root.find(f"m-{message}-notice")
    assert article is not None
    assert notice is not None
    assert "data-continues" in article.attributes
    assert notice.children == []
    seen = len(writer.events)
    writer.start(going_on)
    writer.put(StreamingChunk(" and whole"), going_on)
    writer.end(going_on, Complete())
    later(writer, view, page, seen)
    assert buttons(page, message) == []
    assert "Copy" in buttons(page, more)


def test_versions_of_a_continued_answer_are_chosen_at_its_end() -> None:
    writer, run, _ = asked()
    writer.start(run)
    writer.end(run, Complete())
    second = writer.answer("q0", tell=True)
    half = writer.runs[second]
    writer.start(second)
    writer.put(StreamingChunk("Half"), second)
    writer.end(second, Interrupted())
    view, page = view_of(writer)
    choice = ["The version before", "The next version"]
    assert buttons(page, half)[-2:] == choice
    seen = len(writer.events)
    more = writer.runs[writer.answer(half)]
    later(writer, view, page, seen)
    assert (buttons(page, half), buttons(page, more)) == ([], choice)
    assert buttons(view_of(writer)[1], more) == choice


def test_hidden_branch_keeps_growing_unseen() -> None:
    writer, run, message = asked()
    writer.start(run)
    writer.put(StreamingChunk("One"), run)
    view, page = view_of(writer)
    seen = len(writer.events)
    writer.answer("q0", tell=True)
    later(writer, view, page, seen)
    view.feed(writer.put(StreamingChunk(" two"), run))
    assert view.patch() == ""
    seen = len(writer.events)
    writer.leaf = message
    writer.put(PathChosen(ME, message))
    later(writer, view, page, seen)
    body = page.root.find(f"m-{message}-body")
    assert body is not None
    assert body.text == "One two"


def test_removal_goes_back_to_the_parent_not_to_the_newest() -> None:
    writer, run, message = asked()
    writer.start(run)
    writer.end(run, Complete())
    writer.answer("q0", tell=True)
    writer.leaf = message
    writer.put(PathChosen(ME, message))
    question = writer.states[writer.runs[writer.ask("And?")]].parent
    view, page = view_of(writer)
    seen = len(writer.events)
    writer.remove(question)
    later(writer, view, page, seen)
    assert [element.attributes["id"] for element in page.root.all("article")] == ["m-q0", f"m-{message}"]
