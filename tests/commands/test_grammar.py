"""What is said comes out as intent and slots, by walking phones through compiled graphs."""

from pathlib import Path
from random import Random

import numpy as np
import pytest

from edge_agent.models.commands import Commands, load_commands
from edge_agent.models.grammar import compile_commands, compile_stages
from edge_agent.models.phones import PHONES
from edge_agent.models.sampling import sample_sentences
from tests.commands.speech import Speech, compiled_text

HOUSEHOLD = Path(__file__).resolve().parents[2] / "edge_agent" / "data" / "commands" / "household.yaml"


@pytest.fixture(scope="module")
def household_commands() -> Commands:
    return load_commands(HOUSEHOLD)


@pytest.fixture(scope="module")
def household(household_commands: Commands) -> Speech:
    return Speech(compile_stages(household_commands))


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("cancel timer", "CancelTimer", {}),
        ("nevermind", "Nevermind", {}),
        ("set a timer for five minutes", "StartTimer", {"minutes": 5}),
        ("turn on standing light", "LightOn", {"name": "standing light"}),
        ("what time is it", "GetTime", {}),
        ("set a timer for half an hour", "StartTimer", {"minutes": 30}),
        ("set a timer for one and a half minutes", "StartTimer", {"minutes": 1, "seconds": 30}),
        ("set a timer for a minute", "StartTimer", {"minutes": 1}),
        ("set a timer for an hour and a half", "StartTimer", {"hours": 1, "minutes": 30}),
        ("set a pizza timer for two hours five minutes and ten seconds please", "StartTimer",
         {"name": "pizza", "hours": 2, "minutes": 5, "seconds": 10}),
        ("start a twenty five minute timer", "StartTimer", {"minutes": 25}),
        ("cancel the pizza timer", "CancelTimer", {"name": "pizza"}),
        ("cancel all timers", "CancelAllTimers", {}),
        ("how much time is left on the pizza timer", "TimerStatus", {"name": "pizza"}),
        ("what's the date", "GetDate", {}),
        ("set the volume to forty percent", "SetVolume", {"percentage": 40}),
        ("turn it up", "VolumeUp", {}),
        ("turn the volume down", "VolumeDown", {}),
        ("mute", "Mute", {}),
        ("unmute", "Unmute", {}),
        ("turn on the lights in the living room", "LightOn", {"area": "living room"}),
        ("turn off all the lights", "LightOff", {}),
        ("could you switch the kitchen lights off", "LightOff", {"area": "kitchen"}),
        ("set the kitchen lights to fifty percent", "LightBrightness", {"area": "kitchen", "brightness": 50}),
        ("make the bedroom light warm white", "LightColour", {"area": "bedroom", "colour": "warm white"}),
        ("pause the music", "MediaPause", {}),
        ("resume", "MediaResume", {}),
        ("next song", "MediaNext", {}),
        ("previous track", "MediaPrevious", {}),
        ("what's the temperature in the office", "GetTemperature", {"area": "office"}),
        ("add peanut butter to my shopping list", "AddToList", {"item": "peanut butter", "list": "shopping"}),
        ("remove milk from the grocery list", "RemoveFromList", {"item": "milk", "list": "shopping"}),
        ("what's on my to do list", "ReadList", {"list": "to do"}),
        ("stop", "Stop", {}),
        ("cancel", "Cancel", {}),
        ("repeat that", "Repeat", {}),
        ("yes", "Yes", {}),
        ("no", "No", {}),
    ],
)  # fmt: skip
def test_household_sentences_mean_what_they_say(
    household: Speech, text: str, intent: str, slots: dict[str, object]
) -> None:
    assert household.understood(text) == (intent, slots)


@pytest.mark.parametrize(
    "text",
    ["what's the weather like in new york", "set a timer for", "turn on", "five minutes", "add milk", "please"],
)
def test_other_speech_is_no_household_command(household: Speech, text: str) -> None:
    assert household.meanings(text) == set()


def test_every_sampled_household_sentence_is_understood(household: Speech, household_commands: Commands) -> None:
    for text, intent, slots in sample_sentences(household_commands, Random(7), 300):
        assert household.understood(text) == (intent, slots)


def test_sampling_is_deterministic_and_reaches_every_intent(household_commands: Commands) -> None:
    first = list(sample_sentences(household_commands, Random(1), 400))
    assert first == list(sample_sentences(household_commands, Random(1), 400))
    assert {intent for _, intent, _ in first} == set(household_commands.intents)


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("cancel the pizza timer", False),
        ("cancel timer", False),
        ("what time is it", False),  # now: means the same
        ("nevermind", False),
        ("turn on standing light", False),
        ("turn on the lights", True),  # in the kitchen
        ("set a timer for five minutes", True),  # and ten seconds
        ("stop", True),  # the music
    ],
)
def test_sentences_whose_meaning_is_settled_are_known(household: Speech, text: str, is_open: bool) -> None:
    assert household.can_continue(text) == is_open


