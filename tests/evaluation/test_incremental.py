"""What was shown of a sentence: erasure, commitment, and the sound that decides a word."""

import numpy as np
import pytest

from edge_agent.evaluation.deciding import Grammar, said_phones
from edge_agent.evaluation.incremental import Shown, is_accepted, show
from edge_agent.models.alignment import Aligner
from edge_agent.models.confidence import ConfidenceModel
from edge_agent.models.decoder import Decoder, DecoderSettings
from edge_agent.models.phone_graph import Label
from edge_agent.models.phones import TOKEN_OF_PHONE
from tests.models.posteriors import said, sentences_graph


def word(text: str) -> Label:
    return Label("word", text)


GRAPH = sentences_graph([
    ([("light", "L AY T", word("light")), ("on", "AA N", word("on"))], Label("end", intent="On")),
    ([("light", "L AY T", word("light")), ("off", "AO F", word("off"))], Label("end", intent="Off")),
    ([("like", "L AY K", word("like")), ("that", "DH AE T", word("that"))], Label("end", intent="Like")),
])  # fmt: skip
TRUSTING = DecoderSettings(confidence=ConfidenceModel(bias=20.0))


def test_erasure_counts_the_words_that_are_taken_back() -> None:
    texts = [("a",), ("a", "b"), ("a", "c", "d"), ("a", "c", "d", "e")]
    assert Shown(texts=texts).erasure == pytest.approx(1 / 4)
    assert Shown(texts=[("x", "y"), ("a",)]).erasure == 2.0
    assert Shown(texts=[("a",), ("a", "b")]).erasure == 0.0
    assert Shown().erasure is None


def test_a_clear_sentence_is_committed_word_by_word_and_never_taken_back() -> None:
    shown = show(Decoder(GRAPH, TRUSTING), said("L AY T AO F", lead=10, tail=40, sureness=12.0))
    assert shown.final.words == ("light", "off")
    assert is_accepted(shown.final)
    assert shown.erasure == 0.0
    assert shown.num_revised == 0
    assert shown.committed_at == sorted(shown.committed_at)
    assert len(shown.committed_at) == 2
    assert 10 < shown.committed_at[0] < 30  # said from frame 10 on, three frames for each phone


def test_a_word_is_decided_where_the_grammar_leaves_no_other() -> None:
    tokens = [TOKEN_OF_PHONE[phone] for phone in "L AY T AO F".split()]
    # the test's graph gives a word with its first phone; "light" and "like" go apart there
    assert Grammar(GRAPH).deciding_phones(tokens, ("light", "off")) == [2, 3]
    assert Grammar(GRAPH).deciding_phones(tokens[:3], ("light", "off")) is None
    assert Grammar(GRAPH).deciding_phones([TOKEN_OF_PHONE["OY"]], ("light",)) is None


def test_the_pronunciation_that_was_said_is_found() -> None:
    heard = said("T AH M AA T OW", lead=0, tail=4, sureness=12.0)
    found = said_phones(("tomato",), heard, Aligner(200, 40))
    assert found is not None
    tokens, first_frames = found
    assert tokens == [TOKEN_OF_PHONE[phone] for phone in "T AH M AA T OW".split()]
    assert first_frames == np.arange(0, 18, 3).tolist()
