"""Fits the costs of the search, and the confidence in what it finds, to sentences that synthesisers said.

For each set of costs all recordings are decoded and the confidence is fitted anew, so that costs are judged by what the
agent would do: right commands that it takes, less those that it takes where none was said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from edge_agent.evaluation.incremental import Shown, is_accepted, show
from edge_agent.evaluation.recordings import Labelled
from edge_agent.hearing.understanding import COMMAND_CONFIDENCE
from edge_agent.models.confidence import ConfidenceModel
from edge_agent.models.decoder import Decoder, DecoderSettings, Hypothesis
from edge_agent.models.logistic import log_odds
from edge_agent.models.phone_graph import PhoneGraph
from edge_agent.models.search import SearchSettings
from edge_agent.models.spoken import SpokenModel
from export.logistic import fit

# Tried one after the other, round after round, each with the others as they stand. Not the blanks: what they should
# cost depends on how people swallow phones, and synthesisers swallow none.
CHOICES: dict[str, tuple[float, ...]] = {
    "phone_bonus": (0.0, 0.5, 1.0),
    "filler_cost": (2.0, 3.5, 5.0, 7.0),
    "branching_cost": (0.0, 0.5),
}
PEOPLES_BLANK_COST = 2.0  # the best for lines that people act: `near-words`
FALSE_COMMAND_COST = 3.0  # of one false command in a hundred others, against one missed in a hundred
FALSE_SHARE = 0.01  # of what is no command may be taken for one
CHANGE_COST = 0.02  # a cost is changed for more than chance: three sentences of the 160 that are long
COMMIT_BEAMS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0)
MAX_REVISED = 0.01  # of the words committed


@dataclass(frozen=True)
class Example:
    """What was heard, float32 [num_frames, 40], and what was said; no intent: nothing that is a command."""

    log_posteriors: NDArray[np.float32]
    label: Labelled


@dataclass(frozen=True)
class Outcome:
    """What became of an example: the best whole sentence, and whether it is the one that was said."""

    heard: Hypothesis
    is_right: bool
    is_command: bool


def decode(graph: PhoneGraph, examples: Iterable[Example], settings: DecoderSettings) -> list[Outcome]:
    """Best whole sentence of each example."""
    decoder, outcomes = Decoder(graph, settings), []
    for example in examples:
        decoder.reset()
        decoder.step(example.log_posteriors)
        heard, is_command = decoder.final_hypothesis(), example.label.intent is not None
        outcomes.append(Outcome(heard, is_command and example.label.matches(heard.intent, heard.slots), is_command))
    return outcomes


def fit_confidence(outcomes: Sequence[Outcome], spoken: SpokenModel | None = None) -> ConfidenceModel:
    """Commands and other speech count the same in all, however many of each there are.

    People are understood less surely than the synthesisers that are fitted to, so the bias is not theirs: it is such
    that hardly anything that is no command is taken for one, where `spoken` has its say, too.
    """
    found = [outcome for outcome in outcomes if outcome.heard.is_complete]
    num_commands = sum(outcome.is_command for outcome in outcomes)
    heavier = num_commands / max(1, len(outcomes) - num_commands)
    weights = [1.0 if outcome.is_command else heavier for outcome in found]
    features = [outcome.heard.features for outcome in found]
    model = ConfidenceModel(*fit(features, [outcome.is_right for outcome in found], weights))
    num_allowed = int(FALSE_SHARE * (len(outcomes) - num_commands))
    lacking = sorted(_bias_lacking(model, spoken, one.heard) for one in found if not one.is_command)
    return replace(model, bias=model.bias + lacking[num_allowed]) if num_allowed < len(lacking) else model


def _bias_lacking(model: ConfidenceModel, spoken: SpokenModel | None, heard: Hypothesis) -> float:
    """What has to be added to the bias before the agent would act upon it."""
    p_spoken = spoken.p_spoken(heard.spoken_evidence) if spoken is not None else 1.0
    return log_odds(min(COMMAND_CONFIDENCE / p_spoken, 1.0)) - model.logit(heard.features)


def fit_bias(graph: PhoneGraph, examples: Sequence[Example], settings: DecoderSettings) -> DecoderSettings:
    """The confidence once more, when it is known how speech is told from noise."""
    model = fit_confidence(decode(graph, examples, settings), settings.spoken)
    return replace(settings, confidence=model)


def worth(outcomes: Sequence[Outcome], model: ConfidenceModel) -> float:
    """Share of commands understood and taken, less what false commands cost."""
    taken = [outcome for outcome in outcomes if is_accepted_by(model, outcome.heard)]
    num_commands = sum(outcome.is_command for outcome in outcomes)
    num_false = sum(not outcome.is_command for outcome in taken)
    understood = sum(outcome.is_right for outcome in taken) / num_commands
    return understood - FALSE_COMMAND_COST * num_false / max(1, len(outcomes) - num_commands)


def is_accepted_by(model: ConfidenceModel, heard: Hypothesis) -> bool:
    """Would the agent act upon it with that confidence."""
    return is_accepted(replace(heard, confidence=model.p_right(heard.features)))


def with_cost(search: SearchSettings, name: str, value: float) -> SearchSettings:
    """The fillers before and after cost the same."""
    also = {"end_filler_cost": value} if name == "filler_cost" else {}
    return replace(search, **{name: value}, **also)  # type: ignore[arg-type]


def fit_search(
    graph: PhoneGraph, examples: Sequence[Example], base: DecoderSettings, progress: Progress, num_rounds: int = 1
) -> DecoderSettings:
    """The best costs, with the confidence fitted to them."""
    task = progress.add_task("search costs", total=num_rounds * sum(map(len, CHOICES.values())))

    def tried(search: SearchSettings) -> tuple[float, DecoderSettings]:
        settings = replace(base, search=search)
        outcomes = decode(graph, examples, settings)
        model = fit_confidence(outcomes)
        num_changed = sum(a != b for a, b in zip(astuple(search), astuple(base.search), strict=True))
        return worth(outcomes, model) - CHANGE_COST * num_changed, replace(settings, confidence=model)

    best = tried(base.search)
    for _ in range(num_rounds):
        for name, values in CHOICES.items():
            for value in values:
                if getattr(best[1].search, name) != value:
                    best = max(best, tried(with_cost(best[1].search, name, value)), key=lambda one: one[0])
                progress.advance(task)
    return best[1]


def fit_commit_beam(graph: PhoneGraph, examples: Sequence[Example], settings: DecoderSettings) -> DecoderSettings:
    """The narrowest beam at which hardly any committed word is taken back."""
    commands = [example for example in examples if example.label.intent is not None]
    for beam in COMMIT_BEAMS:
        tried = replace(settings, commit_beam=beam)
        decoder = Decoder(graph, tried)
        if share_revised([show(decoder, example.log_posteriors) for example in commands]) <= MAX_REVISED:
            return tried
    return tried


def share_revised(sentences: Iterable[Shown]) -> float:
    """Committed words that were taken back, for each one that stood in the end."""
    sentences = list(sentences)
    num_words = sum(len(sentence.committed_at) for sentence in sentences)
    return sum(sentence.num_revised for sentence in sentences) / max(1, num_words)
