"""Wake phrases from text, on synthetic posteriors."""

import numpy as np
import pytest

from edge_agent.errors import CommandsError
from edge_agent.models.g2p import predict
from edge_agent.models.phones import TOKENS
from edge_agent.models.wake import SILENCE_FRAMES, KeywordSpotter, WakeSettings
from edge_agent.models.wake_graph import ways_to_say, without_r
from tests.models.posteriors import Posteriors, normalised
from tests.models.posteriors import said as said_with

COMPUTER = "K AH M P Y UW T ER"
HEY_ROBOT = "HH EY R OW B AA T"
OTHER = "W EH DH ER IH Z G UH D HH IY R"


def said(phones: str, lead: int = 10, tail: int = 10) -> Posteriors:
    """By a listener that is rather sure."""
    return said_with(phones, lead, tail, sureness=14.0)


@pytest.fixture(scope="module")
def listening() -> KeywordSpotter:
    return KeywordSpotter(["computer", "Hey, robot!", "tomato"])  # once: it reads the dictionary


@pytest.fixture
def spotter(listening: KeywordSpotter) -> KeywordSpotter:
    listening.settings = WakeSettings()
    return listening


def hear(spotter: KeywordSpotter, posteriors: Posteriors) -> list[tuple[int, int]]:
    """(step, phrase) of all that was heard."""
    spotter.reset()
    steps = (spotter.step(posteriors[start : start + 2]) for start in range(0, len(posteriors), 2))
    return [(step, heard) for step, heard in enumerate(steps) if heard is not None]


@pytest.mark.parametrize(("phones", "phrase"), [(COMPUTER, 0), (HEY_ROBOT, 1)])
def test_a_phrase_is_heard_once_and_at_its_end(spotter: KeywordSpotter, phones: str, phrase: int) -> None:
    posteriors = said(phones, lead=20, tail=40)
    heard = hear(spotter, posteriors)
    assert [index for _, index in heard] == [phrase]
    last_phone = int(np.flatnonzero(posteriors.argmax(axis=1))[-1])
    assert 0 <= heard[0][0] - last_phone // 2 <= 1


def test_it_is_heard_within_speech_and_again_later(spotter: KeywordSpotter) -> None:
    amid = said(f"{OTHER} {COMPUTER} {OTHER}")
    assert [index for _, index in hear(spotter, amid)] == [0]
    assert [index for _, index in hear(spotter, np.concatenate([amid, amid]))] == [0, 0]


def test_a_pause_before_speaks_for_it(spotter: KeywordSpotter) -> None:
    """People are silent before they call; a clear phrase is heard without, an unclear one is not."""
    spotter.settings = WakeSettings(min_p_wake=2.0)

    def p_wake(lead: str) -> float:
        spotter.reset()
        found = []
        posteriors = said(f"{lead} K AH M B Y UW T ER", lead=40)
        for start in range(0, len(posteriors), 2):
            spotter.step(posteriors[start : start + 2])
            found += [spotter.candidate] if spotter.candidate else []
        return max(one.p_wake for one in found)

    assert p_wake("") > 0.5 > p_wake(OTHER)


def test_within_the_refractory_time_it_is_heard_once(spotter: KeywordSpotter) -> None:
    twice = said(f"{HEY_ROBOT} {HEY_ROBOT}")
    assert len(hear(spotter, twice)) == 1
    spotter.settings = WakeSettings(refractory_frames=4)
    assert len(hear(spotter, twice)) == 2


@pytest.mark.parametrize("phones", [OTHER, "", "K AH M P Y UW T", "P Y UW T ER", "HH EY B AA T", "K AH M P AE N IY"])
def test_other_speech_and_half_a_phrase_are_not(spotter: KeywordSpotter, phones: str) -> None:
    assert hear(spotter, said(phones, tail=100)) == []


def test_noise_wakes_nobody(spotter: KeywordSpotter) -> None:
    random = np.random.default_rng(1)
    for sharpness in (0.1, 1.0, 4.0):
        assert hear(spotter, normalised(random.normal(0, sharpness, (3000, len(TOKENS))))) == []


def test_a_slurred_phrase_scores_lower_and_the_threshold_decides(spotter: KeywordSpotter) -> None:
    slurred = said_with("K AH M B Y UW T ER")
    spotter.settings = WakeSettings(min_p_wake=0.99)
    assert hear(spotter, slurred) == []
    spotter.settings = WakeSettings(min_p_wake=0.2)
    assert [index for _, index in hear(spotter, slurred)] == [0]


