"""What the decoder makes of synthetic posteriors: words, slots, intent, margins, confidence, commitment."""

import dataclasses
import tracemalloc

import numpy as np
import pytest

from edge_agent.errors import CommandsError
from edge_agent.models.decoder import Decoder, DecoderSettings, Hypothesis
from edge_agent.models.phone_graph import Label, PhoneGraph
from edge_agent.models.phones import TOKENS
from edge_agent.models.search import GraphSearch, SearchSettings
from tests.models.posteriors import Posteriors, Word, normalised, said, sentences_graph


def word(text: str, phones: str, slot: str = "", value: str | int = "") -> Word:
    also = (Label("slot", slot=slot, value=value),) if slot else ()
    return (text, phones, Label("word", text, also=also))


LIGHT_ON = [word("light", "L AY T"), word("on", "AA N")]
TIMER = [word("set", "S EH T"), word("timer", "T AY M ER")]
GRAPH = sentences_graph(
    [
        (LIGHT_ON, Label("end", intent="LightOn", also=(Label("slot", slot="name", value="all"),))),
        ([*LIGHT_ON, word("kitchen", "K IH CH AH N", "area", "kitchen")], Label("end", intent="LightOn")),
        ([word("light", "L AY T"), word("off", "AO F")], Label("end", intent="LightOff")),
        ([*TIMER, word("five", "F AY V", "minutes", 5)], Label("end", intent="StartTimer")),
        ([*TIMER, word("nine", "N AY N", "minutes", 9)], Label("end", intent="StartTimer")),
        ([word("stop", "S T AA P")], Label("end", intent="Stop")),
    ]
)


def decode(posteriors: Posteriors, settings: DecoderSettings | None = None) -> Hypothesis:
    decoder = Decoder(GRAPH, settings)
    for start in range(0, len(posteriors), 2):
        decoder.step(posteriors[start : start + 2])
    return decoder.hypothesis()


@pytest.mark.parametrize(
    ("phones", "words", "intent", "slots"),
    [
        ("L AY T AA N", "light on", "LightOn", {"name": "all"}),
        ("L AY T AA N K IH CH AH N", "light on kitchen", "LightOn", {"area": "kitchen"}),
        ("S EH T T AY M ER N AY N", "set timer nine", "StartTimer", {"minutes": 9}),
        ("S T AA P", "stop", "Stop", {}),
    ],
)
def test_clear_speech_is_understood(phones: str, words: str, intent: str, slots: dict[str, object]) -> None:
    heard = decode(said(phones))
    assert heard.words == tuple(words.split())
    assert heard.intent == intent
    assert heard.slots == slots
    assert heard.is_complete
    assert heard.confidence > 0.9
    assert heard.num_phones == len(phones.split())
    assert heard.num_committed_words == len(heard.words)


def test_silence_is_nothing_however_long() -> None:
    assert decode(said("", lead=1000)) == Hypothesis()


def test_length_of_the_silence_before_does_not_matter() -> None:
    short, long = (decode(said("L AY T AA N", lead=lead)) for lead in (4, 2000))
    assert short.words == long.words == ("light", "on")
    assert long.filler_share == pytest.approx(0.0, abs=0.01)
    assert long.first_frame - short.first_frame == pytest.approx(1996, abs=2)


def test_one_wrong_and_one_missing_phone_are_forgiven() -> None:
    wrong, missing = decode(said("L AY T AA N K IH CH IH N")), decode(said("S EH T AY M ER N AY"))
    assert wrong.slots == {"area": "kitchen"}
    assert missing.words == ("set", "timer", "nine")
    assert missing.slots == {"minutes": 9}
    assert missing.is_complete, "taken as finished after some silence"
    assert missing.confidence < decode(said("S EH T T AY M ER N AY N")).confidence


def test_other_speech_has_little_confidence() -> None:
    heard = decode(said("DH AH W EH DH ER IH Z G UH D HH IY R B IH K AH Z AH V R EY N"))
    assert heard.confidence < 0.3


def test_speech_around_a_command_is_filler_and_lowers_confidence() -> None:
    alone = decode(said("L AY T AA N K IH CH AH N"))
    amid = decode(said("OY B HH OW G OY L AY T AA N K IH CH AH N UH W ZH OY G"))
    assert amid.words == ("light", "on", "kitchen")
    assert amid.slots == {"area": "kitchen"}
    assert amid.filler_share == pytest.approx(10 / 20, abs=0.1)
    assert amid.confidence < alone.confidence


def test_margin_is_to_the_nearest_other_meaning() -> None:
    clear = decode(said("S EH T T AY M ER N AY N"))
    both = said("S EH T T AY M ER N AY N").copy()
    peaks = np.flatnonzero(both[:, TOKENS.index("N")] > -1)
    both[peaks[0], TOKENS.index("F")] = both[peaks[0], TOKENS.index("N")] - 0.5
    both[peaks[1], TOKENS.index("V")] = both[peaks[1], TOKENS.index("N")] - 0.5
    unsure = decode(both)
    assert unsure.slots == {"minutes": 9}
    assert unsure.margin == pytest.approx(1.0, abs=0.05)
    assert clear.margin > 8
    assert unsure.confidence < clear.confidence


