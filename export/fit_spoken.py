"""Fits how a sentence that somebody spoke is told from one that is found in noise (`edge_agent/models/spoken.py`).

Whether it is the right sentence is another question, fitted without noise (`fit_search.py`): one answer to both would
refuse what people say less surely than synthesisers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

from edge_agent.models.decoder import DecoderSettings
from edge_agent.models.phone_graph import PhoneGraph
from edge_agent.models.spoken import SpokenEvidence, SpokenModel
from export.fit_search import Example, decode
from export.logistic import fit


@dataclass(frozen=True)
class Spoken:
    """Sentences of a grammar as somebody spoke them, and the settings by which they are searched for."""

    graph: PhoneGraph
    settings: DecoderSettings
    examples: Sequence[Example]


def fit_spoken(sentences: Iterable[Spoken], noise: Sequence[Example]) -> SpokenModel:
    """Sentences that were understood against those that the same grammars find in noise; both count the same in all."""
    spoken: list[SpokenEvidence] = []
    found: list[SpokenEvidence] = []
    for one in sentences:
        outcomes = decode(one.graph, [*one.examples, *noise], one.settings)
        spoken += (outcome.heard.spoken_evidence for outcome in outcomes if outcome.is_right)
        found += (outcome.heard.spoken_evidence for outcome in outcomes[len(one.examples) :] if outcome.heard.words)
    evidence = [astuple(one) for one in (*spoken, *found)]
    weights = [1.0] * len(spoken) + [len(spoken) / max(1, len(found))] * len(found)
    return SpokenModel(*fit(evidence, [True] * len(spoken) + [False] * len(found), weights))
