"""Plays a scenario in virtual time, through the very code that runs live."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.agent import Agent, Kit
from edge_agent.audio.base import Duplex
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate
from edge_agent.events import Event
from edge_agent.profile import Profile
from edge_agent.units import ms_to_samples
from tests.dialogue.fakes import HummingVoice, ScriptedDecoder, ScriptedListener
from tests.dialogue.judge import Judge
from tests.dialogue.moments import NOON
from tests.dialogue.scenario import Scenario
from tests.dialogue.stage import Placed, Stage

KitOf = Callable[[Profile], Kit]


@dataclass(frozen=True)
class Played:
    """What happened in a scenario. conversation: float32 [samples, 2], microphone and loudspeaker."""

    scenario: Scenario
    events: list[Event]
    placed: dict[int, Placed]
    conversation: NDArray[np.float32]

    @property
    def faults(self) -> list[str]:
        """What did not come true, a line each."""
        return Judge(self.events, self.placed).faults(self.scenario.expect)

    def explain(self, folder: Path) -> str:
        """The faults, and where their picture is."""
        path = folder / f"{self.scenario.name}.png"
        try:
            from edge_agent.picture.timeline import draw_timeline
        except ImportError:
            return "\n".join([*self.faults, "(no picture: matplotlib is not installed)"])
        draw_timeline(self.conversation, self.events, path)
        return "\n".join([*self.faults, f"timeline: {path}"])


class Theatre(Duplex, Protocol):
    """What plays the lines of a scenario to the agent."""

    @property
    def is_over(self) -> bool: ...

    @property
    def placed(self) -> dict[int, Placed]: ...

    @property
    def conversation(self) -> NDArray[np.float32]: ...

    def notice(self, event: Event) -> None: ...


def play(scenario: Scenario, kit_of: KitOf, paced_on: Callable[[Scenario], Theatre] | None = None) -> Played:
    """From the first sample until the lines are over, the agent is idle, and nothing came for a while.

    paced_on: makes the stage of a real-time run; virtual time without.
    """
    stage: Theatre = paced_on(scenario) if paced_on else Stage(scenario)
    events: list[Event] = []
    profile = Profile.model_validate_json(json.dumps({"name": scenario.name} | scenario.profile))
    if isinstance(stage, Stage) and scenario.hearing == "script":
        kit = _scripted_kit(profile, stage)
    else:
        kit = kit_of(profile)

    def emit(event: Event) -> None:
        events.append(event)
        stage.notice(event)

    agent = Agent(
        kit,
        stage,
        emit,
        clock=FakeClock(NOON),
        gate=Gate(profile.privacy.state),
        is_live=paced_on is not None,
        hears_over_itself=scenario.room is None,
    )
    _run(agent, stage, scenario.listen_on_ms)
    agent.close()
    return Played(scenario, events, stage.placed, stage.conversation)


def _run(agent: Agent, stage: Theatre, listen_on_ms: float) -> None:
    busy_until = 0
    while agent.hop.tick():
        if not (stage.is_over and agent.is_idle):
            busy_until = agent.hop.at_sample
        elif agent.hop.at_sample - busy_until >= ms_to_samples(listen_on_ms):
            return


def _scripted_kit(profile: Profile, stage: Stage) -> Kit:
    return Kit(
        profile=profile,
        listener=ScriptedListener(stage.said),  # type: ignore[arg-type]
        look_ahead_samples=0,
        decoder=ScriptedDecoder(stage.said),
        rest_decoder=ScriptedDecoder(stage.said),
        spotter=None,
        voice=HummingVoice(),
        replies={},
        skills={},
    )