def test_an_unsure_phrase_counts_once_its_caller_waits(spotter: KeywordSpotter) -> None:
    """Silence behind it is worth the bonus; more speech is worth nothing, and a sure phrase does not wait."""
    slurred = "K AH M B Y UW T ER"
    spotter.settings = WakeSettings(min_p_wake=0.99, silence_bonus=8.0)
    alone = said_with(slurred, tail=60)
    last_phone = int(np.flatnonzero(alone.argmax(axis=1))[-1])
    ((step, phrase),) = hear(spotter, alone)
    assert phrase == 0
    assert SILENCE_FRAMES // 2 <= step - last_phone // 2 <= SILENCE_FRAMES // 2 + 3
    assert hear(spotter, said_with(f"{slurred} {OTHER}", tail=60)) == []
    ((step, phrase),) = hear(spotter, said(COMPUTER, lead=20, tail=60))
    assert step - int(np.flatnonzero(said(COMPUTER, lead=20, tail=60).argmax(axis=1))[-1]) // 2 <= 1


def test_a_phrase_that_woke_is_not_heard_again_in_the_silence_behind_it(spotter: KeywordSpotter) -> None:
    spotter.settings = WakeSettings(silence_bonus=8.0, refractory_frames=2)
    assert len(hear(spotter, said(COMPUTER, tail=100))) == 1


def test_a_phrase_that_just_fails_is_a_near_miss_told_once(spotter: KeywordSpotter) -> None:
    spotter.settings = WakeSettings(min_p_wake=0.999, near_p_wake=0.05)
    slurred = said_with("K AH M B Y UW T ER", tail=80)
    spotter.reset()
    told = []
    for start in range(0, len(slurred), 2):
        assert spotter.step(slurred[start : start + 2]) is None
        told += [spotter.near_miss] if spotter.near_miss else []
    assert [(one.phrase, 0.05 <= one.p_wake < 0.999) for one in told] == [(0, True)]


def test_a_phrase_that_is_heard_is_no_near_miss(spotter: KeywordSpotter) -> None:
    heard = said(COMPUTER, tail=100)
    spotter.reset()
    steps = [(spotter.step(heard[start : start + 2]), spotter.near_miss) for start in range(0, len(heard), 2)]
    assert [phrase for phrase, _ in steps if phrase is not None] == [0]
    assert all(missed is None for _, missed in steps)


def test_too_fast_to_be_speech_is_not_a_phrase(spotter: KeywordSpotter) -> None:
    fast = said(COMPUTER)
    fast = np.concatenate([fast[:10], fast[10:-10:3], fast[-10:]])  # one frame of 20 ms per phone
    assert hear(spotter, fast) == []
    spotter.settings = WakeSettings(min_frames_per_phone=0.5)
    assert len(hear(spotter, fast)) == 1


def test_all_pronunciations_of_a_word_count(spotter: KeywordSpotter) -> None:
    assert [index for _, index in hear(spotter, said("T AH M EY T OW"))] == [2]
    assert [index for _, index in hear(spotter, said("T AH M AA T OW"))] == [2]


@pytest.mark.parametrize(
    ("usual", "softened"),
    [
        ("JH AA R V AH S", "JH AA V AH S"),
        ("S T AA R", "S T AA"),
        ("HH EY R OW B AA T", "HH EY R OW B AA T"),
        ("R EH D", "R EH D"),
        ("P R IY", "P R IY"),
    ],
)
def test_an_r_behind_a_vowel_may_be_left_out_unless_another_follows(usual: str, softened: str) -> None:
    assert without_r(tuple(usual.split())) == tuple(softened.split())


def test_both_ways_to_say_an_r_are_heard() -> None:
    assert ways_to_say(["jarvis"])[0][0] == ("JH", "AA", "R", "V", "AH", "S")
    spotter = KeywordSpotter(["jarvis"])
    for phones in ("JH AA R V AH S", "JH AA V AH S"):
        assert [index for _, index in hear(spotter, said_with(phones, sureness=9.0))] == [0]


def test_an_unknown_word_gets_a_predicted_pronunciation() -> None:
    spotter = KeywordSpotter(["hey", "zorblax"])
    assert [index for _, index in hear(spotter, said(" ".join(predict("zorblax")[0])))] == [1]


def test_one_short_syllable_warns_with_the_rate_to_expect() -> None:
    settings = WakeSettings(false_wakes_of_one_phone=200.0, fewer_per_phone=4.0)
    first, second = KeywordSpotter(["hey", "computer", "stop"], settings).warnings
    assert first == (
        "wake phrase 'hey' is short: expect about 50 false wakes in an hour of speech; choose a longer one"
    )
    assert second.startswith("wake phrase 'stop' is short: expect about 3.1 false")


@pytest.mark.parametrize(
    ("phrases", "complaint"),
    [
        ([], "no wake phrase"),
        (["!?"], "no words"),
        (["42"], "letters"),
        (["computer", "'"], "cannot be pronounced"),
        (["computer " * 6], "too long"),
    ],
)
def test_phrases_that_cannot_be_said_are_refused(phrases: list[str], complaint: str) -> None:
    with pytest.raises(CommandsError, match=complaint):
        KeywordSpotter(phrases)
