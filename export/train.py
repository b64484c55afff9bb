"""Training of the listener: CTC over phones plus p_voice, in bfloat16, on every process that torchrun starts.

    torchrun --nproc-per-node 2 -m export train --corpus work/corpus --out work/listener --minutes 100
    torchrun --nproc-per-node 2 -m export train --grow work/listener/checkpoint.pt --out work/teacher --minutes 45
    torchrun --nproc-per-node 2 -m export train --teacher work/teacher/checkpoint.pt \\
        --start work/listener/checkpoint.pt --out work/student --minutes 60

The first trains a listener, the second grows a teacher out of it, the third goes on with the listener under it.

Weights and their gradients are bfloat16 (nine times the float32 matrix rate on processors with AMX); what is exported
is the average of the float32 masters (`optimiser.py`). The learning rate follows the share of the
time budget that is used, so one command fits a laptop and a GPU machine. A checkpoint every two minutes; started
again, it goes on from there.
"""

import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F

from export.batches import Augment, Batch, Corpus, batches
from export.net import FRAMES_PER_STEP, ListenerNet
from export.noises import noise_bank
from export.optimiser import Masters
from export.teacher import distance, grow, new_teacher

WARM_UP_STEPS = 300
HEADS_WEIGHT = 2.0
TEACHER_WEIGHT = 0.6
MIDDLE_WEIGHT = 0.3
# Labels written by a recogniser count in full where the network finds them likely, not at all where it does not.
DOUBT_FROM_NATS, DOUBT_TO_NATS = 0.8, 1.8
SYNTHESISED = "shard_*.npz"


@dataclass(frozen=True)
class Settings:
    """How long and how fast."""

    minutes: float
    seed: int = 1
    peak_rate: float = 2e-3
    start: Path | None = None  # begin with the weights of this listener
    grow: Path | None = None  # train a teacher that is grown out of this listener
    teacher: Path | None = None  # learn this one's frame posteriors, too
    weight_decay: float = 0.02
    hops_per_batch: int = 8000  # on each process
    phrase_share: float = 0.03  # of the draws: people's labelled phrases
    acted_share: float = 0.35  # of the draws: lines that people act
    read_share: float = 0.10  # of the draws: people's read speech with a recogniser's labels
    neural_share: float = 0.30  # of the draws: a neural synthesiser's talkers


def inner_matrices(net: ListenerNet) -> list[nn.Parameter]:
    """What Muon moves: the square and oblong matrices of the blocks, not those that touch inputs or outputs."""
    return [module.weight for module in net.blocks.modules() if isinstance(module, nn.Linear)]


def learning_rate(settings: Settings, steps: int, progress: float) -> float:
    """Linear warm-up in steps, then a cosine in the share of the time budget."""
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))
    return settings.peak_rate * min(1.0, (steps + 1) / WARM_UP_STEPS) * (0.01 + 0.99 * cosine)


