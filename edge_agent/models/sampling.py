"""Random sentences of a commands file with what they mean: for tests, examples and training texts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from hassil.expression import Alternative, Expression, Group, ListReference, Permutation, RuleReference, TextChunk

from edge_agent.models.commands import Commands, Intent, SlotValue
from edge_agent.models.templates import Template, split_text, spoken_words
from edge_agent.models.word_graph import list_values

Sample = tuple[str, str, dict[str, SlotValue]]  # text in plain words, intent, slots


def sample_sentences(commands: Commands, rng: Random, num_sentences: int) -> Iterator[Sample]:
    """Sentences of intents drawn evenly; the commands must be such that they compile."""
    intents = list(commands.intents.values())
    for _ in range(num_sentences):
        yield sample_intent(commands, rng.choice(intents), rng)


def sample_intent(commands: Commands, intent: Intent, rng: Random) -> Sample:
    """One sentence of an intent; templates, choices and options are drawn evenly, skip words are left out."""
    draw = _Draw(commands, rng, rng.choice(intent.sentences))
    tokens = draw.text(draw.template.expression).split()
    words = [word for token in tokens for word in spoken_words(token)]
    return " ".join(words), intent.name, draw.slots | intent.slots


@dataclass
class _Draw:
    """One way through a template."""

    commands: Commands
    rng: Random
    template: Template
    slots: dict[str, SlotValue] = field(default_factory=dict)

    def text(self, expression: Expression) -> str:
        if isinstance(expression, TextChunk):
            return "".join(split_text(expression.text))
        if isinstance(expression, ListReference):
            return self._list_value(expression)
        if isinstance(expression, RuleReference):
            return self.text(self.commands.rules[expression.rule_name].expression)
        if not isinstance(expression, Group):
            return ""
        if isinstance(expression, Alternative):
            return self.text(self.rng.choice(expression.items))
        items = list(expression.items)
        if isinstance(expression, Permutation):
            self.rng.shuffle(items)
        return "".join(self.text(item) for item in items)

    def _list_value(self, reference: ListReference) -> str:
        entry = self.rng.choice(list_values(reference.list_name, self.template, self.commands))
        said = self.text(entry.template.expression)
        self.slots[reference.slot_name] = entry.value
        return said
