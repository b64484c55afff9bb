"""Training of the listener: CTC over phones plus p_voice, in bfloat16, on every process that torchrun starts.

    torchrun --nproc-per-node 2 -m export train --corpus work/corpus --out work/listener --minutes 70

Weights and their gradients are bfloat16 (nine times the float32 matrix rate on processors with AMX); the optimiser
keeps float32 masters and an average of them, which is what is exported. The learning rate follows the share of the
time budget that is used, so one command fits a laptop and a GPU machine. A checkpoint every two minutes; started
again, it goes on from there.
"""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional as F

from export.batches import Augment, Batch, Corpus, batches, noise_bank
from export.net import FRAMES_PER_STEP, ListenerNet

WARM_UP_STEPS = 300
CLIP_NORM = 1.0
AVERAGE_EVERY_STEPS = 5
VOICE_WEIGHT = 0.4
# Labels written by a recogniser count in full where the network finds them likely, not at all where it does not.
DOUBT_FROM_NATS, DOUBT_TO_NATS = 0.8, 1.8


@dataclass(frozen=True)
class Settings:
    """How long and how fast."""

    minutes: float
    seed: int = 1
    peak_rate: float = 1.5e-3
    weight_decay: float = 0.02
    hops_per_batch: int = 5000  # on each process
    read_share: float = 0.12  # of the draws: people's read speech with a recogniser's labels
    phrase_share: float = 0.03  # of the draws: people's labelled phrases


class Masters:
    """AdamW over one flat float32 copy of a bfloat16 network's parameters.

    Flat and fused because the optimiser is bound by memory: as separate passes it took a third of the training time.
    """

    def __init__(self, net: ListenerNet, weight_decay: float) -> None:
        self.parameters = list(net.parameters())
        self.flat = self.gather([p.data for p in self.parameters]).float()
        self.average = self.flat.clone()
        self.optimiser = torch.optim.AdamW([self.flat], betas=(0.9, 0.98), weight_decay=weight_decay, fused=True)
        self.steps = 0

    @staticmethod
    def gather(tensors: list[Tensor]) -> Tensor:
        """All tensors as one vector."""
        return torch.cat([tensor.reshape(-1) for tensor in tensors])

    def step(self, gradient: Tensor, rate: float) -> None:
        """One update from a flat float32 gradient, which is used up; skipped if it is not finite."""
        self.steps += 1
        norm = float(gradient.norm())
        if not math.isfinite(norm):
            return
        if norm > CLIP_NORM:
            gradient.mul_(CLIP_NORM / norm)
        self.optimiser.param_groups[0]["lr"] = rate
        self.flat.grad = gradient
        self.optimiser.step()
        if self.steps % AVERAGE_EVERY_STEPS == 0:
            self.average.lerp_(self.flat, max(AVERAGE_EVERY_STEPS / self.steps, AVERAGE_EVERY_STEPS * 2e-3))
        self.scatter(self.flat)

    def scatter(self, flat: Tensor) -> None:
        """Copy a flat vector into the network's parameters."""
        first = 0
        with torch.no_grad():
            for parameter in self.parameters:
                parameter.copy_(flat[first : first + parameter.numel()].view_as(parameter))
                first += parameter.numel()

    def state(self) -> dict[str, object]:
        """All that a resumed run needs."""
        return {
            "flat": self.flat, "average": self.average, "steps": self.steps,
            "optimiser": self.optimiser.state_dict(),
        }  # fmt: skip

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.flat.copy_(state["flat"])
        self.average.copy_(state["average"])
        self.steps = state["steps"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.scatter(self.flat)


def learning_rate(settings: Settings, steps: int, progress: float) -> float:
    """Linear warm-up in steps, then a cosine in the share of the time budget."""
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))
    return settings.peak_rate * min(1.0, (steps + 1) / WARM_UP_STEPS) * (0.01 + 0.99 * cosine)