def loss_of(
    net: ListenerNet, batch: Batch, is_read: Tensor, teacher: ListenerNet | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Total loss, and for the log: phone loss and teacher's miss per token, loss of the heads. is_read: bool [B]."""
    logits, middle, heads = net(torch.from_numpy(batch.log_mel).bfloat16())
    num_tokens = torch.from_numpy(batch.num_tokens)
    each = ctc_loss(logits, batch)
    per_token = each.detach() / num_tokens.clamp(min=1)
    belief = ((DOUBT_TO_NATS - per_token) / (DOUBT_TO_NATS - DOUBT_FROM_NATS)).clamp(0.0, 1.0)
    weight = torch.where(is_read, belief, 1.0) / num_tokens.clamp(min=1).sum()
    phone_loss, middle_loss = (each * weight).sum(), (ctc_loss(middle, batch) * weight).sum()
    heads_loss = loss_of_heads(heads, torch.from_numpy(batch.heads), is_read)
    miss = torch.zeros(())
    if teacher is not None:
        with torch.inference_mode():
            taught, _, _ = teacher(torch.from_numpy(batch.taught).bfloat16())
        miss = distance(logits, taught, batch).sum() / num_tokens.clamp(min=1).sum()
    total = phone_loss + TEACHER_WEIGHT * miss + MIDDLE_WEIGHT * middle_loss + HEADS_WEIGHT * heads_loss
    return total, phone_loss.detach(), miss.detach(), heads_loss.detach()


def ctc_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Nats of each utterance, [B]."""
    return F.ctc_loss(logits.float().log_softmax(2).transpose(0, 1), torch.from_numpy(batch.tokens),
                      torch.from_numpy(batch.num_steps) * FRAMES_PER_STEP, torch.from_numpy(batch.num_tokens),
                      reduction="none", zero_infinity=True)  # fmt: skip


def loss_of_heads(logits: Tensor, targets: Tensor, is_read: Tensor) -> Tensor:
    """Mean cross-entropy where a target is given; what a recogniser cut out of read speech says nothing of turns."""
    given = ~targets.isnan() & ~is_read[:, None, None]
    each = F.binary_cross_entropy_with_logits(logits.float(), targets.nan_to_num(), reduction="none")
    return (each * given).sum() / given.sum().clamp(min=1)


def open_corpus(folder: Path, settings: Settings) -> tuple[Corpus, np.ndarray, np.ndarray]:
    """All shards, the chance of each utterance, and which ones carry a recogniser's labels.

    What people and the neural talkers say gets its shares; the rest of the draws is from the other synthesisers.
    """
    shares = {
        "people_phrases_*.npz": settings.phrase_share,
        "people_acted_*.npz": settings.acted_share,
        "people_read_*.npz": settings.read_share,
        "neural_*.npz": settings.neural_share,
        SYNTHESISED: 1.0,
    }
    found = {pattern: [path for path in sorted(folder.glob(pattern)) if ".tmp" not in path.name] for pattern in shares}
    sizes = {pattern: sum(len(np.load(path)["num_hops"]) for path in paths) for pattern, paths in found.items()}
    shares[SYNTHESISED] -= sum(shares[pattern] for pattern, size in sizes.items() if size and pattern != SYNTHESISED)
    chances = np.concatenate([np.full(size, shares[pattern] / max(size, 1)) for pattern, size in sizes.items()])
    is_read = np.repeat([pattern == "people_read_*.npz" for pattern in sizes], list(sizes.values()))
    return Corpus([path for paths in found.values() for path in paths]), chances / chances.sum(), is_read


def train(corpus_folder: Path, noise_folder: Path, effects_folder: Path | None, out: Path, settings: Settings) -> None:
    """Train (or go on training) until the time budget is used."""
    torch.set_num_threads(1)
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group("gloo")
    rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    torch.manual_seed(settings.seed)
    net = first_network(settings).bfloat16()
    teacher = load_average(settings.teacher).bfloat16() if settings.teacher else None
    masters = Masters(net, inner_matrices(net), settings.weight_decay)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    used_s = 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        masters.load(saved["masters"])
        used_s = float(saved["used_s"])
    rng = np.random.default_rng([settings.seed, rank, masters.steps])
    corpus, chances, is_read = open_corpus(corpus_folder, settings)
    augment = Augment(corpus, noise_bank(noise_folder, effects_folder, rng), rng)
    stream = batches(augment, chances, corpus.num_hops, rng, settings.hops_per_batch)
    started = logged = saved_at = time.monotonic()
    sums = torch.zeros(5)
    while True:
        now = time.monotonic()
        clock = torch.tensor([used_s + now - started])
        if dist.is_initialized():
            dist.broadcast(clock, 0)
        progress = float(clock) / (settings.minutes * 60.0)
        if rank == 0 and (now - saved_at > 120.0 or progress >= 1.0):
            saved_at = now
            save(checkpoint, net, masters, float(clock))
        if progress >= 1.0:
            break
        batch = next(stream)
        loss, *parts = loss_of(net, batch, torch.from_numpy(is_read[batch.ids]), teacher)
        loss.backward()  # type: ignore[no-untyped-call]
        gradient = masters.take_gradient()
        if dist.is_initialized():
            dist.all_reduce(gradient)
        masters.step(gradient.float() / world, learning_rate(settings, masters.steps, progress))
        heard_s = float(batch.num_steps.sum()) * 0.04 * world
        sums += torch.tensor([1.0, *map(float, parts), heard_s])
        if rank == 0 and now - logged > 15.0:
            count, phone, miss, heads, heard = sums.tolist()
            rate = learning_rate(settings, masters.steps, progress)
            print(f"{progress:6.1%} step {masters.steps} phone {phone / count:.3f} miss {miss / count:.3f} "
                  f"heads {heads / count:.3f} rate {rate:.1e} "
                  f"{heard / (now - logged):.0f} s of speech a second", flush=True)  # fmt: skip
            logged = now
            sums.zero_()


def first_network(settings: Settings) -> ListenerNet:
    """What training begins with."""
    if settings.grow:
        return grow(load_average(settings.grow))
    return load_average(settings.start) if settings.start else ListenerNet()


def save(path: Path, net: ListenerNet, masters: Masters, used_s: float) -> None:
    """Write a checkpoint whole or not at all."""
    temporary = path.with_suffix(".tmp")
    is_teacher = net.sees_ahead
    torch.save({"masters": masters.state(), "used_s": used_s, "is_teacher": is_teacher}, temporary)
    temporary.rename(path)


def load_average(checkpoint: Path) -> ListenerNet:
    """The averaged float32 network of a checkpoint."""
    saved = torch.load(checkpoint, weights_only=True)
    net = new_teacher() if saved.get("is_teacher") else ListenerNet()
    Masters(net, inner_matrices(net), 0.0).scatter(saved["masters"]["average"])
    return net.eval()
