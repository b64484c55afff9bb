"""Writes tests/data/tiny_bundle: the listener's interface with a network of a few kB, of random weights.

By hand, with the extra `export`, when the bundle format changes: python tests/models/make_tiny_bundle.py
"""

from pathlib import Path

import torch

from export import net
from export.publish import write_bundle

FOLDER = Path(__file__).parents[1] / "data" / "tiny_bundle"


def main() -> None:
    """Shrink the network, then publish it like the large one."""
    net.WIDTH, net.HIDDEN, net.DILATIONS = 16, 16, (1, 2)
    torch.manual_seed(1)
    tiny = net.ListenerNet().eval()
    with torch.no_grad():
        tiny.tokens.weight.mul_(8.0)  # so that tokens differ as clearly as a trained network's do
    write_bundle(tiny, FOLDER, {"corpus_recipe": "none", "training_recipe": "none", "seed": 1}, {})


if __name__ == "__main__":
    main()
