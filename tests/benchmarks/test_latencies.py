"""The benchmarks' own arithmetic: which sound answers which command, and after how long."""

import numpy as np

from benchmarks import answers, paced_agent, sound_way
from benchmarks.room import COMMANDS, QUESTIONS, room
from edge_agent.events import EndOfTurn, Event, FirstAudio, GoesOn, Intent, NoIntent
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ

SECOND = SAMPLE_RATE_HZ


def noise(num_samples: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(0.01, 0.5, num_samples).astype(np.float32)


def test_an_answer_belongs_to_the_utterance_before_it_and_to_what_it_was_taken_for() -> None:
    ends = [1 * SECOND, 8 * SECOND, 15 * SECOND, 22 * SECOND]
    events: list[Event] = [
        EndOfTurn(1 * SECOND + 3200, "complete", 180.0),
        Intent(1 * SECOND + 3200, "GetTime"),
        FirstAudio(1 * SECOND + 3360, 190.0, "reply"),
        EndOfTurn(8 * SECOND - 1600, "no_intent", 500.0),  # before its last sample
        NoIntent(8 * SECOND - 1600, 0.1),
        FirstAudio(8 * SECOND + 160, 100.0, "acknowledge"),
        FirstAudio(8 * SECOND + 4800, 400.0, "reply"),
        FirstAudio(12 * SECOND, 0.0, "reply"),  # an alarm's words
        EndOfTurn(15 * SECOND + 1600, "noise", 100.0),
    ]
    found = answers.turns_of(events, [event.at_sample for event in events], ends)
    assert found == [
        answers.Turn(answers.COMMAND, 1 * SECOND + 3200, 180.0, 10.0),
        answers.Turn(answers.OPEN_QUESTION, 8 * SECOND - 1600, 500.0, 400.0),
        None,
        None,
    ]
    assert paced_agent.answers_ms(events, ends) == {answers.COMMAND: [210.0], answers.OPEN_QUESTION: [300.0]}


def test_of_an_answer_before_the_end_of_its_turn_the_one_that_stood_counts() -> None:
    events: list[Event] = [
        FirstAudio(SECOND - 8000, 200.0, "reply"),
        GoesOn(SECOND - 6400, 100.0),
        FirstAudio(SECOND + 3200, 190.0, "reply"),
        EndOfTurn(SECOND + 10400, "could_go_on", 640.0),
        Intent(SECOND + 10400, "StartTimer"),
    ]
    found = answers.turns_of(events, [event.at_sample for event in events], [SECOND])
    assert found == [answers.Turn(answers.COMMAND, SECOND + 3200, 190.0, 0.0)]


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
    assert answers.answer_latencies_ms(spoken, [SECOND, 5 * SECOND], heard) == [250.0, 500.0]


def test_a_command_without_an_answer_or_a_known_end_is_not_counted() -> None:
    spoken = np.concatenate([noise(SECOND), np.zeros(6 * SECOND, np.float32)])
    heard = np.zeros((len(spoken), 2), np.float32)
    heard[:, 0] = spoken
    assert answers.answer_latencies_ms(spoken, [SECOND], heard) == [None]
    heard[SECOND + 1600 :, 1] = 0.1
    assert answers.answer_latencies_ms(spoken, [SECOND], heard) == [100.0]
    heard[SECOND - 10, 0] = 0.0
    assert answers.answer_latencies_ms(spoken, [SECOND], heard) == [None]


def test_the_room_is_as_loud_between_two_recordings_as_within_them() -> None:
    sound, ends = room(COMMANDS + QUESTIONS)
    assert len(sound) % HOP_SAMPLES == 0
    for end in ends:
        level = [np.sqrt(np.mean(sound[end + at : end + at + 1600] ** 2)) for at in range(9600, 80000, 1600)]
        assert min(level) > 0.002
        assert max(level) < 0.05


def test_a_click_is_answered_by_the_next_one() -> None:
    said, answered = np.zeros((2, 4 * SECOND), np.float32)
    said[[100, 9000, 17000]] = 0.5
    answered[[100 + 1280, 17000 + 800]] = 0.5
    assert sound_way.delays_ms(said, answered) == [80.0, 50.0]


REPORT = """Sink Input #0
\tBuffer Latency: 0 usec
Sink Input #3
\tBuffer Latency: 60000 usec
\tSink Latency: 6354 usec
\t\tapplication.name = "ALSA plug-in [python3.11]"
Source Output #2
\tBuffer Latency: 1500 usec
\tSource Latency: 0 usec
\t\tapplication.name = "ALSA plug-in [python3.11]"
"""


def test_pulseaudio_tells_what_it_holds_for_the_agent() -> None:
    assert sound_way.reported_ms(REPORT) == {
        "playback_buffer_ms": 60.0,
        "playback_sink_ms": 6.354,
        "capture_buffer_ms": 1.5,
        "capture_source_ms": 0.0,
    }
