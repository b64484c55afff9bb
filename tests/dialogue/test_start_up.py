"""What the agent says of itself when it starts on a device, before it hears anything."""

from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from edge_agent.processes import hop_process
from edge_agent.profile import AudioProfile, Profile


class _StartedError(Exception):
    """All that is said at the start has been said."""


def said_at_start(audio: AudioProfile, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []

    def begin(*parts: object, **more: object) -> NoReturn:
        raise _StartedError

    monkeypatch.setattr(hop_process, "load_kit", lambda profile: SimpleNamespace(notices=()))
    monkeypatch.setattr(hop_process, "DeviceDuplex", lambda audio: object())
    monkeypatch.setattr(hop_process, "Agent", begin)
    monkeypatch.setattr(hop_process, "say", lines.append)
    channels: Any = SimpleNamespace(offload=None, answers=None, house=None)
    with pytest.raises(_StartedError):
        hop_process.LiveHop(Profile(name="test", audio=audio), channels)
    return lines


def test_without_echo_cancelling_it_says_that_only_the_wake_phrase_interrupts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (line,) = said_at_start(AudioProfile(loudspeaker="open", echo="off"), monkeypatch)
    assert "only the wake phrase interrupts" in line
    assert "audio.echo" in line


@pytest.mark.parametrize(
    "audio",
    [AudioProfile(), AudioProfile(echo="hardware"), AudioProfile(loudspeaker="isolated", echo="off")],
)
def test_who_hears_over_itself_says_nothing(audio: AudioProfile, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said_at_start(audio, monkeypatch) == []
