"""How long the processes that a test waits for had work to do and no processor: what a busy machine took from them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.processes import descendants


class Starvation:
    """Sums up from its construction on; a process that ends is counted until the last `measure` that saw it."""

    def __init__(self, *parents: int) -> None:
        """`parents`: these, and all processes below them."""
        self._parents = parents
        self._before_s = dict(self._delays_s())
        self._after_s = dict(self._before_s)

    def measure(self) -> float:
        """Seconds so far, of all of them together; call it often enough to see every process."""
        self._after_s |= dict(self._delays_s())
        return sum(after_s - self._before_s.get(task, 0.0) for task, after_s in self._after_s.items())

    def _delays_s(self) -> Iterator[tuple[str, float]]:
        """For each thread: its number, and how long the kernel let it wait."""
        for parent in self._parents:
            with suppress(OSError):  # one of them has just ended
                for pid in (parent, *descendants(parent)):
                    for task in Path(f"/proc/{pid}/task").iterdir():
                        yield task.name, int((task / "schedstat").read_text(encoding="ascii").split()[1]) / 1e9
