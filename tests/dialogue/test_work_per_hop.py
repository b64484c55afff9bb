"""How much is decoded in one hop: what was said before a decoder begins must not make one hop as long as a dozen."""

import numpy as np
import pytest

from edge_agent.hearing.pre_roll import FRAMES_PER_HOP, FRAMES_PER_STEP, PRE_ROLL_STEPS, LateDecoder, PreRoll
from edge_agent.units import STEP_MS, STRIDE_HOPS, samples_to_ms
from tests.dialogue.fakes import Dialogue, Said, ScriptedDecoder

TIMER = "set a timer for five minutes"
MOST_FRAMES = FRAMES_PER_STEP + FRAMES_PER_HOP  # what is said now, and some of what one decoder has to catch up with


class NumberedFrames:
    """A decoder that remembers which frames it was given; each holds its own number."""

    def __init__(self) -> None:
        self.at_frame = -1
        self.given: list[int] = []
        self.at_once: list[int] = []

    def reset(self, at_frame: int) -> None:
        self.at_frame, self.given, self.at_once = at_frame, [], []

    def step(self, log_posteriors: np.ndarray) -> None:
        self.given += [int(frame[0]) for frame in log_posteriors]
        self.at_once.append(len(log_posteriors))


def numbered(step: int) -> np.ndarray:
    return np.repeat(np.arange(2 * step, 2 * step + 2, dtype=np.float32)[:, None], 40, axis=1)


@pytest.mark.parametrize("num_steps", [0, 1, 4, PRE_ROLL_STEPS, 100])
@pytest.mark.parametrize("hops_to_step", range(STRIDE_HOPS))
def test_every_frame_is_decoded_once_and_few_at_once(num_steps: int, hops_to_step: int) -> None:
    """`hops_to_step`: how many hops come between the beginning and the next step."""
    pre_roll, decoder = PreRoll(), NumberedFrames()
    late = LateDecoder(decoder, pre_roll)  # type: ignore[arg-type]
    for step in range(30):
        pre_roll.push(numbered(step))
    late.begin(num_steps)
    begin = 60 - 2 * min(num_steps, PRE_ROLL_STEPS)
    assert decoder.at_frame == begin
    for step in range(30, 40):
        for _ in range(hops_to_step if step == 30 else STRIDE_HOPS - 1):
            late.catch_up()
        pre_roll.push(numbered(step))
        late.step(numbered(step))
    assert decoder.given == list(range(begin, 80))
    assert max(decoder.at_once) <= FRAMES_PER_HOP
    assert not late.is_behind


def test_a_wake_phrase_is_no_part_of_what_is_decoded() -> None:
    pre_roll, decoder = PreRoll(), NumberedFrames()
    for step in range(30):
        pre_roll.push(numbered(step))
    pre_roll.shorten(3)
    LateDecoder(decoder, pre_roll).begin(PRE_ROLL_STEPS)  # type: ignore[arg-type]
    assert decoder.given == list(range(54, 54 + FRAMES_PER_HOP))


def frames_per_hop(dialogue: Dialogue, seconds: float, patch: pytest.MonkeyPatch) -> list[int]:
    """Frames that all decoders were given in each hop."""
    num_frames: list[int] = []
    step = ScriptedDecoder.step

    def counted(decoder: ScriptedDecoder, log_posteriors: np.ndarray) -> None:
        num_frames[-1] += len(log_posteriors)
        step(decoder, log_posteriors)

    with patch.context() as patched:
        patched.setattr(ScriptedDecoder, "step", counted)
        for _ in range(round(seconds * 100)):
            num_frames.append(0)
            dialogue.run(0.01)
    return num_frames


def test_a_turn_that_is_over_at_once_ends_when_all_of_it_was_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    dialogue = Dialogue([Said(0.8, "stop the music", "Stop")])
    monkeypatch.setattr(dialogue.agent.turn, "_longest_samples", 0)  # the shortest turn that can be
    num_frames: list[int] = []
    while not dialogue.of("end_of_turn"):
        num_frames += frames_per_hop(dialogue, 0.01, monkeypatch)
    begun, ended = dialogue.one("speech_started"), dialogue.one("end_of_turn")
    assert ended.at_sample > begun.at_sample
    assert sum(num_frames) >= PRE_ROLL_STEPS * FRAMES_PER_STEP
    assert samples_to_ms(ended.at_sample) - 1000 * dialogue.decoder.now_s < STEP_MS, "nothing waits"
    assert max(num_frames) <= FRAMES_PER_HOP


@pytest.mark.parametrize("pause_ms", [560, 570, 580, 590])
@pytest.mark.parametrize("words", ["lights off", "turn off all the lights in the kitchen right now please"])
def test_a_second_command_is_heard_by_its_end_whatever_its_length(
    pause_ms: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = [
        Said(0.5, TIMER, "StartTimer", {"minutes": 5}, can_continue=True),
        Said(2.3 + pause_ms / 1000, words, "TurnOff", {"name": "lights"}),
    ]
    dialogue = Dialogue(script)
    num_frames = frames_per_hop(dialogue, 8.0, monkeypatch)
    assert [intent.intent for intent in dialogue.of("intent")] == ["StartTimer", "TurnOff"]
    assert len(dialogue.of("goes_on")) == 1
    assert max(num_frames) <= MOST_FRAMES
    ended = dialogue.one("end_of_turn").at_sample
    assert [intent.at_sample for intent in dialogue.of("intent")] == [ended, ended], "nobody waits for it"
