"""The teacher: the listener's own network with every block twice, seeing 2 s ahead, grown out of a trained listener.

Grown, not begun afresh: each block is followed by a copy that at first adds nothing, and no weight looks ahead yet. So
the teacher starts as good as the listener and its tokens stand where the listener can put them, which a teacher that
was trained alone would not do: it would emit a phone before a causal network has heard it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.batches import Batch
from export.net import FRAMES_PER_STEP, KERNEL_STEPS, Block, ListenerNet

COPIES = 2


def new_teacher() -> ListenerNet:
    """An untrained one."""
    return ListenerNet(copies=COPIES, sees_ahead=True)


def grow(listener: ListenerNet) -> ListenerNet:
    """A teacher that begins with the weights of a trained listener."""
    teacher, trained = new_teacher(), listener.state_dict()
    grown = teacher.state_dict()
    for name in grown:
        parts = name.split(".")
        if parts[0] == "blocks":
            parts[1] = str(int(parts[1]) // COPIES)
        grown[name][..., : trained[".".join(parts)].shape[-1]] = trained[".".join(parts)]
        if name.endswith("depthwise.weight"):
            grown[name][..., KERNEL_STEPS:] = 0.0
    teacher.load_state_dict(grown)
    for index, block in enumerate(teacher.blocks):
        if index % COPIES:
            _silence(block)  # type: ignore[arg-type]
    return teacher


def _silence(block: Block) -> None:
    """A block that adds nothing until it is trained."""
    last_layers = [block.convolution.out, block.feed_forward.narrow]
    last_layers += [] if block.attention is None else [block.attention.out]
    for layer in last_layers:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)


def distance(student_logits: Tensor, teacher_logits: Tensor, batch: Batch) -> Tensor:
    """Nats by which the student's frame posteriors miss the teacher's, summed over each utterance: [B].

    Logits: [B, 2 T, tokens].
    """
    wanted = teacher_logits.float().log_softmax(2)
    each = F.kl_div(student_logits.float().log_softmax(2), wanted, reduction="none", log_target=True).sum(2)
    frame = torch.arange(each.shape[1])
    return (each * (frame < torch.from_numpy(batch.num_steps)[:, None] * FRAMES_PER_STEP)).sum(1)
