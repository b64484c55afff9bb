"""The rules of others, as their sources have them."""

import numpy as np

from benchmarks.barge_in_peers import BLOCK_MS, livekit_starts, pipecat_starts

SECOND = round(1000 / BLOCK_MS)


def voice(*stretches: tuple[int, int], num_blocks: int = 20 * SECOND) -> np.ndarray:
    """Voice in these blocks, without a doubt."""
    p_voice = np.zeros(num_blocks)
    for first, last in stretches:
        p_voice[first:last] = 1.0
    return p_voice


def test_pipecat_interrupts_with_the_sixth_block_in_a_row() -> None:
    assert pipecat_starts(voice((100, 200))) == [105]
    assert pipecat_starts(voice((100, 105), (106, 111))) == []


def test_pipecat_interrupts_again_after_six_blocks_of_silence_only() -> None:
    assert pipecat_starts(voice((100, 120), (125, 140))) == [105]
    assert pipecat_starts(voice((100, 120), (126, 140))) == [105, 131]


def test_livekit_interrupts_after_half_a_second_of_which_pauses_are_part() -> None:
    (start,) = livekit_starts(voice((200, 204), (210, 230)))
    assert (start + 1 - 200) * BLOCK_MS >= 500.0
    assert (start - 200) * BLOCK_MS < 532.0


def test_livekit_ignores_a_block_alone_and_its_first_three_seconds() -> None:
    assert livekit_starts(voice((200, 201))) == []
    assert livekit_starts(voice((10, 40))) == []
    assert [(start + 1) * BLOCK_MS for start in livekit_starts(voice((10, 10 * SECOND)))] == [3_008.0]
    assert len(livekit_starts(voice((10, 40), (4 * SECOND, 6 * SECOND)))) == 1
