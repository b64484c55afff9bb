"""A device that another program holds is said to be busy, and is taken as soon as it is free."""

from pathlib import Path

import pytest

from edge_agent.audio.device import DeviceDuplex
from edge_agent.audio.device_handle import DeviceHandle
from edge_agent.errors import AudioError
from edge_agent.profile import AudioProfile
from tests.device.exclusive_card import build, held

pytestmark = pytest.mark.device

EXCLUSIVE = AudioProfile(device="exclusive")
OPENED_WITHIN_S = 60.0  # on a busy machine
SEARCHED_WITHIN_S = 20.0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the device has its locks."""
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(build(tmp_path)))
    return tmp_path


@pytest.mark.parametrize("directions", [("playback", "capture"), ("playback",), ("capture",)])
def test_a_busy_device_is_one_line_with_the_cure(folder: Path, directions: tuple[str, ...]) -> None:
    with held(folder, *directions), pytest.raises(AudioError, match="sound device 'exclusive' is busy") as caught:
        DeviceDuplex(EXCLUSIVE)
    assert "fuser -v /dev/snd/*" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_second_agent_is_told_that_the_first_has_the_device() -> None:
    first = DeviceHandle(EXCLUSIVE, search=False)
    try:
        assert first.refusal(OPENED_WITHIN_S) is None
        with pytest.raises(AudioError, match="is busy"):
            DeviceDuplex(EXCLUSIVE)
    finally:
        first.close()
    DeviceDuplex(EXCLUSIVE).close()


def test_a_search_waits_for_a_device_that_is_busy(folder: Path) -> None:
    with held(folder, "playback", "capture"):
        searching = DeviceHandle(EXCLUSIVE, search=True)
        assert "has not answered" in (searching.refusal(1.0) or "")
    try:
        refusal = searching.refusal(SEARCHED_WITHIN_S)
        if refusal is not None:  # ALSA hangs now and then while it looks; the agent, too, then begins anew
            searching.close()
            searching = DeviceHandle(EXCLUSIVE, search=True)
            refusal = searching.refusal(OPENED_WITHIN_S)
        assert refusal is None
    finally:
        searching.close()
