"""Reading after a cursor, in pages, over single and packed rows."""

import pytest

from streaming.events import StreamingChunk
from streaming.log import Cursor, Page, append_batches, compact, heads, position, read, read_all
from streaming.log.read import PAGE_ROWS
from streaming.models import Stream
from tests.support.rows import a_claim, a_run, batch, log

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
LENGTH = 2 * PAGE_ROWS + 40


@pytest.fixture
def stream() -> Stream:
    """More than two pages, and a neighbour whose events must not show."""
    stream, other = Stream.objects.create(), Stream.objects.create()
    mine, theirs = a_claim(a_run(stream=stream)), a_claim(a_run(stream=other))
    append_batches([batch(mine, 0, *map(str, range(1, LENGTH + 1))), batch(theirs, 0, *["no"] * LENGTH)])
    return stream


def read_here(stream: Stream, after: int, rows: int = PAGE_ROWS) -> Page:
    return read(stream.pk, after, using="default", rows=rows)


def said(page: Page) -> list[int]:
    return [int(event.data.delta) for event in page.events if isinstance(event.data, StreamingChunk)]


def test_read_gives_what_follows_in_order_and_by_pages(stream):
    page = read_here(stream, 0)
    assert (said(page), page.more) == (list(range(1, PAGE_ROWS + 1)), True)
    page = read_here(stream, 2 * PAGE_ROWS)
    assert (said(page), page.more) == (list(range(2 * PAGE_ROWS + 1, LENGTH + 1)), False)


def test_read_at_and_beyond_the_head_is_empty(stream):
    assert read_here(stream, LENGTH) == Page((), more=False)
    assert read_here(stream, LENGTH + 99) == Page((), more=False)
    assert read(10**9, 0, using="default") == Page((), more=False)


def test_read_a_full_last_page_is_followed_by_an_empty_one(stream):
    page = read_here(stream, LENGTH - 10, rows=10)
    assert (len(page.events), page.more) == (10, True)
    assert read_here(stream, LENGTH, rows=10) == Page((), more=False)


def test_read_pages_join_without_gap_or_repeat_from_every_place(stream):
    for after in (0, 1, 17, LENGTH - 1):
        assert [event.seq for event in log(stream, after)] == list(range(after + 1, LENGTH + 1))


def test_read_all_stops_where_it_is_told(stream):
    assert [event.seq for event in read_all(stream.pk, 3, 9, using="default")] == list(range(4, 10))
    assert [event.seq for event in read_all(stream.pk, 0, 10**6, using="default")] == list(range(1, LENGTH + 1))
    assert read_all(stream.pk, 9, 9, using="default") == []


def test_read_all_stops_inside_a_packed_row(stream):
    compact(stream.pk, 1, LENGTH)
    assert [event.seq for event in read_all(stream.pk, 3, 9, using="default")] == list(range(4, 10))


def test_reader_of_pages_is_not_disturbed_by_compaction_between_them(stream):
    before = log(stream)
    page = read_here(stream, 0, rows=100)
    compact(stream.pk, 1, LENGTH)
    rest = log(stream, page.events[-1].seq)
    assert [*page.events, *rest] == before


def test_heads_of_many_streams_in_one_query(stream, django_assert_num_queries):
    empty = Stream.objects.create()
    with django_assert_num_queries(1):
        found = heads([empty.pk, stream.pk, 10**9], using="default")
    ts = log(stream)[-1].ts
    assert found == {stream.pk: Cursor(stream.epoch, LENGTH, ts), empty.pk: Cursor(empty.epoch, 0, -1)}
    with django_assert_num_queries(0):
        assert heads([], using="default") == {}


def test_position_is_the_last_event(stream):
    now = position(stream.pk, using="default")
    assert (now.epoch, now.first_seq, now.last_seq) == (stream.epoch, 1, LENGTH)
    assert now.ts == log(stream)[-1].ts
    compact(stream.pk, 1, LENGTH)
    assert position(stream.pk, using="default") == now
