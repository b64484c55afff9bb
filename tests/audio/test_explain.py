"""What PortAudio refuses is told in one line, with the cure."""

import pytest

from edge_agent.audio.portaudio import PA_DEVICE_UNAVAILABLE, PA_INVALID_SAMPLE_RATE, explain


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("Error opening Stream", PA_DEVICE_UNAVAILABLE), ("is busy", "fuser -v /dev/snd/*")),
        (("Error opening Stream", PA_INVALID_SAMPLE_RATE), ("cannot do 16000 Hz", "audio.device to 'default'")),
        (("Unanticipated host error", -9999), ("Unanticipated host error", "edge-agent devices")),
        ((), ("RuntimeError", "edge-agent devices")),
    ],
)
def test_the_line_names_the_thing_and_the_cure(arguments: tuple[object, ...], expected: tuple[str, str]) -> None:
    line = explain("USB Audio", RuntimeError(*arguments))
    assert "'USB Audio'" in line
    assert "\n" not in line
    for part in expected:
        assert part in line
