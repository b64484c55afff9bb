"""Where the words of a reply lie: estimated, so that it can be taken up again at one."""

import numpy as np

from edge_agent.units import SAMPLE_RATE_HZ
from edge_agent.voice.voice import Voice
from edge_agent.voice.words import Spoken, with_words

SYLLABLE_SAMPLES = 3200
GAP_SAMPLES = 800


def humming(num_words: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A tone for each word, with short gaps between."""
    tone = np.sin(np.arange(SYLLABLE_SAMPLES) * 0.2).astype(np.float32)
    gap = np.zeros(GAP_SAMPLES, np.float32)
    return np.concatenate([part for _ in range(num_words) for part in (tone, gap)])


def test_words_of_like_length_begin_after_the_gaps() -> None:
    spoken = with_words("five four nine", humming(3))
    assert spoken.words == ("five", "four", "nine")
    expected = [index * (SYLLABLE_SAMPLES + GAP_SAMPLES) for index in range(3)]
    assert np.abs(np.array(spoken.word_starts) - expected).max() <= 0.06 * SAMPLE_RATE_HZ


def test_a_cut_goes_back_to_the_word_that_sounded() -> None:
    spoken = Spoken("a b c", humming(3), ("a", "b", "c"), (0, 4000, 8000))
    assert [spoken.place_of_word(place) for place in (0, 3999, 4000, 7000, 99999)] == [0, 0, 4000, 4000, 8000]
    assert spoken.text_until(0) == ""
    assert spoken.text_until(4001) == "a b"


def test_starts_of_a_real_reply_are_in_order_and_inside() -> None:
    text = "Timer set for five minutes."
    sound = Voice(engines=[]).say(text)
    spoken = with_words(text, sound)
    assert spoken.words == ("timer", "set", "for", "five", "minutes")
    assert list(spoken.word_starts) == sorted(spoken.word_starts)
    assert 0 <= spoken.word_starts[0] < spoken.word_starts[-1] < len(sound)


def test_silence_and_empty_texts_have_no_words() -> None:
    assert with_words("", humming(1)).words == ()
    assert with_words("hello", np.zeros(8000, np.float32)).words == ()
    assert with_words("hello", np.zeros(0, np.float32)).place_of_word(10) == 0
