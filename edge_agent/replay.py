"""Recordings through the very code that runs live: in virtual time as fast as it goes, or paced like a microphone.
A cloud, if the profile names one, is asked only in real time: it would have no time to answer otherwise.

Every file is a conversation of its own, with a fresh home; models are loaded once. The loudspeaker of a recording is
not in its microphone, so the agent hears over itself.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from edge_agent.agent import Agent, Kit, load_kit
from edge_agent.audio.wav import FileDuplex
from edge_agent.channels import Channels
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate
from edge_agent.events import Event
from edge_agent.processes.linked import linked
from edge_agent.profile import Profile
from edge_agent.units import ms_to_samples

OnEvent = Callable[[str, Event], None]

IDLE_AT_END_MS = 1_500  # longer than the silence that a listener needs to be sure that nobody speaks


def ignore(notice: str) -> None:
    """For callers who have nowhere to say it."""


def replay_files(
    paths: Sequence[Path],
    *,
    profile: Profile,
    out_dir: Path | None = None,
    realtime: bool = False,
    on_event: OnEvent,
    on_notice: Callable[[str], None] = ignore,
) -> None:
    """Play each file to the agent; events go to `on_event` with the file's path as it was given.

    out_dir: gets NAME.wav (left microphone, right agent) and NAME.png (if matplotlib is installed) for each file.
    on_notice: gets a line for what works, but not quite (a recording that is cut short).
    Raises EdgeAgentError before any sound for what the profile lacks, and for a file when its turn comes; OSError
    before any sound for a folder that cannot be made.
    """
    if out_dir is not None:
        out_dir.mkdir(parents=True, exist_ok=True)
    kit = load_kit(profile)
    for notice in kit.notices:
        on_notice(notice)
    for path, name in zip(paths, unique_names(paths), strict=True):
        with_file = _with_file(str(path), on_event)
        duplex, events = replay_one(kit, path, realtime=realtime, on_event=with_file)
        if duplex.notice:
            on_notice(duplex.notice)
        if out_dir is not None:
            save(duplex, events, out_dir / name)


def replay_one(
    kit: Kit, path: Path, *, realtime: bool, on_event: Callable[[Event], None]
) -> tuple[FileDuplex, list[Event]]:
    """One conversation; what was said by both sides, and what happened. Raises AudioError."""
    if realtime and kit.profile.cloud.providers:
        with linked(kit.profile) as channels:
            return _converse(kit, FileDuplex(path, realtime=True), on_event, channels)
    return _converse(kit, FileDuplex(path, realtime=realtime), on_event, None)


def _converse(
    kit: Kit, duplex: FileDuplex, on_event: Callable[[Event], None], channels: Channels | None
) -> tuple[FileDuplex, list[Event]]:
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        on_event(event)

    agent = Agent(
        kit,
        duplex,
        emit,
        clock=FakeClock(datetime.now()),
        gate=Gate(
            kit.profile.privacy.state,
            channels.offload if channels else None,
            kit.profile.cloud.client,
            pre_roll_ms=kit.profile.cloud.pre_roll_ms,
        ),
        answers=channels.answers if channels else None,
        calls=channels.house if channels else None,
        is_live=False,
        hears_over_itself=True,
    )
    run_to_end(agent, duplex)
    emit(agent.meters.summary(agent.hop.at_sample))
    agent.close()
    return duplex, events


def run_to_end(agent: Agent, duplex: FileDuplex) -> None:
    """Tick until the recording is over and the agent has had its say, or the silence after the recording is."""
    idle_since = 0
    while agent.hop.tick():
        if not (duplex.in_tail and agent.is_idle):
            idle_since = agent.hop.at_sample
        elif agent.hop.at_sample - idle_since >= ms_to_samples(IDLE_AT_END_MS):
            return


def save(duplex: FileDuplex, events: list[Event], stem: Path) -> None:
    """Write STEM.wav and, where matplotlib is installed, STEM.png."""
    duplex.save_conversation(stem.with_name(stem.name + ".wav"))
    try:
        from edge_agent.picture.timeline import draw_timeline
    except ImportError:
        return
    draw_timeline(duplex.conversation, events, stem.with_name(stem.name + ".png"))


def unique_names(paths: Sequence[Path]) -> list[str]:
    """File names without ending, numbered where two are alike."""
    seen: dict[str, int] = {}
    names = []
    for path in paths:
        seen[path.stem] = seen.get(path.stem, 0) + 1
        names.append(path.stem if seen[path.stem] == 1 else f"{path.stem}-{seen[path.stem]}")
    return names


def _with_file(file: str, on_event: OnEvent) -> Callable[[Event], None]:
    return lambda event: on_event(file, event)
