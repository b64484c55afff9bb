"""A fault in one part costs that part, is counted and told, and never makes the agent deaf."""

import tracemalloc

import numpy as np
from numpy.typing import NDArray

from edge_agent.events import Event
from edge_agent.guard import Part
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ
from tests.dialogue.fakes import Dialogue, Said, ScriptedDecoder

FIRST = Said(1.0, "what time is it", "GetTime")
SECOND = Said(8.0, "what time is it", "GetTime")


def test_the_decoder_fails_is_degraded_and_comes_back() -> None:
    script = [FIRST, SECOND]
    decoder = ScriptedDecoder(script, fails_in_s=(1.0, 4.0))
    dialogue = Dialogue(script, decoder=decoder).run(13.0)
    assert [event.state for event in dialogue.of("fault")][:2] == ["failed", "degraded"]
    assert dialogue.of("fault")[-1].state == "recovered"
    assert {event.part for event in dialogue.of("fault")} == {"decoder"}
    assert dialogue.of("reply")[0].text == "not_understood_1"
    assert dialogue.one("intent").at_sample > 8 * SAMPLE_RATE_HZ


def test_a_voice_that_fails_leaves_silence_and_says_so() -> None:
    dialogue = Dialogue([FIRST, SECOND])

    def refuse(text: str) -> NDArray[np.float32]:
        raise OSError("no sound font")

    dialogue.voice.say = refuse  # type: ignore[method-assign]
    dialogue.run(12.0)
    assert [event.part for event in dialogue.of("fault")] == ["voice", "voice"]
    assert "no sound font" in dialogue.of("fault")[0].error
    assert len(dialogue.of("intent")) == 2
    assert not np.any(dialogue.agent_sound)


def test_a_mixer_that_fails_in_the_middle_of_a_word_leaves_silence() -> None:
    dialogue = Dialogue([FIRST])

    def refuse(out: NDArray[np.float32]) -> None:
        raise ValueError("no mix")

    while not (len(dialogue.agent_sound) and dialogue.agent_sound[-1]):
        dialogue.run(0.01)
    dialogue.agent.hop.parts.mixer.render = refuse  # type: ignore[method-assign]
    begin = len(dialogue.agent_sound) + HOP_SAMPLES  # a hop that is written is played with the next one
    dialogue.run(0.2)
    assert dialogue.of("fault")[0].part == "mixer"
    assert not dialogue.agent_sound[begin:].any()


def test_without_level_and_pitch_the_listener_alone_ends_a_turn() -> None:
    dialogue = Dialogue([FIRST, SECOND])

    def refuse(hop: NDArray[np.float32]) -> None:
        raise ValueError("no level")

    measure, prosody = dialogue.agent.hop.parts.prosody.step, dialogue.agent.hop.parts.prosody
    prosody.step = refuse  # type: ignore[method-assign]
    dialogue.run(6.0)
    assert dialogue.one("end_of_turn").reason == "complete"
    assert {event.part for event in dialogue.of("fault")} == {"prosody"}
    prosody.step = measure  # type: ignore[method-assign]
    dialogue.run(6.0)
    assert len(dialogue.of("intent")) == 2
    assert dialogue.of("fault")[-1].state == "recovered"


def test_features_that_fail_do_not_stop_the_hop() -> None:
    dialogue = Dialogue([FIRST])

    def refuse(hop: object, out: object) -> None:
        raise ValueError("broken")

    dialogue.agent.hop.parts.features.step = refuse  # type: ignore[method-assign]
    dialogue.run(5.0)
    assert dialogue.of("fault")[0].part == "features"


def test_a_part_rests_after_three_faults_in_a_row() -> None:
    events: list[Event] = []
    part = Part("test", events.append)
    calls: list[int] = []

    def fail(at: int) -> None:
        calls.append(at)
        raise ValueError("x")

    for at in range(0, SAMPLE_RATE_HZ, 160):
        part.run(at, fail, at)
    assert calls == [0, 160, 320], "no more than three tries before the rest is over"
    assert part.is_degraded
    assert part.run(3 * SAMPLE_RATE_HZ, list)
    assert not part.is_degraded
    assert [event.state for event in events] == ["failed", "degraded", "recovered"]


def test_the_quiet_path_keeps_nothing() -> None:
    dialogue = Dialogue([]).run(2.0)
    tracemalloc.start()
    dialogue.run(1.0)
    before, _ = tracemalloc.get_traced_memory()
    dialogue.run(20.0)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 2_000, f"{after - before} bytes were kept over 2,000 hops"
