"""What all parts of an evaluation work with."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from edge_agent.errors import EvaluationError
from edge_agent.evaluation.hearing import Ear, Heard
from edge_agent.evaluation.recordings import (
    Floats,
    LabelledFolder,
    held_out_noises,
    mix,
    read_labelled,
    read_mono,
    with_silence,
)
from edge_agent.models.bundle import Bundle
from edge_agent.models.commands import Commands, load_commands
from edge_agent.models.context_import import import_context
from edge_agent.models.fitted import Fitted
from edge_agent.models.grammar import compile_commands
from edge_agent.models.phone_graph import PhoneGraph

HOUSEHOLD = Path(__file__).resolve().parents[1] / "data" / "commands" / "household.yaml"


@dataclass
class Setting:
    """A bundle, its settings, and the recordings. `limit`: at most so many recordings of each kind; 0: all."""

    bundle: Bundle
    fitted: Fitted
    ear: Ear
    data: Path
    chatter: Path | None
    progress: Progress
    noises: list[Floats]
    limit: int = 0
    is_quick: bool = False
    peer_python: Path | None = None

    @classmethod
    def of(cls, bundle: Bundle, data: Path, cache: Path, progress: Progress) -> "Setting":
        """Raises EdgeAgentError for a bundle or data that cannot be used."""
        noises = held_out_noises(data / "noise")
        return cls(bundle, Fitted.of(bundle), Ear(bundle, cache), data, None, progress, noises)

    def some(self, items: list[Path]) -> list[Path]:
        """The first of them, as many as the limit allows."""
        return items[: self.limit or None]

    def hear(self, path: Path) -> Heard:
        """A recording with silence before and after."""
        return self.ear.hear(with_silence(read_mono(path)))

    def in_noise(self, path: Path, index: int, snr_db: float) -> Floats:
        """A recording in held-out noise, a different one for each index."""
        return mix(with_silence(read_mono(path)), self.noises[index % len(self.noises)], snr_db)


def commands_of(folder: Path) -> tuple[LabelledFolder, PhoneGraph]:
    """Labelled orders and the graph of the grammar beside them."""
    return read_labelled(folder), compile_commands(grammar_of(folder))


def grammar_of(folder: Path) -> Commands:
    """A context file (*.yaml), imported as a user would. Raises EvaluationError where there is none."""
    contexts = sorted(folder.glob("*.yaml"))
    if not contexts:
        raise EvaluationError(f"{folder}: no grammar; put the context file (*.yaml) of the recordings there")
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "commands.yaml"
        file.write_text(import_context(contexts[0]), encoding="utf-8")
        return load_commands(file)
