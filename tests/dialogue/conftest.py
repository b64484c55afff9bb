"""What is loaded once for all dialogues."""

from dataclasses import replace

import pytest

from edge_agent.agent import Kit, load_kit, open_spotter
from edge_agent.models.bundle import Bundle, find_bundle
from edge_agent.models.fitted import Fitted
from edge_agent.profile import Profile
from tests.dialogue.play import KitOf


@pytest.fixture(scope="session")
def kit_of() -> KitOf:
    """The kit of a profile; what is loaded for it is loaded once, and only the wake phrases anew."""
    kits: dict[str, Kit] = {}

    def kit(profile: Profile) -> Kit:
        key = profile.model.model_dump_json() + profile.voice.model_dump_json() + profile.commands
        if key not in kits:
            kits[key] = load_kit(profile)
        if profile.wake.phrases != kits[key].profile.wake.phrases:
            spotter = open_spotter(profile, Fitted.of(Bundle.open(find_bundle(profile.model.bundle))))
            kits[key] = replace(kits[key], spotter=spotter)
        kits[key] = replace(kits[key], profile=profile)
        return kits[key]

    return kit
