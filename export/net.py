"""The listener network: causal, matrix products only, with explicit state.

    4 log-mel frames (40 ms) -> front -> 9 blocks -> 2 x 40 log posteriors (one CTC frame per 20 ms) and p_voice

A block looks at its own past through three taps (now, d steps ago, 2d steps ago) joined into one wide product, and at
the talker and the room through exponential averages of its input (four time constants), which a step carries as one
vector. No convolution, attention or GRU operator: every runtime quantises and compiles a Linear. One class serves
training (whole sequences) and the device (one step): the state is passed in and out.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_agent.models.phones import TOKENS
from edge_agent.units import NUM_MELS, STEP_MS, STRIDE_HOPS

WIDTH, HIDDEN = 256, 512
DILATIONS = (1, 1, 1, 2, 2, 4, 4, 8, 8)
AVERAGE_MS = (200.0, 600.0, 1500.0, 4000.0)
FRAMES_PER_STEP = 2  # CTC frames
MEL_CENTRE, MEL_SCALE = -3.0, 0.25


def average_keep() -> Tensor:
    """Share of an exponential average that survives one step, [WIDTH]: a quarter of the channels per time constant."""
    keeps = [math.exp(-STEP_MS / constant_ms) for constant_ms in AVERAGE_MS]
    return torch.tensor(keeps).repeat_interleave(WIDTH // len(keeps))


class Block(nn.Module):
    """Residual block; state: the past `2 * dilation` inputs and the averages."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(WIDTH)
        self.wide = nn.Linear(4 * WIDTH, HIDDEN)
        self.narrow = nn.Linear(HIDDEN, WIDTH)
        nn.init.normal_(self.narrow.weight, std=0.3 / math.sqrt(HIDDEN))

    def forward(self, x: Tensor, decay: Tensor) -> Tensor:
        """x: [B, T, WIDTH]; decay: [WIDTH groups, T, T] lower-triangular averaging matrices."""
        h = self.norm(x)
        steps = h.shape[1]
        padded = F.pad(h, (0, 0, 2 * self.dilation, 0))
        taps = [padded[:, k * self.dilation : k * self.dilation + steps] for k in range(3)]
        groups = h.unflatten(2, (len(AVERAGE_MS), -1)).permute(2, 1, 0, 3).flatten(2)  # [G, T, B * W/G]
        averages = torch.bmm(decay, groups).unflatten(2, (h.shape[0], -1)).permute(2, 1, 0, 3).flatten(2)
        return x + self.narrow(F.relu(self.wide(torch.cat([*taps, averages], 2))))

    def step(self, x: Tensor, past: Tensor, average: Tensor, keep: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x, average: [1, WIDTH]; past: [1, 2 * dilation, WIDTH], oldest first."""
        h = self.norm(x)
        average = keep * average + (1.0 - keep) * h
        joined = torch.cat([past[:, 0], past[:, self.dilation], h, average], 1)
        past = torch.cat([past[:, 1:], h[:, None]], 1)
        return x + self.narrow(F.relu(self.wide(joined))), past, average


class ListenerNet(nn.Module):
    """Log-mel frames to phone posteriors and p_voice."""

    def __init__(self) -> None:
        super().__init__()
        self.front = nn.Linear(2 * STRIDE_HOPS * NUM_MELS, WIDTH)
        self.blocks = nn.ModuleList(Block(dilation) for dilation in DILATIONS)
        self.norm = nn.LayerNorm(WIDTH)
        self.tokens = nn.Linear(WIDTH, FRAMES_PER_STEP * len(TOKENS))
        self.voice = nn.Linear(WIDTH, 1)

    def forward(self, log_mel: Tensor) -> tuple[Tensor, Tensor]:
        """log_mel: [B, 4 T, NUM_MELS] -> token logits [B, 2 T, 40], voice logits [B, T]."""
        steps = log_mel.unflatten(1, (-1, STRIDE_HOPS)).flatten(2)
        steps = (steps - MEL_CENTRE) * MEL_SCALE
        previous = F.pad(steps, (0, 0, 1, 0))[:, :-1]
        x = self.front(torch.cat([previous, steps], 2))
        decay = decay_matrices(x.shape[1]).to(x.dtype)
        for block in self.blocks:
            x = block(x, decay)
        x = self.norm(x)
        return self.tokens(x).unflatten(2, (FRAMES_PER_STEP, -1)).flatten(1, 2), self.voice(x).squeeze(2)


def decay_matrices(num_steps: int) -> Tensor:
    """[time constants, T, T]: row t holds the weights of steps 0..t in the average at t."""
    time = torch.arange(num_steps)
    age = (time[:, None] - time[None, :]).float()
    keep = torch.tensor([math.exp(-STEP_MS / constant_ms) for constant_ms in AVERAGE_MS])[:, None, None]
    return torch.where(age >= 0, (1.0 - keep) * keep ** age.clamp(min=0.0), torch.zeros(()))


class StreamingListener(nn.Module):
    """One 40 ms step with explicit state, as it is exported.

    Inputs: log_mel [1, 4, 40], state_0 (previous scaled frames) [1, 160], then per block the past and the average.
    """

    def __init__(self, net: ListenerNet) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("keep", average_keep()[None])

    @staticmethod
    def state_shapes() -> list[tuple[int, ...]]:
        """Shapes of state_0, state_1, ..."""
        shapes: list[tuple[int, ...]] = [(1, STRIDE_HOPS * NUM_MELS)]
        for dilation in DILATIONS:
            shapes += [(1, 2 * dilation, WIDTH), (1, WIDTH)]
        return shapes

    def forward(self, log_mel: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """log_posteriors [1, 2, 40], p_voice [1, 1], then the next states in order."""
        now = (log_mel.reshape(1, STRIDE_HOPS * NUM_MELS) - MEL_CENTRE) * MEL_SCALE
        x = self.net.front(torch.cat([states[0], now], 1))
        next_states = [now]
        for index, block in enumerate(self.net.blocks):
            x, past, average = block.step(x, states[2 * index + 1], states[2 * index + 2], self.keep)
            next_states += [past, average]
        x = self.net.norm(x)
        logits = self.net.tokens(x).reshape(1, FRAMES_PER_STEP, len(TOKENS))
        return (logits.log_softmax(2), self.net.voice(x).sigmoid(), *next_states)
