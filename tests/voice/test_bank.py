"""The shipped clip bank: it says whatever the built-in skills answer, without clicks, quickly, and in little space."""

import hashlib
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_agent.errors import VoiceError
from edge_agent.models.commands import load_commands
from edge_agent.offload.asking import MAY_I, NOTHING_LEFT
from edge_agent.skills import Home, Skills
from edge_agent.skills.clock import date_words, time_words
from edge_agent.units import SAMPLE_RATE_HZ
from edge_agent.voice.base import PEAK, Samples
from edge_agent.voice.clips import DATA, INDEX_NAME, SOUND_NAME, ClipBank
from edge_agent.voice.text import spoken_tokens
from edge_agent.voice.voice import Voice

HOUSEHOLD = Path(__file__).resolve().parents[2] / "edge_agent" / "data" / "commands" / "household.yaml"
BARE = """VolumeUp VolumeDown Mute Unmute MediaPause MediaResume MediaNext MediaPrevious Repeat Stop Cancel Nevermind
Yes No TimerStatus CancelTimer StartTimer AddToList RemoveFromList"""
MAX_STEP = 0.25  # from sample to sample: an s at this loudness has 0.2


@pytest.fixture(scope="module")
def bank() -> ClipBank:
    return ClipBank()


def skill_replies() -> Iterator[str]:
    lists = {name: [value.value for value in entry.values] for name, entry in load_commands(HOUSEHOLD).lists.items()}
    skills = Skills(Home(), lambda: datetime(2026, 11, 21, 9, 41))

    def say(intent: str, **slots: str | int | float) -> str:
        return skills.handle(intent, slots, 0).text

    for intent in BARE.split():
        yield say(intent)
    for percent in range(102):
        yield say("SetVolume", percentage=percent)
        yield say("LightBrightness", area="kitchen", brightness=percent)
    for area in ["", *lists["area"]]:
        yield from (say("LightOn", area=area), say("LightOff", area=area), say("LightColour", area=area, colour="blue"))
        yield from (say("GetTemperature", area=area), say("LightOn", area=area, name="desk lamp"))
    for name in lists["light_name"]:
        yield from (
            say("LightOn", name=name),
            say("LightOff", name=name),
            say("LightBrightness", name=name, brightness=30),
        )
        yield from (say("LightColour", name=name, colour=colour) for colour in lists["colour"])
    for degrees in range(-40, 51):
        skills.home.temperatures_c["attic"] = degrees
        yield say("GetTemperature", area="attic")
    say("StartTimer", hours=20)
    for name in lists["timer_name"]:
        yield from (say("CancelTimer", name=name), say("TimerStatus", name=name))
        yield from (say("StartTimer", minutes=90, name=name), say("StartTimer", minutes=90, name=name))
        yield from (say("TimerStatus", name=name), say("TimerStatus"))
        yield skills.due(2 * 3600 * SAMPLE_RATE_HZ)[0].text
    for name in lists["list_name"]:
        yield say("ReadList", list=name)
        for item in lists["item"]:
            yield from (say("AddToList", item=item, list=name), say("AddToList", item=item, list=name))
            yield from (say("ReadList", list=name), say("RemoveFromList", item=item, list=name))
            yield say("RemoveFromList", item=item, list=name)
        for item in lists["item"][:12]:
            say("AddToList", item=item, list=name)
            yield say("ReadList", list=name)


def timer_replies() -> Iterator[str]:
    skills = Skills(Home(), datetime.now)
    for length in (
        [(0, 0, s) for s in range(1, 100)]
        + [(0, m, m * 7 % 60) for m in range(1, 100)]
        + [(h, 15, 1) for h in range(1, 24)]
    ):
        slots = dict(zip(("hours", "minutes", "seconds"), length, strict=True))
        yield skills.handle("StartTimer", slots, 0).text
        yield skills.handle("TimerStatus", {}, 9 * SAMPLE_RATE_HZ).text
        yield skills.handle("CancelTimer", slots, 0).text
        skills.handle("StartTimer", slots, 0)
        yield skills.due(10**12)[0].text
    for count in range(16):
        skills.handle("StartTimer", {"minutes": count + 1}, 0)
        yield skills.handle("TimerStatus", {}, 0).text
        yield skills.handle("CancelTimer", {}, 0).text
    yield skills.handle("StartTimer", {"minutes": 1}, 0).text
    yield skills.handle("Yes", {}, 0).text


