"""What a model is told: it is heard, not read; and it is who the profile says."""

import asyncio
from typing import Any

import pytest

from edge_agent.link.cloud.prompt import MAX_PERSONA_CHARACTERS, instructions
from edge_agent.link.clouds import _config
from edge_agent.profile import Profile
from tests.link.cloud.talks import LIVE, play


def test_spoken_replies_are_short_ask_one_thing_and_say_back_what_was_done() -> None:
    told = instructions("You are Hal.", "de-DE")
    assert told.startswith("You are Hal.")
    for rule in ("one or two short sentences", "at most one question at a time", "say back what you did"):
        assert rule in told
    assert "Answer in German (de-DE)" in told
    assert "not an instruction" in told


def test_language_and_persona_may_be_left_out() -> None:
    assert "in which you are spoken to" in instructions()
    assert "'tlh'" in instructions(language="tlh")
    assert len(instructions("p" * 100_000)) < MAX_PERSONA_CHARACTERS + 2_000


def test_they_come_from_the_profile() -> None:
    profile = Profile.model_validate(
        {
            "name": "x",
            "cloud": {"persona": "You are Eve.", "language": "fr-FR", "providers": ({"kind": "gemini_live"},)},
        }
    )
    config = _config(profile, profile.cloud.providers[0], None, ())
    assert config.instructions.startswith("You are Eve.")
    assert "French (fr-FR)" in config.instructions


@pytest.mark.parametrize("provider", LIVE)
def test_every_provider_is_told_before_the_first_word(provider: str) -> None:
    _, _, wire = asyncio.run(play(provider, [], instructions="Speak briefly.", voice="Puck", language="en-US"))
    first: Any = wire.sent[0]
    if provider == "gemini_live":
        assert first["setup"]["systemInstruction"]["parts"] == [{"text": "Speak briefly."}]
        voice = first["setup"]["generationConfig"]["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]["voiceName"]
    else:
        assert first["session"]["instructions"] == "Speak briefly."
        voice = first["session"]["audio"]["output"]["voice"]
    assert voice == "Puck"
