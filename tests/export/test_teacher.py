"""The teacher: grown out of a listener it begins as good, and then it may look ahead."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is part of the [export] extra")
pytest.importorskip("scipy", reason="scipy is part of the [export] extra")

from export import net as network  # noqa: E402
from export.batches import Batch  # noqa: E402
from export.net import ListenerNet  # noqa: E402
from export.teacher import distance, grow  # noqa: E402


@pytest.fixture(scope="module")
def listener() -> ListenerNet:
    torch.manual_seed(3)
    return ListenerNet().eval()


@pytest.fixture(scope="module")
def sound() -> "torch.Tensor":
    return torch.from_numpy(np.random.default_rng(1).normal(-6.0, 3.0, (1, 240, 40)).astype(np.float32))


def test_growing_changes_nothing_until_it_looks_ahead(
    listener: ListenerNet, sound: "torch.Tensor", monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, bias = grow(listener).eval(), network.attention_bias
    monkeypatch.setattr(network, "attention_bias", lambda num_steps, _sees_ahead: bias(num_steps, False))
    with torch.inference_mode():
        for grown, trained in zip(teacher(sound), listener(sound), strict=True):
            torch.testing.assert_close(grown, trained, atol=1e-5, rtol=0.0)


def test_the_teacher_hears_what_comes(listener: ListenerNet, sound: "torch.Tensor") -> None:
    teacher, other = grow(listener).eval(), sound.clone()
    other[:, 160:] += 2.0
    with torch.inference_mode():
        assert not torch.allclose(teacher(sound)[0][:, :60], teacher(other)[0][:, :60], atol=1e-3)


def test_distance_counts_frames_of_sound_only() -> None:
    taught = torch.randn(2, 8, 40)
    student = taught.clone()
    student[1, 6:] += torch.randn(2, 40)  # padding of the second utterance
    empty = np.zeros((0,))
    batch = Batch(empty, empty, empty, np.array([4, 3]), empty.astype(np.int64), np.array([1, 1]), np.array([0, 1]))
    torch.testing.assert_close(distance(student, taught, batch), torch.zeros(2), atol=1e-5, rtol=0.0)
    student[0, 3, 5] += 1.0
    assert distance(student, taught, batch)[0] > 1e-3
