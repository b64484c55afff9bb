"""The network: one step at a time hears what the whole sequence hears, never the future, and forgets."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is part of the [export] extra")

from export.net import STRIDE_HOPS, ListenerNet, StreamingListener  # noqa: E402

NUM_STEPS = 90
# The longest way back: one step at the front, eight in each convolution, 49 in each attention.
MEMORY_STEPS = 1 + 6 * 8 + 3 * 49


@pytest.fixture(scope="module")
def net() -> ListenerNet:
    torch.manual_seed(3)
    return ListenerNet().eval()


def sound(num_steps: int, seed: int = 1) -> "torch.Tensor":
    noise = np.random.default_rng(seed).normal(-6.0, 3.0, (1, num_steps * STRIDE_HOPS, 40))
    return torch.from_numpy(noise.astype(np.float32))


def streamed(net: ListenerNet, log_mel: "torch.Tensor") -> tuple["torch.Tensor", "torch.Tensor"]:
    """Log posteriors [2 T, 40] and heads [T, 4], step by step."""
    module = StreamingListener(net)
    states = [torch.zeros(shape) for shape in module.state_shapes()]
    tokens, heads = [], []
    with torch.inference_mode():
        for frames in log_mel[0].split(STRIDE_HOPS):
            posteriors, *others, = module(frames[None], *states)  # fmt: skip
            tokens.append(posteriors[0])
            heads.append(torch.cat(others[:3], 1))
            states = others[3:]
    return torch.cat(tokens), torch.cat(heads)


def test_one_step_at_a_time_equals_the_whole_sequence(net: ListenerNet) -> None:
    log_mel = sound(NUM_STEPS)
    with torch.inference_mode():
        logits, _, heads = net(log_mel)
    tokens, stepped_heads = streamed(net, log_mel)
    torch.testing.assert_close(tokens, logits[0].log_softmax(1), atol=1e-4, rtol=0.0)
    torch.testing.assert_close(stepped_heads, heads[0].sigmoid(), atol=1e-5, rtol=0.0)


def test_the_future_is_not_heard(net: ListenerNet) -> None:
    log_mel = sound(NUM_STEPS)
    other = log_mel.clone()
    other[:, 40 * STRIDE_HOPS :] += 2.0
    with torch.inference_mode():
        (logits, _, _), (changed, _, _) = net(log_mel), net(other)
    torch.testing.assert_close(logits[:, :80], changed[:, :80], atol=1e-5, rtol=0.0)
    assert not torch.allclose(logits[:, 80:], changed[:, 80:], atol=1e-2)


def test_what_was_heard_long_ago_is_forgotten(net: ListenerNet) -> None:
    same = sound(MEMORY_STEPS + 1, seed=2)
    after = [streamed(net, torch.cat([sound(20, seed), same], 1))[0][-2:] for seed in (5, 6)]
    torch.testing.assert_close(*after, atol=0.0, rtol=0.0)
    sooner = [streamed(net, torch.cat([sound(20, seed), same[:, :80]], 1))[0][-2:] for seed in (5, 6)]
    assert not torch.equal(*sooner)
