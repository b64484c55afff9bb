"""The listener network: causal, with explicit state, made of what every runtime quantises and compiles.

Its teacher is the same class that sees ahead and has every block twice (`teacher.py`).

    4 log-mel frames (40 ms) and the 4 before -> front -> 6 blocks -> 2 x 40 phone posteriors (one CTC frame per 20 ms)
                                                                    -> p_voice, p_eot, p_sounds

A block is a gated convolution over the last 9 steps (360 ms), in every second block attention over the last 50 steps
(2 s: talker, room and rate), and a feed-forward layer. Through all blocks nothing older than 8 s is heard, so an hour
of silence leaves no trace. One class serves training (whole sequences) and the device (one step); where a sequence
begins, the past is zeros in both.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_agent.models.phones import TOKENS
from edge_agent.units import NUM_MELS, STRIDE_HOPS
from export.noises import SOUNDS

WIDTH, HIDDEN, NUM_BLOCKS = 192, 640, 6
KERNEL_STEPS = 9
NUM_HEADS, HEAD_WIDTH = 4, 48
REACH_STEPS = 50  # of attention, the present one included
# How fast attention fades with age, nats per step and head: from the last syllables to the whole window alike.
FADING = (0.5, 0.15, 0.04, 0.0)
FRAMES_PER_STEP = 2  # CTC frames
MEL_CENTRE, MEL_SCALE = -3.0, 0.25
MID_BLOCK = 3  # after this block training also asks for the phones


class Convolution(nn.Module):
    """Gated, depthwise, causal unless it sees ahead; state: the last KERNEL_STEPS - 1 gated inputs."""

    def __init__(self, sees_ahead: bool = False) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.gated = nn.Linear(WIDTH, 2 * WIDTH)
        self.ahead_steps = (KERNEL_STEPS - 1) * sees_ahead
        self.depthwise = nn.Conv1d(WIDTH, WIDTH, KERNEL_STEPS + self.ahead_steps, groups=WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """x: [B, T, WIDTH]."""
        gated = F.glu(self.gated(self.norm(x)), 2).transpose(1, 2)
        mixed = self.depthwise(F.pad(gated, (KERNEL_STEPS - 1, self.ahead_steps))).transpose(1, 2)
        return x + self.out(F.relu(mixed))

    def step(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """x: [1, WIDTH]; past: [1, KERNEL_STEPS - 1, WIDTH], oldest first."""
        value, gate = self.gated(self.norm(x)).split(WIDTH, 1)
        window = torch.cat([past, (value * gate.sigmoid())[:, None]], 1)
        mixed = (window * self.depthwise.weight[:, 0].t()[None]).sum(1) + self.depthwise.bias
        return x + self.out(F.relu(mixed)), window[:, 1:]


class Attention(nn.Module):
    """Over the last REACH_STEPS steps; state: keys and values of all but the present one."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.joint = nn.Linear(WIDTH, 3 * NUM_HEADS * HEAD_WIDTH)
        self.out = nn.Linear(NUM_HEADS * HEAD_WIDTH, WIDTH)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """x: [B, T, WIDTH]; bias: [heads, T, T + REACH_STEPS - 1] of scores, -inf out of reach."""
        query, key, value = self.joint(self.norm(x)).unflatten(2, (3, NUM_HEADS, HEAD_WIDTH)).permute(2, 0, 3, 1, 4)
        key, value = (F.pad(part, (0, 0, REACH_STEPS - 1, 0)) for part in (key, value))
        scores = query @ key.transpose(2, 3) * HEAD_WIDTH**-0.5 + bias
        return x + self.out((scores.softmax(3) @ value).transpose(1, 2).flatten(2))

    def step(self, x: Tensor, keys: Tensor, values: Tensor, fading: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x: [1, WIDTH]; keys, values: [heads, REACH_STEPS - 1, HEAD_WIDTH]; fading: [heads, 1, REACH_STEPS]."""
        query, key, value = self.joint(self.norm(x)).reshape(3, NUM_HEADS, 1, HEAD_WIDTH).unbind(0)
        keys, values = torch.cat([keys, key], 1), torch.cat([values, value], 1)
        scores = query @ keys.transpose(1, 2) * HEAD_WIDTH**-0.5 + fading
        heard = (scores.softmax(2) @ values).reshape(1, NUM_HEADS * HEAD_WIDTH)
        return x + self.out(heard), keys[:, 1:], values[:, 1:]


class FeedForward(nn.Module):
    """Two layers, no state."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.wide = nn.Linear(WIDTH, HIDDEN)
        self.narrow = nn.Linear(HIDDEN, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """x: [..., WIDTH]."""
        return x + self.narrow(F.relu(self.wide(self.norm(x))))


class Block(nn.Module):
    """Convolution, attention in every second block, feed-forward."""

    def __init__(self, index: int, sees_ahead: bool = False) -> None:
        super().__init__()
        self.convolution = Convolution(sees_ahead)
        self.attention = Attention() if index % 2 else None
        self.feed_forward = FeedForward()

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """x: [B, T, WIDTH]."""
        x = self.convolution(x)
        if self.attention is not None:
            x = self.attention(x, bias)
        return self.feed_forward(x)

    def state_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of what a step carries to the next."""
        cache = (NUM_HEADS, REACH_STEPS - 1, HEAD_WIDTH)
        return [(1, KERNEL_STEPS - 1, WIDTH), *([] if self.attention is None else [cache, cache])]

    def step(self, x: Tensor, states: tuple[Tensor, ...], fading: Tensor) -> tuple[Tensor, list[Tensor]]:
        """x: [1, WIDTH]; states as in `state_shapes`."""
        x, past = self.convolution.step(x, states[0])
        next_states = [past]
        if self.attention is not None:
            x, keys, values = self.attention.step(x, states[1], states[2], fading)
            next_states += [keys, values]
        return self.feed_forward(x), next_states


class ListenerNet(nn.Module):
    """Log-mel frames to phone posteriors, voice, end of turn and sounds."""

    def __init__(self, copies: int = 1, sees_ahead: bool = False) -> None:
        """`copies` of each block, one after another."""
        super().__init__()
        self.copies, self.sees_ahead = copies, sees_ahead
        self.front = nn.Linear(2 * STRIDE_HOPS * NUM_MELS, WIDTH)
        self.blocks = nn.ModuleList(Block(index // copies, sees_ahead) for index in range(copies * NUM_BLOCKS))
        self.norm = nn.LayerNorm(WIDTH)
        self.tokens = nn.Linear(WIDTH, FRAMES_PER_STEP * len(TOKENS))
        self.heads = nn.Linear(WIDTH, 2 + len(SOUNDS))  # voice, end of turn, sounds
        self.mid_tokens = nn.Linear(WIDTH, FRAMES_PER_STEP * len(TOKENS))  # for training only

    def forward(self, log_mel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log_mel: [B, 4 T, NUM_MELS] -> token logits [B, 2 T, 40], the same of MID_BLOCK, head logits [B, T, 4]."""
        steps = log_mel.unflatten(1, (-1, STRIDE_HOPS)).flatten(2)
        steps = (steps - MEL_CENTRE) * MEL_SCALE
        previous = F.pad(steps, (0, 0, 1, 0))[:, :-1]
        x = self.front(torch.cat([previous, steps], 2))
        bias = attention_bias(x.shape[1], self.sees_ahead).to(x)
        middle = x
        for index, block in enumerate(self.blocks, start=1):
            x = block(x, bias)
            middle = x if index == MID_BLOCK * self.copies else middle
        x = self.norm(x)
        logits, middle = (
            head(part).unflatten(2, (FRAMES_PER_STEP, -1)).flatten(1, 2)
            for head, part in ((self.tokens, x), (self.mid_tokens, self.norm(middle)))
        )
        return logits, middle, self.heads(x)


def attention_bias(num_steps: int, sees_ahead: bool = False) -> Tensor:
    """[heads, T, T + REACH_STEPS - 1]: what is added to the scores; column REACH_STEPS - 1 is the first step's key."""
    age = torch.arange(num_steps)[:, None] - torch.arange(num_steps + REACH_STEPS - 1)[None] + REACH_STEPS - 1
    bias = -torch.tensor(FADING)[:, None, None] * age.abs()
    return bias.masked_fill((age < (1 - REACH_STEPS) * sees_ahead) | (age >= REACH_STEPS), -torch.inf)


class StreamingListener(nn.Module):
    """One 40 ms step with explicit state, as it is exported.

    Inputs: log_mel [1, 4, 40], state_0 (previous scaled frames) [1, 160], then the states of the blocks.
    """

    fading: Tensor

    def __init__(self, net: ListenerNet) -> None:
        super().__init__()
        self.net = net
        age = torch.arange(REACH_STEPS - 1, -1, -1)
        self.register_buffer("fading", -torch.tensor(FADING)[:, None, None] * age)

    def state_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of state_0, state_1, ..."""
        return [(1, STRIDE_HOPS * NUM_MELS)] + [s for block in self.net.blocks for s in block.state_shapes()]

    def forward(self, log_mel: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """log_posteriors [1, 2, 40], p_voice, p_eot [1, 1], p_sounds [1, 2], then the next states in order."""
        now = (log_mel.reshape(1, STRIDE_HOPS * NUM_MELS) - MEL_CENTRE) * MEL_SCALE
        x = self.net.front(torch.cat([states[0], now], 1))
        next_states, first = [now], 1
        for block in self.net.blocks:
            count = len(block.state_shapes())
            x, carried = block.step(x, states[first : first + count], self.fading)
            next_states += carried
            first += count
        x = self.net.norm(x)
        logits = self.net.tokens(x).reshape(1, FRAMES_PER_STEP, len(TOKENS))
        heads = self.net.heads(x).sigmoid()
        return (logits.log_softmax(2), heads[:, :1], heads[:, 1:2], heads[:, 2:], *next_states)