@pytest.mark.parametrize(
    ("text", "intent", "slots", "instead"),
    [
        ("turn on the kitchen light no the bedroom light", "LightOn", {"area": "kitchen"}, {"area": "bedroom"}),
        ("set a timer for five no ten minutes", "StartTimer", {}, {"minutes": 10}),
        ("set a pizza timer for five minutes no make it an hour", "StartTimer",
         {"name": "pizza", "minutes": 5}, {"hours": 1}),
        ("turn on the kitchen no the bedroom", "LightOn", {}, {"area": "bedroom"}),
        ("make the kitchen lights red i mean blue", "LightColour",
         {"area": "kitchen", "colour": "red"}, {"colour": "blue"}),
    ],
)  # fmt: skip
def test_a_command_is_taken_back_in_the_same_breath(
    household: Speech, text: str, intent: str, slots: dict[str, object], instead: dict[str, object]
) -> None:
    assert household.corrected(text) == (intent, slots, instead)
    assert not household.can_continue(text)


@pytest.mark.parametrize("text", ["stop no the kitchen", "what time is it no ten minutes", "yes no red"])
def test_what_has_no_such_part_is_not_corrected(household: Speech, text: str) -> None:
    assert household.meanings(text) == set()


def test_who_has_no_words_for_it_cannot_be_corrected(tmp_path: Path) -> None:
    house = "intents: {A: {sentences: ['light {room}']}}\nlists: {room: {values: [kitchen, office]}}"
    assert compiled_text(tmp_path, house).meanings("light kitchen no office") == set()


def test_graph_sizes_stay_searchable(household: Speech) -> None:
    assert household.compiled.phones.num_nodes <= 19_000
    assert household.compiled.phones.num_arcs <= 80_000
    assert household.compiled.warnings == ()


def test_templates_that_say_the_same_share_all_nodes(tmp_path: Path) -> None:
    once = compiled_text(tmp_path, "intents: {A: {sentences: ['(red|green) [big] house']}}")
    written_out = ["red house", "red big house", "green house", "green big house", "red [big] house"]
    many = compiled_text(tmp_path, f"intents: {{A: {{sentences: {written_out}}}}}")
    assert many.compiled.phones.num_nodes == once.compiled.phones.num_nodes


def test_numbers_keep_their_kind_and_fixed_slots_come_along(tmp_path: Path) -> None:
    text = """
intents:
  Warm: {sentences: ["heat to {degrees}[ ]degrees"], slots: {mode: heat, boost: 2.5}, reply: "Heating to {degrees}."}
  Say: {sentences: ["say {word:what}"]}
lists:
  degrees: {range: {from: 100, to: 110, step: 5}}
  word: {values: ["yes", off, 12, {in: "(a|one) half", out: 0.5}]}
"""
    speech = compiled_text(tmp_path, text)
    expected = {"degrees": 105, "mode": "heat", "boost": 2.5}
    assert speech.understood("heat to one hundred and five degrees") == ("Warm", expected)
    assert speech.understood("heat to a hundred five degrees") == ("Warm", expected)
    assert speech.meanings("heat to one hundred one degrees") == set()
    for said, value in [("yes", "yes"), ("off", "off"), ("twelve", 12), ("a half", 0.5)]:
        assert speech.understood(f"say {said}") == ("Say", {"what": value})


def test_glued_text_rules_and_any_order(tmp_path: Path) -> None:
    text = """
intents: {A: {sentences: ["<go> (to the left;{n:count} step[s])", "turn[ed] {1..3:times}( |-)time[s]"]}}
rules: {go: "(go|walk) [now]"}
lists: {n: {range: {from: 1, to: 3}}}
"""
    speech = compiled_text(tmp_path, text)
    assert speech.understood("go now to the left two steps") == ("A", {"count": 2})
    assert speech.understood("walk three step to the left") == ("A", {"count": 3})
    assert speech.understood("turned two times") == ("A", {"times": 2})


def test_pronunciations_by_hand_replace_the_dictionary(tmp_path: Path) -> None:
    text = "intents: {A: {sentences: [open tomato]}}\npronunciations: {tomato: [T AH M AA T OW, T AH M EY T OW]}"
    spoken = compiled_text(tmp_path, text).compiled.spoken.pronunciations
    assert spoken["tomato"] == (("T", "AH", "M", "AA", "T", "OW"), ("T", "AH", "M", "EY", "T", "OW"))


def test_can_continue_asks_whether_more_words_change_the_meaning(tmp_path: Path) -> None:
    text = """
intents:
  A: {sentences: ["go [there]", "see [it [from {1..2:place}]]"]}
  B: {sentences: ["go on"]}
skip_words: [please]
"""
    graph = compile_commands(load_commands(_written(tmp_path, text)))
    final_phones: dict[str, set[int]] = {}
    for node in np.flatnonzero(graph.final_label):
        final_phones.setdefault(PHONES[graph.phone[node] - 1], set()).add(int(graph.can_continue[node]))
    assert final_phones["OW"] == {1}  # go: on may follow
    assert final_phones["IY"] == {1}  # see: it from one may follow
    assert final_phones["R"] == {0}  # there: only please may follow
    assert final_phones["Z"] == {0}  # please
    assert graph.can_continue[graph.final_label == 0].all()


def _written(folder: Path, text: str) -> Path:
    path = folder / "commands.yaml"
    path.write_text(text, encoding="utf-8")
    return path
