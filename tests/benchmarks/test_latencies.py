"""The benchmarks' own arithmetic: which sound answers which command, and after how long."""

import numpy as np

from benchmarks import paced_agent, paced_live
from edge_agent.events import FirstAudio
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ

SECOND = SAMPLE_RATE_HZ


def noise(num_samples: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(0.01, 0.5, num_samples).astype(np.float32)


def test_only_a_reply_is_an_answer() -> None:
    ends, loop = [1 * SECOND, 4 * SECOND], 6 * SECOND
    reply, alarm, second_round = 1 * SECOND + 3200 + 7, 2 * SECOND, loop + 4 * SECOND + 1600
    events = [
        FirstAudio(reply // HOP_SAMPLES * HOP_SAMPLES, 200.0, "reply"),
        FirstAudio(second_round, 100.0, "reply"),
        FirstAudio(alarm, 0.0, "filler"),
    ]
    found = paced_agent.answer_latencies_ms(events, [reply, alarm, second_round], ends, loop)
    assert found == [(3200 + 7) / 16, 100.0]


def test_latency_is_read_from_the_room_even_when_the_player_left_a_gap() -> None:
    spoken = np.concatenate([noise(SECOND), np.zeros(3 * SECOND, np.float32), noise(SECOND)])
    spoken = np.concatenate([spoken, np.zeros(3 * SECOND, np.float32)])
    heard = np.zeros((len(spoken) + SECOND, 2), np.float32)
    late, gap = 500, 160
    heard[late : late + 2 * SECOND, 0] = spoken[: 2 * SECOND]
    rest = spoken[2 * SECOND :]
    heard[late + gap + 2 * SECOND : late + gap + 2 * SECOND + len(rest), 0] = rest
    heard[late + SECOND + 4000 :, 1][:800] = 0.1  # one answer, with a short pause in it
    heard[late + SECOND + 5200 :, 1][:800] = 0.1
    heard[late + gap + 5 * SECOND + 8000 :, 1][:800] = 0.1
    assert paced_live.answer_latencies_ms(spoken, [SECOND, 5 * SECOND], heard) == [250.0, 500.0]


def test_a_command_without_an_answer_or_a_known_end_is_not_counted() -> None:
    spoken = np.concatenate([noise(SECOND), np.zeros(6 * SECOND, np.float32)])
    heard = np.zeros((len(spoken), 2), np.float32)
    heard[:, 0] = spoken
    assert paced_live.answer_latencies_ms(spoken, [SECOND], heard) == []
    heard[SECOND + 1600 :, 1] = 0.1
    assert paced_live.answer_latencies_ms(spoken, [SECOND], heard) == [100.0]
    heard[SECOND - 10, 0] = 0.0
    assert paced_live.answer_latencies_ms(spoken, [SECOND], heard) == []
