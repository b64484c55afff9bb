"""What the network is asked to tell at each moment."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="scipy is part of the [export] extra")
# imported by the tests: scipy costs a second, and every process collects this file


def test_a_turn_has_ended_after_the_last_voiced_hop_only() -> None:
    from export.batches import turn_targets

    voiced = np.array([0, 1, 1, 0, 0, 1, 0, 0], np.bool_)
    voice, ended = turn_targets(voiced).T
    assert voice.tolist() == voiced.tolist()
    assert np.isnan(ended[0])
    assert ended[1:].tolist() == [0, 0, 0, 0, 0, 1, 1]


def test_of_silence_nothing_is_said_about_turns() -> None:
    from export.batches import turn_targets

    assert np.isnan(turn_targets(np.zeros(4, np.bool_))[:, 1]).all()


def test_every_fourth_recording_is_kept() -> None:
    from export.noises import kept_for_evaluation

    assert [index for index in range(9) if kept_for_evaluation(index)] == [3, 7]


def test_a_microphone_with_automatic_gain_raises_what_is_quiet_and_hears_it_alike() -> None:
    from export.batches import Augment

    power = np.full((400, 40), 1e-2, np.float32) * np.linspace(0.5, 1.5, 40, dtype=np.float32)
    power[100:200] *= 100.0
    levelled = Augment(None, [], np.random.default_rng(3))  # type: ignore[arg-type]
    heard = levelled._levelled(power)
    assert heard[150, 0] / heard[390, 0] < 0.5 * power[150, 0] / power[390, 0]
    np.testing.assert_allclose(heard[390] / heard[390].mean(), power[390] / power[390].mean(), rtol=1e-5)
    silence = levelled._levelled(np.zeros_like(power))
    assert np.isfinite(silence).all()