def clock_replies() -> Iterator[str]:
    for minute in range(720):
        yield f"It's {time_words(datetime(2026, 1, 1) + timedelta(minutes=minute))}."
    for day in range(366):
        yield f"It's {date_words(datetime(2028, 1, 1) + timedelta(days=day))}."


@pytest.mark.parametrize("replies", [skill_replies, timer_replies, clock_replies])
def test_every_reply_of_the_skills_is_covered(bank: ClipBank, replies) -> None:  # type: ignore[no-untyped-def]
    texts = set(replies())
    assert len(texts) > 200
    assert [text for text in sorted(texts) if not bank.covers(text)] == []


def test_frequent_replies_are_single_clips(bank: ClipBank) -> None:
    for text in ("Okay.", "Timer cancelled.", "Kitchen lights on.", "Paused.", "No problem.", "Muted."):
        plan = bank.plan(text)
        assert plan is not None
        assert len(plan) == 1, text


def test_clip_cut_at_a_sentence_end_is_not_used_inside(bank: ClipBank) -> None:
    plan = bank.plan("Timer set for forty minutes and twelve seconds.")
    assert plan is not None
    assert [piece.clip.right for piece in plan[:-1]] == ["cut"] * (len(plan) - 1)
    assert plan[-1].clip.right == "end"


def test_unknown_words_are_not_covered(bank: ClipBank) -> None:
    assert bank.speak("One large latte.") is None
    assert bank.speak("Okay é.") is None
    assert bank.speak("") is None


@pytest.mark.parametrize(
    "text",
    [
        "Timer set for forty three minutes and twelve seconds.",
        "Your pasta timer has four minutes and thirty seconds left.",
        "Your shopping list has milk, eggs, olive oil and bread.",
        "It's Saturday, November twenty first.",
        "It's twenty one degrees in the living room.",
        "There are two timers. Should I cancel all of them?",
    ],
)
def test_joins_have_no_clicks(bank: ClipBank, text: str) -> None:
    sound = bank.speak(text)
    assert sound is not None
    assert sound.dtype == np.float32
    assert 0.18 < len(sound) / SAMPLE_RATE_HZ / len(text.split()) < 0.65  # seconds a word
    assert sound[0] == pytest.approx(0.0, abs=1e-3)
    assert sound[-1] == pytest.approx(0.0, abs=1e-2)
    assert np.abs(np.diff(sound)).max() < MAX_STEP
    assert 0.1 < np.abs(sound).max() <= PEAK


def write_bank(folder: Path, phrases: dict[str, Samples], **index: object) -> None:
    """A bank of clips that were all cut out of sentences; kept without loss, whatever the name says."""
    entries, sounds, start = [], [], 0
    for text, sound in phrases.items():
        entries.append([text, "cut", "cut", start, len(sound)])
        sounds.append(sound)
        start += len(sound)
    path = folder / SOUND_NAME
    soundfile.write(path, np.concatenate(sounds), SAMPLE_RATE_HZ, "FLOAT", format="WAV")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    head = {"rate_hz": SAMPLE_RATE_HZ, "sha256": digest, "phrases": entries, "reflexes": {}} | index
    (folder / INDEX_NAME).write_text(json.dumps(head), encoding="utf-8")


def test_join_of_the_worst_clips_has_no_step(tmp_path: Path) -> None:
    levels = {"one": 0.8, "two": -0.8, "three": 0.5}
    write_bank(tmp_path, {word: np.full(2000, level, np.float32) for word, level in levels.items()})
    sound = ClipBank(tmp_path).speak("one two three, one. two one")
    assert sound is not None
    assert np.abs(np.diff(sound)).max() < 0.03  # the clips themselves differ by 1.6
    assert np.abs(sound).max() <= 0.81
    assert len(sound) == 6 * 2000 - 3 * 96 + (110 + 260) * 16


