"""What is loaded once for all dialogues."""

from dataclasses import replace

import pytest

from edge_agent.agent import Kit, load_kit
from edge_agent.profile import Profile
from tests.dialogue.play import KitOf


@pytest.fixture(scope="session")
def kit_of() -> KitOf:
    """The kit of a profile; what is loaded for it is loaded once."""
    kits: dict[str, Kit] = {}

    def kit(profile: Profile) -> Kit:
        loaded = (profile.model, profile.wake, profile.voice)
        key = "".join(part.model_dump_json() for part in loaded) + profile.commands
        if key not in kits:
            kits[key] = load_kit(profile)
        return replace(kits[key], profile=profile)

    return kit
