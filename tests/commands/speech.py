"""What a text means to a compiled file of commands."""

from pathlib import Path

from edge_agent.models.commands import load_commands
from edge_agent.models.grammar import CompiledCommands, compile_stages
from edge_agent.models.phone_graph import Label
from tests.commands.walking import Meaning, Walker


class Speech:
    """Asks a compiled file what a text means; words are said in every way it knows."""

    def __init__(self, compiled: CompiledCommands) -> None:
        self.compiled = compiled
        self._walker = Walker.of(compiled.phones)

    def meanings(self, text: str) -> set[Meaning]:
        spoken = self.compiled.spoken.pronunciations
        words = text.split()
        if not all(word in spoken for word in words):
            return set()
        return self._walker.meanings([list(spoken[word]) for word in words])

    def understood(self, text: str) -> tuple[str, dict[str, object]]:
        """The one meaning of a text whose words come out as said."""
        meanings = {(intent, slots) for intent, slots, words in self.meanings(text) if words == tuple(text.split())}
        assert len(meanings) == 1, f"{text}: {meanings}"
        intent, slots = meanings.pop()
        return intent, dict(slots)

    def corrected(self, text: str) -> tuple[str, dict[str, object], dict[str, object]]:
        """Intent of the command that a text takes back, its slots, and those of what is said instead."""
        spoken = self.compiled.spoken.pronunciations
        found = self._walker.outputs([list(spoken[word]) for word in text.split()])
        halves = {_halves(outputs) for outputs in found}
        assert len(halves) == 1, f"{text}: {halves}"
        intent, was, instead = halves.pop()
        return intent, dict(was), dict(instead)

    def can_continue(self, text: str) -> bool:
        """Whether words that matter may follow a sentence."""
        spoken = self.compiled.spoken.pronunciations
        ends = self._walker.final_nodes([list(spoken[word]) for word in text.split()])
        answers = {bool(self.compiled.phones.can_continue[node]) for node in ends}
        assert len(answers) == 1, f"{text}: {answers}"
        return answers.pop()


def compiled_text(folder: Path, text: str) -> Speech:
    path = folder / "commands.yaml"
    path.write_text(text, encoding="utf-8")
    return Speech(compile_stages(load_commands(path)))


def _halves(outputs: tuple[Label, ...]) -> tuple[str, frozenset[tuple[str, object]], frozenset[tuple[str, object]]]:
    """What was taken back, its slots, and the slots after the cut."""
    kinds = [label.kind for label in outputs]
    assert kinds.count("cut") == 1, outputs
    cut = kinds.index("cut")
    was, instead = (
        frozenset((label.slot, label.value) for label in half if label.slot) for half in (outputs[:cut], outputs[cut:])
    )
    return outputs[cut].intent, was, instead
