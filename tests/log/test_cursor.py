"""Where a reader stands, and whether it may go on from there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import InvalidInputError
from streaming.events import ConversationChanged
from streaming.log import Cursor, StreamGoneError, append_events, can_resume, compact, forget_before, position, prepare
from streaming.models import Stream

EPOCH = "0123abcd"


@given(st.from_regex("[0-9a-f]{8}", fullmatch=True), st.integers(0, 2**63 - 1), st.integers(-1, 2**53))
def test_cursor_is_read_as_it_was_written(epoch, seq, ts):
    cursor = Cursor(epoch, seq, ts)
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "::",
        "a:1",
        "a:1:2:3",
        ":1:2",
        "a:x:2",
        "a:1:y",
        "a:-1:2",
        "a:1.5:2",
        "a::2",
        "null",
        "a:1:" + "9" * 5000,
    ],
)
def test_cursor_that_cannot_be_read_says_so(text):
    with pytest.raises(InvalidInputError, match="Load the page again"):
        Cursor.parse(text)


@given(st.text())
def test_cursor_takes_any_text_or_refuses_it(text):
    try:
        cursor = Cursor.parse(text)
    except InvalidInputError:
        return
    assert Cursor.parse(str(cursor)) == cursor


@pytest.fixture
def stream(db) -> Stream:
    """Ten events, the n-th at 1000 n."""
    stream = Stream.objects.create(epoch=EPOCH)
    for n in range(1, 11):
        append_events(stream.pk, [prepare(ConversationChanged(title=str(n)), ts=1000 * n)])
    return stream


def resumes(stream: Stream, seq: int, ts: int, epoch: str = EPOCH) -> bool:
    return can_resume(stream.pk, Cursor(epoch, seq, ts), using="default")


def test_cursor_of_every_event_resumes(stream):
    assert [seq for seq in range(-1, 13) if resumes(stream, seq, 1000 * seq)] == list(range(11))


def test_cursor_of_another_epoch_does_not_resume(stream):
    assert not resumes(stream, 5, 5000, "ffffffff")
    assert not resumes(stream, 0, 0, "ffffffff")


@pytest.mark.parametrize("seq", [11, 12, 2**62, 2**80])
def test_cursor_beyond_the_head_does_not_resume(stream, seq):
    assert not resumes(stream, seq, 10_000)


@pytest.mark.parametrize("ts", [0, 4999, 5001, -1])
def test_cursor_of_another_time_does_not_resume(stream, ts):
    assert not resumes(stream, 5, ts)


def test_cursor_below_the_first_event_does_not_resume(stream):
    assert forget_before(stream.pk, 4500) == 4
    assert [seq for seq in range(11) if resumes(stream, seq, 1000 * seq)] == [4, 5, 6, 7, 8, 9, 10]


def test_cursor_resumes_the_same_after_compaction(stream):
    compact(stream.pk, 2, 9)
    assert [seq for seq in range(-1, 13) if resumes(stream, seq, 1000 * seq)] == list(range(11))
    assert not resumes(stream, 5, 5001)


def test_cursor_of_the_head_resumes_even_when_everything_is_forgotten(stream):
    forget_before(stream.pk, 10**9)
    now = position(stream.pk, using="default")
    assert (now.first_seq, now.last_seq) == (11, 10)
    assert can_resume(stream.pk, now.head, using="default")
    assert resumes(stream, 10, 10_000)
    assert not resumes(stream, 9, 9_000)


def test_cursor_of_an_empty_stream_resumes(db):
    stream = Stream.objects.create(epoch=EPOCH)
    assert position(stream.pk, using="default").head == Cursor(EPOCH, 0, 0)
    assert resumes(stream, 0, 0)
    assert not resumes(stream, 1, 0)


def test_stream_that_is_gone_says_so(db):
    with pytest.raises(StreamGoneError):
        position(10**9, using="default")
    with pytest.raises(StreamGoneError):
        can_resume(10**9, Cursor(EPOCH, 0, 0), using="default")
