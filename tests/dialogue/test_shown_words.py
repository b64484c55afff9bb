"""Which words are shown while they are being said: steady ones, and what was shown stays while it holds."""

import numpy as np

from edge_agent.events import Committed, Event, Partial, Revised
from edge_agent.hearing.pre_roll import blank_posteriors
from edge_agent.hearing.understanding import Understanding
from edge_agent.models.decoder import Decoder, DecoderSettings, Hypothesis
from edge_agent.models.phone_graph import Label
from tests.models.posteriors import said, sentences_graph


class Told:
    """A decoder that says one hypothesis after the other."""

    def __init__(self, *hypotheses: Hypothesis) -> None:
        self._coming = list(hypotheses)
        self._now = Hypothesis()

    def reset(self, at_frame: int) -> None: ...

    def step(self, log_posteriors: object) -> None:
        self._now = self._coming.pop(0)

    def hypothesis(self) -> Hypothesis:
        return self._now

    def final_hypothesis(self) -> Hypothesis:
        return self._now


def heard(text: str, unsteady: int = 0, committed: int = 0) -> Hypothesis:
    return Hypothesis(
        words=tuple(text.split()), confidence=0.9, num_unsteady_words=unsteady, num_committed_words=committed
    )


def shown(*hypotheses: Hypothesis) -> list[Event]:
    events: list[Event] = []
    understanding = Understanding(Told(*hypotheses), Told(), events.append)
    understanding.begin()
    for index in range(len(hypotheses)):
        understanding.step(index, blank_posteriors(), is_silent=False)
    return events


def test_a_word_waits_until_the_nearest_paths_agree_on_it() -> None:
    events = shown(heard("turn", unsteady=1), heard("turn the", unsteady=1), heard("turn the light"))
    assert events == [Partial(1, "turn"), Partial(2, "turn the light")]


def test_what_was_shown_stays_while_it_holds_even_where_it_became_unsteady() -> None:
    events = shown(heard("turn the"), heard("turn the", unsteady=2), heard("turn the light", unsteady=3))
    assert events == [Partial(0, "turn the")]


def test_what_was_shown_goes_when_the_best_path_says_otherwise() -> None:
    events = shown(heard("turn the light"), heard("turn a lamp", unsteady=2))
    assert events == [Partial(0, "turn the light"), Partial(1, "turn")]


def test_committed_words_are_shown_at_once_and_revised_aloud() -> None:
    events = shown(heard("turn", unsteady=1), heard("turn", committed=1), heard("burn it", committed=2))
    assert events == [Committed(1, "turn"), Revised(2, "burn it", "turn")]


def test_the_decoder_tells_which_words_are_unsteady() -> None:
    graph = sentences_graph([
        ([("stop", "S T AA P", Label("word", "stop"))], Label("end", intent="Stop")),
        ([("go", "G OW", Label("word", "go"))], Label("end", intent="Go")),
    ])  # fmt: skip
    clear = said("S T AA P", tail=10, sureness=12.0)
    uncertain = np.full_like(clear, np.log(1 / clear.shape[1]))
    unsteady = []
    for posteriors in (clear, uncertain):
        decoder = Decoder(graph, DecoderSettings(show_beam=4.0))
        decoder.step(posteriors)
        best = decoder.final_hypothesis()
        unsteady.append((len(best.words), best.num_unsteady_words))
    assert unsteady == [(1, 0), (1, 1)]
