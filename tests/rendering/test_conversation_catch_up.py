"""A page that was away: what `catch_up` sends makes it what a fresh page is, and patches go on from there."""

from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.events import StreamingEvent
from streaming.rendering import ConversationView, ThreadSnapshot
from tests.support.dom import Page
from tests.support.history import ME, histories

History = tuple[list[StreamingEvent], dict[int, ThreadSnapshot]]


def fresh_at(history: History, seq: int) -> tuple[ConversationView, Page]:
    view = ConversationView(history[1][seq], viewer=ME)
    return view, Page("thread", view.html())


@settings(max_examples=80, deadline=None)
@given(history=histories(), data=st.data())
def test_page_from_any_time_catches_up_with_any_later_one_and_goes_on(history: History, data: st.DataObject) -> None:
    events, snapshots = history
    times = sorted(snapshots)
    left = data.draw(st.sampled_from(times), "the page was lost at")
    back = data.draw(st.sampled_from([time for time in times if time >= left]), "and was back at")
    _, page = fresh_at(history, left)
    view, _ = fresh_at(history, back)
    page.apply(view.catch_up(events[left:back]))
    assert page.root.shape() == fresh_at(history, back)[1].root.shape()
    assert view.patch() == ""
    for event in events[back:]:
        view.feed(event)
    page.apply(view.patch())
    assert page.root.shape() == fresh_at(history, times[-1])[1].root.shape()


@settings(max_examples=60, deadline=None)
@given(history=histories(), data=st.data())
def test_page_that_is_lost_again_and_again_is_a_fresh_page(history: History, data: st.DataObject) -> None:
    """Some stretches it follows, some it misses."""
    events, snapshots = history
    view, page = fresh_at(history, 0)
    seq = 0
    for back in sorted(snapshots):
        if data.draw(st.booleans()):
            for event in events[seq:back]:
                view.feed(event)
            page.apply(view.patch())
        else:
            view, _ = fresh_at(history, back)
            page.apply(view.catch_up(events[seq:back]))
        seq = back
        assert page.root.shape() == fresh_at(history, seq)[1].root.shape()
