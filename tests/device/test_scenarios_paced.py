"""Scenarios of `tests/dialogue/scenarios`, the same files, in real time on the virtual sound card."""

from pathlib import Path

import pytest

from edge_agent.agent import load_kit
from edge_agent.audio.device import DeviceDuplex
from edge_agent.profile import AudioProfile
from tests.device.paced_stage import PacedStage
from tests.device.virtual_card import VirtualCard, missing_programs
from tests.dialogue.play import play
from tests.dialogue.scenario import SCENARIOS, scenarios_of

pytestmark = [
    pytest.mark.device,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]


@pytest.mark.parametrize("name", ["command_of_a_person-what_time_is_it-1230-0"])
def test_a_scenario_in_real_time(name: str, tmp_path: Path) -> None:
    (scenario,) = (one for one in scenarios_of(SCENARIOS / f"{name.split('-')[0]}.yaml") if one.name == name)
    with VirtualCard() as card:
        device = DeviceDuplex(AudioProfile(latency_ms=40))
        played = play(scenario, load_kit, lambda wanted: PacedStage(wanted, card, device))
    assert not played.faults, played.explain(tmp_path)
