"""A stream is begun anew when its delay has grown, once, and not for what a device always needs."""

import pytest

from edge_agent.audio.lateness import Lateness


@pytest.mark.parametrize(
    ("delays_ms", "begun_anew_at"),
    [
        ([5, 8, 3, 12, 9], []),
        ([5, 8, 400, 7, 6], []),  # while it caught up by itself
        ([5, 380, 390, 6, 7], [2]),
        ([5, 40, 60, 58, 61], [3]),  # held up a little, and again
        ([5, 380, 390, 200, 200, 200, 200], [2]),  # a stream that needs so much from the beginning
        ([300, 300, 310, 4, 5, 6], []),
        ([300, 4, 300, 300], [3]),
    ],
)
def test_when_a_stream_is_begun_anew(delays_ms: list[int], begun_anew_at: list[int]) -> None:
    lateness = Lateness()
    assert [place for place, delay_ms in enumerate(delays_ms) if lateness.is_behind(delay_ms)] == begun_anew_at