def loss_of(net: ListenerNet, batch: Batch, is_read: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Total loss, and for the log: phone loss per token and voice loss. is_read: bool [B]."""
    logits, voice = net(torch.from_numpy(batch.log_mel).bfloat16())
    num_steps, num_tokens = torch.from_numpy(batch.num_steps), torch.from_numpy(batch.num_tokens)
    log_posteriors = logits.float().log_softmax(2).transpose(0, 1)
    each = F.ctc_loss(log_posteriors, torch.from_numpy(batch.tokens), num_steps * FRAMES_PER_STEP, num_tokens,
                      reduction="none", zero_infinity=True)  # fmt: skip
    per_token = each.detach() / num_tokens.clamp(min=1)
    belief = ((DOUBT_TO_NATS - per_token) / (DOUBT_TO_NATS - DOUBT_FROM_NATS)).clamp(0.0, 1.0)
    weight = torch.where(is_read, belief, 1.0)
    tokens = num_tokens.clamp(min=1).sum()
    phone_loss = (each * weight).sum() / tokens
    inside = (torch.arange(voice.shape[1])[None] < num_steps[:, None]).float()
    voice_each = F.binary_cross_entropy_with_logits(voice.float(), torch.from_numpy(batch.voiced), reduction="none")
    voice_loss = (voice_each * inside * (1.0 - is_read.float())[:, None]).sum() / inside.sum()
    return phone_loss + VOICE_WEIGHT * voice_loss, phone_loss.detach(), voice_loss.detach()


def open_corpus(folder: Path, settings: Settings) -> tuple[Corpus, np.ndarray, np.ndarray]:
    """All shards, the chance of each utterance, and which ones carry a recogniser's labels."""
    groups = [sorted(folder.glob(pattern)) for pattern in ("shard_*.npz", "people_phrases_*.npz", "people_read_*.npz")]
    groups = [[path for path in group if ".tmp" not in path.name] for group in groups]
    sizes = [sum(len(np.load(path)["num_hops"]) for path in group) for group in groups]
    shares = [1.0, settings.phrase_share if sizes[1] else 0.0, settings.read_share if sizes[2] else 0.0]
    shares[0] -= shares[1] + shares[2]
    chances = np.concatenate([np.full(size, share / max(size, 1)) for size, share in zip(sizes, shares, strict=True)])
    is_read = np.repeat([False, False, True], sizes)
    return Corpus([path for group in groups for path in group]), chances / chances.sum(), is_read


def train(corpus_folder: Path, noise_folder: Path, out: Path, settings: Settings) -> None:
    """Train (or go on training) until the time budget is used."""
    torch.set_num_threads(1)
    if "WORLD_SIZE" in __import__("os").environ:
        dist.init_process_group("gloo")
    rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    torch.manual_seed(settings.seed)
    net = ListenerNet().bfloat16()
    masters = Masters(net, settings.weight_decay)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    used_s = 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        masters.load(saved["masters"])
        used_s = float(saved["used_s"])
    rng = np.random.default_rng([settings.seed, rank, masters.steps])
    corpus, chances, is_read = open_corpus(corpus_folder, settings)
    augment = Augment(corpus, noise_bank(noise_folder, rng), rng)
    stream = batches(augment, chances, corpus.num_hops, rng, settings.hops_per_batch)
    started = logged = saved_at = time.monotonic()
    sums = torch.zeros(4)
    while True:
        now = time.monotonic()
        clock = torch.tensor([used_s + now - started])
        if dist.is_initialized():
            dist.broadcast(clock, 0)
        progress = float(clock) / (settings.minutes * 60.0)
        if rank == 0 and (now - saved_at > 120.0 or progress >= 1.0):
            saved_at = now
            save(checkpoint, masters, float(clock))
        if progress >= 1.0:
            break
        batch = next(stream)
        loss, phone_loss, voice_loss = loss_of(net, batch, torch.from_numpy(is_read[batch.ids]))
        loss.backward()  # type: ignore[no-untyped-call]
        gradient = Masters.gather([p.grad for p in masters.parameters])  # type: ignore[misc]
        for parameter in masters.parameters:
            parameter.grad = None
        if dist.is_initialized():
            dist.all_reduce(gradient)
        masters.step(gradient.float() / world, learning_rate(settings, masters.steps, progress))
        heard_s = float(batch.num_steps.sum()) * 0.04 * world
        sums += torch.tensor([1.0, float(phone_loss), float(voice_loss), heard_s])
        if rank == 0 and now - logged > 15.0:
            count, phone, voice, heard = sums.tolist()
            rate = learning_rate(settings, masters.steps, progress)
            print(f"{progress:6.1%} step {masters.steps} phone {phone / count:.3f} voice {voice / count:.3f} "
                  f"rate {rate:.1e} {heard / (now - logged):.0f} s of speech a second", flush=True)  # fmt: skip
            logged = now
            sums.zero_()


def save(path: Path, masters: Masters, used_s: float) -> None:
    """Write a checkpoint whole or not at all."""
    temporary = path.with_suffix(".tmp")
    torch.save({"masters": masters.state(), "used_s": used_s}, temporary)
    temporary.rename(path)


def load_average(checkpoint: Path) -> ListenerNet:
    """The averaged float32 network of a checkpoint."""
    net = ListenerNet()
    saved = torch.load(checkpoint, weights_only=True)
    Masters(net, 0.0).scatter(saved["masters"]["average"])
    return net.eval()