def test_longest_phrases_win_but_never_at_the_price_of_a_gap(tmp_path: Path) -> None:
    clip = np.full(400, 0.1, np.float32)
    write_bank(tmp_path, dict.fromkeys(["one two", "two three", "one", "three four", "four"], clip))
    bank = ClipBank(tmp_path)
    assert [len(bank.plan(text) or ()) for text in ("one two", "one two three", "one two three four")] == [1, 2, 2]
    assert bank.plan("two") is None
    assert bank.plan("one. two") is None  # no clip across a sentence end, and none for "two" alone


def test_bad_banks_are_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match=r"no clip bank at .*clips.json.*python -m export clips"):
        ClipBank(tmp_path)
    clip = {"one": np.zeros(100, np.float32)}
    write_bank(tmp_path, clip, rate_hz=8000)
    with pytest.raises(VoiceError, match="at 8000 Hz, not 16000"):
        ClipBank(tmp_path)
    write_bank(tmp_path, clip, sha256="0" * 64)
    with pytest.raises(VoiceError, match=r"not the file that clips.json was made with"):
        ClipBank(tmp_path)
    (tmp_path / INDEX_NAME).write_text("{", encoding="utf-8")
    with pytest.raises(VoiceError, match="not JSON"):
        ClipBank(tmp_path)
    write_bank(tmp_path, clip)
    (tmp_path / SOUND_NAME).unlink()
    with pytest.raises(VoiceError, match=r"no clip bank at .*clips.ogg"):
        ClipBank(tmp_path)


def test_pauses_are_where_the_marks_are(bank: ClipBank) -> None:
    sound = bank.speak("Okay. Paused.")
    first, second = bank.speak("Okay."), bank.speak("Paused.")
    assert sound is not None
    assert first is not None
    assert second is not None
    assert len(sound) == len(first) + len(second) + 0.26 * SAMPLE_RATE_HZ
    np.testing.assert_array_equal(sound[: len(first)], first)
    np.testing.assert_array_equal(sound[-len(second) :], second)


def test_loudness_is_even(bank: ClipBank) -> None:
    def level_db(text: str) -> float:
        sound = bank.speak(text)
        assert sound is not None
        power = np.sort(sound[: len(sound) // 160 * 160].reshape(-1, 160).astype(np.float64) ** 2, axis=None)
        return float(10 * np.log10(power[len(power) // 2 :].mean()))

    levels = [
        level_db(text) for text in ("Okay.", "Paused.", "Kitchen lights on.", "Timer set for ten minutes.", "Muted.")
    ]
    assert max(levels) - min(levels) < 5.0


def test_reflexes_have_variants_in_the_same_voice(bank: ClipBank) -> None:
    for kind, num_at_least in {
        "back_channel": 4,
        "filler": 4,
        "acknowledge": 3,
        "no_cloud": 3,
        "not_understood": 3,
    }.items():
        variants = bank.reflexes(kind)
        assert len({text for text, _ in variants}) >= num_at_least, kind
        for text, sound in variants:
            assert 0.1 < len(sound) / SAMPLE_RATE_HZ < 4.0, text
            assert np.abs(sound).max() > 0.05
    assert {"tone", "alarm", "no_voice"} <= set(bank.reflex_kinds)


def test_bank_is_small_and_opens_quickly() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) <= 1_500_000
    started_s = time.process_time()
    ClipBank()
    assert time.process_time() - started_s < 0.15


def test_all_digits_and_signs_become_words() -> None:
    assert spoken_tokens("It's 10:05, 21°C.") == ["it's", "ten", "oh", "five", ",", "twenty", "one", "degrees"]
    assert spoken_tokens("Volume: 40%") == ["volume", ",", "forty", "percent"]
    assert spoken_tokens("-3.5 on the 5th!") == ["minus", "three", "point", "five", "on", "the", "fifth"]
    assert spoken_tokens("1,234... well") == ["one", "thousand", "two", "hundred", "thirty", "four", ".", "well"]
    assert spoken_tokens(" ... ") == []


def test_leave_is_asked_for_without_any_program() -> None:
    voice = Voice(engines=[])
    for text in (MAY_I, NOTHING_LEFT):
        assert voice.can_say(text)
        assert 0.6 < len(voice.say(text)) / SAMPLE_RATE_HZ < 2.5
        assert not np.array_equal(voice.say(text), voice.clip("no_voice")[1])
    assert not voice.can_say("Why is the sky blue?")
