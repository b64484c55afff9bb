"""Whether somebody spoke where a sentence was found, on synthetic posteriors."""

import numpy as np
import pytest

from edge_agent.models.decoder import Decoder
from edge_agent.models.phone_graph import Label
from edge_agent.models.spoken import HISTORY_FRAMES, HeardFrames, SpokenModel, evidence_of
from tests.models.posteriors import said, sentences_graph, wavering

STOP = sentences_graph([([("stop", "S T AA P", Label("word", "stop"))], Label("end", intent="Stop"))])


def test_what_the_listener_only_wavers_about_was_not_spoken() -> None:
    decoder = Decoder(STOP)
    decoder.step(said("S T AA P"))
    spoken = decoder.final_hypothesis()
    decoder.reset()
    decoder.step(wavering("S T AA P"))
    found = decoder.final_hypothesis()
    assert spoken.words == found.words == ("stop",)
    assert spoken.features[0] == pytest.approx(found.features[0], abs=0.5), "each fits as well as the other"
    assert spoken.spoken_evidence.heard == pytest.approx(np.log(4.5))
    assert found.spoken_evidence.heard == pytest.approx(np.log(0.5))
    assert spoken.confidence > 0.9
    assert found.confidence < 0.1


def test_many_phones_may_be_heard_in_part() -> None:
    model = SpokenModel()
    assert model.p_spoken(evidence_of(10, 30, 45.0)) > 0.9 > model.p_spoken(evidence_of(0, 30, 45.0))


def test_nothing_but_a_number_comes_of_a_margin_without_end() -> None:
    assert evidence_of(1, 1, float("inf")) == evidence_of(1, 1, 100.0)
    assert evidence_of(1, 1, float("-inf")) == evidence_of(1, 1, -100.0)


def test_frames_are_counted_as_far_back_as_they_are_remembered() -> None:
    heard, frames = HeardFrames(), said("S T AA P", lead=0, tail=0)
    num_times = HISTORY_FRAMES // len(frames) + 2
    for _ in range(num_times):
        heard.step(frames)
    num_frames, share = num_times * len(frames), 4 / len(frames)
    assert heard.between(num_frames - len(frames), num_frames - 1) == 4
    assert heard.between(num_frames - 3, num_frames - 1) == 1
    assert heard.between(0, num_frames - 1) == pytest.approx(share * HISTORY_FRAMES, abs=4)
    assert heard.between(0, 5) == 0
    heard.reset()
    heard.step(frames[:2])
    assert heard.between(0, 1) == 1
