"""What `edge-agent commands check` tells about a commands file."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from edge_agent.models.commands import load_commands
from edge_agent.models.grammar import CompiledCommands, compile_stages
from edge_agent.models.sampling import Sample, sample_sentences

_NUM_SAMPLES = 8


@dataclass(frozen=True)
class Report:
    """A commands file that compiles: its sizes, what it lets a person say, and what is worth a second look."""

    path: Path
    num_intents: int
    num_sentence_templates: int
    num_words: int
    num_nodes: int
    num_arcs: int
    predicted: dict[str, str]  # word -> its predicted pronunciations
    samples: tuple[Sample, ...]
    warnings: tuple[str, ...]

    def rows(self) -> list[tuple[str, str]]:
        """Name and figure of each size, for a table."""
        return [
            ("intents", str(self.num_intents)),
            ("sentence templates", str(self.num_sentence_templates)),
            ("words", str(self.num_words)),
            ("predicted pronunciations", str(len(self.predicted))),
            ("graph nodes", str(self.num_nodes)),
            ("graph arcs", str(self.num_arcs)),
        ]

    def __str__(self) -> str:
        sizes = ", ".join(f"{figure} {name}" for name, figure in self.rows())
        samples = [f'  "{text}" -> {intent} {slots or ""}'.rstrip() for text, intent, slots in self.samples]
        warnings = [f"warning: {warning}" for warning in self.warnings]
        return "\n".join([f"{self.path}: {sizes}", *samples, *warnings])


def check_commands(path: str | Path, seed: int = 0) -> Report:
    """Compile a commands file and describe it; CommandsError, one line with the cure, if it cannot be used."""
    commands = load_commands(path)
    compiled = compile_stages(commands)
    return Report(
        path=commands.path,
        num_intents=len(commands.intents),
        num_sentence_templates=sum(len(intent.sentences) for intent in commands.intents.values()),
        num_words=len(compiled.spoken.pronunciations),
        num_nodes=compiled.phones.num_nodes,
        num_arcs=compiled.phones.num_arcs,
        predicted=_predicted(compiled),
        samples=tuple(sample_sentences(commands, Random(seed), _NUM_SAMPLES)),
        warnings=compiled.warnings,
    )


def _predicted(compiled: CompiledCommands) -> dict[str, str]:
    spoken = compiled.spoken
    return {word: ", ".join(" ".join(phones) for phones in spoken.pronunciations[word]) for word in spoken.predicted}
