"""When frames leave: the first at once, then some 33 ms apart, 50 under load."""

import pytest

from streaming.delivery.pacing import FRAME_SECONDS, LOADED_FRAME_SECONDS, LoadGauge, Ticker, load_gauge
from tests.support.eventually import eventually


def test_first_frame_and_the_first_after_a_pause_leave_at_once():
    ticker = Ticker(LoadGauge())
    assert ticker.next_at() < 0.0
    ticker.left(10.0)
    assert ticker.next_at() <= 11.0


def test_frames_in_a_row_are_a_tick_apart_with_room_for_the_engines_own_tick():
    ticker = Ticker(LoadGauge())
    ticker.left(10.0)
    assert 10.020 < ticker.next_at() < 10.0 + FRAME_SECONDS


@pytest.mark.parametrize(
    ("share", "seconds"),
    [
        (0.0, FRAME_SECONDS),
        (0.5, FRAME_SECONDS),
        (0.65, 0.0415),
        (0.8, LOADED_FRAME_SECONDS),
        (2.0, LOADED_FRAME_SECONDS),
    ],
)
def test_frames_stretch_with_the_share_of_a_core(share, seconds):
    gauge = LoadGauge()
    gauge.take(share)
    assert gauge.frame_seconds == pytest.approx(seconds)


async def test_gauge_measures_the_process_every_half_second_by_itself():
    gauge = load_gauge()
    assert load_gauge() is gauge
    began = gauge._wall
    await eventually(lambda: gauge._wall > began, "it measures")


def test_gauge_takes_the_share_between_two_looks():
    gauge = LoadGauge()
    gauge._wall -= 10.0
    gauge._cpu -= 9.0
    gauge.measure()
    assert gauge.frame_seconds == pytest.approx(LOADED_FRAME_SECONDS)
    gauge._wall -= 10.0
    gauge.measure()
    assert gauge.frame_seconds == pytest.approx(FRAME_SECONDS)
