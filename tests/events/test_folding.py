"""Folded deltas come apart into exactly what they were."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streaming.events import Progress, StreamingChunk, fold, unfold

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
chunks = st.builds(StreamingChunk, texts, st.sampled_from(["text", "thinking"]))
structured = st.builds(lambda text: StreamingChunk(text, meta={"type": "header"}), texts)
others = st.builds(Progress, st.integers(0, 9))


@st.composite
def timed(draw):
    """Events of one run, in the order of their times."""
    ts = 1_700_000_000_000
    items = []
    for data in draw(st.lists(st.one_of(chunks, chunks, chunks, structured, others), max_size=30)):
        ts += draw(st.integers(0, 40))
        items.append((ts, data))
    return items


def unfolded(items):
    found = []
    for ts, data in items:
        found.extend(unfold(ts, data) if isinstance(data, StreamingChunk) else [(ts, data)])
    return found


@given(timed())
def test_unfold_undoes_fold(items):
    assert unfolded(fold(items)) == items


@given(timed())
def test_fold_of_folded_pieces_is_the_fold_of_all(items):
    middle = len(items) // 2

    assert unfolded(fold([*fold(items[:middle]), *fold(items[middle:])])) == items
    assert list(fold([*fold(items[:middle]), *fold(items[middle:])])) == list(fold(items))


@given(timed())
def test_fold_leaves_no_two_neighbours_that_could_be_one(items):
    folded = list(fold(items))

    for (_, left), (_, right) in pairwise(folded):
        foldable = isinstance(left, StreamingChunk) and isinstance(right, StreamingChunk)
        assert not (foldable and left.meta is None and right.meta is None and left.part == right.part)


def test_fold_keeps_lengths_and_times_of_each_delta():
    items = [(100, StreamingChunk("Hel")), (116, StreamingChunk("lo")), (131, StreamingChunk(""))]

    assert list(fold(items)) == [(100, StreamingChunk("Hello", "text", (3, 2, 0), (0, 16, 31)))]


def test_fold_of_one_delta_leaves_it_alone():
    assert list(fold([(100, StreamingChunk("Hi"))])) == [(100, StreamingChunk("Hi"))]
    assert list(fold([])) == []
