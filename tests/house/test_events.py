"""The vocabulary that `docs/events.md` fixes: names and fields stay, and JSON leads back to the event."""

import json
import re
from pathlib import Path

import pytest

from edge_agent import events
from edge_agent.event_json import decode, encode, from_json, to_json
from edge_agent.events import EVENT_TYPES

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "events.md"
VOCABULARY = {
    "speech_started": {"p_voice"},
    "partial": {"text"},
    "committed": {"text"},
    "revised": {"text", "was"},
    "intent": {"intent", "slots", "confidence"},
    "corrected": {"intent", "slots", "was", "undone", "erased_ms"},
    "goes_on": {"heard_ms", "heard"},
    "no_intent": {"confidence"},
    "end_of_turn": {
        *("reason", "silence_ms", "last_voice_ms", "text", "wait_ms", "p_end", "p_eot"),
        *("level_fall_db", "pitch_fall_semitones", "confidence", "pace"),
    },
    "wake": {"phrase"},
    "near_wake": {"phrase", "p_wake"},
    "back_channel": {"clip"},
    "nod": {"intensity", "reason"},
    "filler": {"clip"},
    "acknowledge": {"clip"},
    "gaze": {"target"},
    "posture": {"posture"},
    "first_audio": {"latency_ms", "kind"},
    "barge_in": {"stage", "heard_ms", "latency_ms", "heard"},
    "reply": {"text"},
    "offload": {"allowed", "reason", "purpose"},
    "microphone": {"state"},
    "camera": {"state", "turn"},
    "house_act": {"kind", "target", "area", "device", "value"},
    "cloud_call": {"intent", "slots", "outcome"},
    "cloud_answer": {"text", "played_ms", "num_gaps"},
    "sound_left": {"turn", "purpose", "outcome", "sent_ms", "pre_roll_ms"},
    "xrun": {"kind", "count"},
    "fault": {"part", "state", "count", "error"},
    "summary": {"num_hops", "num_turns", "num_intents", "num_xruns", "hop_p50_ms", "hop_p99_ms", "hop_max_ms"},
}


def test_names_and_fields_are_stable() -> None:
    found = {name: set(to_json(kind(at_sample=0))) - {"event", "at_ms"} for name, kind in EVENT_TYPES.items()}
    assert found == VOCABULARY


@pytest.mark.parametrize("name", VOCABULARY)
def test_each_event_and_field_is_documented(name: str) -> None:
    section = re.search(rf"^### `{name}`\n(.*?)(?=^##|\Z)", DOCUMENT.read_text(), re.M | re.S)
    assert section is not None, f"docs/events.md has no section {name}"
    missing = {field for field in VOCABULARY[name] if f"`{field}`" not in section[1]}
    assert missing == set()


def test_times_leave_in_ms_of_the_capture_clock() -> None:
    event = events.EndOfTurn(at_sample=32_160, reason="complete", silence_ms=200, last_voice_sample=28_960, text="stop")
    known = {name: value for name, value in to_json(event, file="a.wav").items() if value is not None}
    assert known == {
        "file": "a.wav",
        "event": "end_of_turn",
        "at_ms": 2010.0,
        "reason": "complete",
        "silence_ms": 200,
        "last_voice_ms": 1810.0,
        "text": "stop",
    }


def test_slots_keep_numbers_as_numbers() -> None:
    event = events.Intent(at_sample=16, intent="set_timer", slots={"minutes": 5, "name": "tea"}, confidence=0.98765)
    line = json.loads(json.dumps(to_json(event)))
    assert line["slots"] == {"minutes": 5, "name": "tea"}
    assert line["confidence"] == 0.9877
    assert "file" not in line


@pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=EVENT_TYPES)
def test_a_message_leads_back_to_its_event(kind: type[events.Event]) -> None:
    event = kind(at_sample=16_160)
    assert decode(encode(event)) == event


def test_fields_of_a_later_version_are_ignored() -> None:
    assert from_json({"event": "reply", "at_ms": 10.0, "text": "yes", "mood": "calm"}) == events.Reply(160, "yes")
    with pytest.raises(KeyError):
        from_json({"event": "telepathy", "at_ms": 0})
