import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.delivery.credit import ACKNOWLEDGE_SECONDS, Credit, CreditError


def test_credit_closes_after_the_frames_and_opens_with_the_first_acknowledgement():
    credit = Credit(frames=3, size=1_000)
    for seq in (1, 2, 3):
        assert credit.is_open
        credit.spend(seq, 10, 0.0)
    assert not credit.is_open
    credit.acknowledge(1, 1.0)
    assert credit.is_open


def test_credit_closes_after_the_bytes_and_one_frame_of_any_size_may_leave():
    credit = Credit(frames=64, size=1_000)
    credit.spend(1, 50_000, 0.0)
    assert not credit.is_open
    credit.acknowledge(1, 0.0)
    credit.spend(2, 999, 0.0)
    assert credit.is_open
    credit.spend(3, 1, 0.0)
    assert not credit.is_open


def test_acknowledgement_covers_everything_before_it_and_may_be_repeated():
    credit = Credit(frames=2, size=1_000)
    credit.spend(5, 10, 0.0)
    credit.spend(9, 10, 0.0)
    credit.acknowledge(9, 0.0)
    credit.acknowledge(5, 0.0)
    assert credit.is_open
    assert credit.overdue_at is None


def test_acknowledgement_inside_a_frame_does_not_free_it():
    credit = Credit(frames=1, size=1_000)
    credit.spend(9, 10, 0.0)
    credit.acknowledge(8, 0.0)
    assert not credit.is_open


def test_acknowledgement_of_what_was_never_sent_is_an_error():
    credit = Credit()
    credit.spend(3, 10, 0.0)
    with pytest.raises(CreditError):
        credit.acknowledge(4, 0.0)


def test_credit_is_overdue_only_while_something_waits_without_progress():
    credit = Credit()
    assert credit.overdue_at is None
    credit.spend(1, 10, 100.0)
    credit.spend(2, 10, 110.0)
    assert credit.overdue_at == 100.0 + ACKNOWLEDGE_SECONDS
    credit.acknowledge(1, 112.0)
    assert credit.overdue_at == 112.0 + ACKNOWLEDGE_SECONDS
    credit.acknowledge(2, 129.0)
    assert credit.overdue_at is None
    credit.spend(3, 10, 1_000.0)
    assert credit.overdue_at == 1_000.0 + ACKNOWLEDGE_SECONDS


def test_frames_of_a_new_epoch_may_be_numbered_lower():
    credit = Credit()
    credit.spend(100, 10, 0.0)
    credit.spend(5, 10, 0.0)
    credit.acknowledge(100, 0.0)
    credit.acknowledge(5, 0.0)
    assert credit.overdue_at is None


@given(st.lists(st.one_of(st.integers(1, 300), st.none()), max_size=200))
def test_credit_never_lets_more_under_way_than_one_frame_beyond_its_bounds(steps):
    """A number sends a frame of that size when credit is open, None acknowledges the oldest."""
    credit = Credit(frames=5, size=500)
    under_way: list[tuple[int, int]] = []
    seq = 0
    for step in steps:
        if step is None:
            if under_way:
                credit.acknowledge(under_way.pop(0)[0], 0.0)
        elif credit.is_open:
            seq += 1
            credit.spend(seq, step, 0.0)
            under_way.append((seq, step))
        assert len(under_way) <= 5
        assert sum(size for _, size in under_way[:-1]) < 500
        assert credit.is_open == (not under_way or (len(under_way) < 5 and sum(s for _, s in under_way) < 500))


def test_snapshot_that_starts_lower_is_acknowledged_with_all_before_it():
    """A page that acknowledges several frames at once names the last of them, which another epoch counts anew."""
    credit = Credit(frames=3, size=1_000)
    credit.spend(899, 10, 0.0)
    credit.spend(900, 10, 0.0)
    credit.spend(5, 10, 0.0)
    credit.acknowledge(5, 1.0)
    assert credit.is_open
    assert credit.overdue_at is None