def test_partial_then_complete_then_longer() -> None:
    decoder = Decoder(GRAPH)
    shown: list[tuple[tuple[str, ...], bool]] = []
    for frame in said("L AY T AA N K IH CH AH N"):
        decoder.step(frame[None])
        heard = decoder.hypothesis()
        if not shown or shown[-1] != (heard.words, heard.is_complete):
            shown.append((heard.words, heard.is_complete))
        assert heard.num_committed_words <= len(heard.words)
        assert (heard.intent is not None) == heard.is_complete
    assert (("light",), False) in shown
    assert (("light", "on"), True) in shown
    assert shown[-1] == (("light", "on", "kitchen"), True)
    assert heard.num_frames_since_phone == 12  # two blanks and the silence
    assert not heard.can_continue


def test_complete_but_could_go_on() -> None:
    heard = decode(said("L AY T AA N"))
    assert heard.is_complete
    assert heard.can_continue


def test_committed_words_are_those_on_which_near_paths_agree() -> None:
    posteriors = said("L AY T AO F", tail=0)[:-2]
    posteriors[-4, TOKENS.index("AA")] = posteriors[-4, TOKENS.index("AO")] - 1.0  # "on" is near still
    heard = decode(posteriors[:-2])
    assert heard.words == ("light", "off")
    assert heard.num_committed_words == 1


def test_final_hypothesis_is_complete_even_if_the_last_word_was_lost() -> None:
    decoder = Decoder(GRAPH)
    assert decoder.final_hypothesis() == Hypothesis()
    decoder.step(said("S EH T T AY M ER N", tail=1))
    assert not decoder.hypothesis().is_complete
    final = decoder.final_hypothesis()
    assert final.is_complete
    assert final.intent == "StartTimer"
    assert final.slots == {"minutes": 9}


def test_frames_are_on_the_callers_clock() -> None:
    decoder = Decoder(GRAPH)
    decoder.reset(500)
    decoder.step(said("S T AA P", lead=10))
    heard = decoder.hypothesis()
    assert heard.first_frame == 510
    assert heard.last_phone_frame == 519


def test_reset_forgets() -> None:
    decoder = Decoder(GRAPH)
    decoder.step(said("L AY T AA N"))
    decoder.reset(0)
    assert decoder.hypothesis() == Hypothesis()
    decoder.step(said("S T AA P"))
    assert decoder.hypothesis().words == ("stop",)


def test_an_hour_of_speech_takes_no_memory_and_keeps_its_precision() -> None:
    search = GraphSearch(GRAPH, SearchSettings(max_links=256))
    babble = normalised(np.random.default_rng(0).normal(0, 4, (1000, len(TOKENS))))
    command = said("L AY T AA N")
    search.step(command)
    search.best(complete_only=True)
    alone = search.path.command_score
    for _ in range(50):
        search.step(babble)
    assert search.num_links <= 256
    assert search.num_dropped == 0
    search.step(command)
    assert search.best(complete_only=True)
    assert search.path.score < -4096
    assert search.path.command_score == pytest.approx(alone, abs=0.01)
    assert search.path.first_frame == len(command) + 50_000 + 10


def test_numbers_that_are_none_do_no_lasting_harm() -> None:
    decoder = Decoder(GRAPH)
    for bad in (np.nan, np.inf, -np.inf):
        decoder.step(np.full((3, len(TOKENS)), bad, np.float32))
    decoder.step(said("L AY T AA N"))
    assert decoder.hypothesis().words == ("light", "on")


def test_a_full_arena_drops_paths_and_says_so() -> None:
    search = GraphSearch(GRAPH, SearchSettings(max_links=3))
    search.step(said("L AY T AA N K IH CH AH N"))
    assert search.num_dropped > 0
    assert search.num_links <= 3


def test_steps_leave_nothing_behind() -> None:
    decoder, posteriors = Decoder(GRAPH), said("L AY T AA N K IH CH AH N")
    decoder.step(posteriors)
    decoder.hypothesis()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        decoder.step(posteriors[:2])
        decoder.hypothesis()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 4096


def test_a_broken_graph_is_refused() -> None:
    def broken(**changes: object) -> PhoneGraph:
        return dataclasses.replace(GRAPH, **changes)  # type: ignore[arg-type]

    loop = GRAPH.arc_source.copy()
    loop[0] = GRAPH.num_nodes - 1
    for graph, complaint in (
        (broken(arc_source=loop), "lower to a higher"),
        (broken(phone=np.full_like(GRAPH.phone, 77)), "phones must be"),
        (broken(final_cost=np.full_like(GRAPH.final_cost, np.inf)), "no sentence ends"),
        (broken(arc_cost=GRAPH.arc_cost.astype(np.float64)), "arc_cost is float64"),
        (broken(labels=GRAPH.labels[:-1]), "outside the"),
    ):
        with pytest.raises(CommandsError, match=complaint):
            Decoder(graph)
