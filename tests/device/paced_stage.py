"""The stage of a scenario on the virtual sound card: lines are played into its microphone when they fall due.

Where a line really was is found afterwards, in what the agent's microphone heard. Thread: one.
"""

import subprocess
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.audio.base import Duplex, Hop, State, Xruns
from edge_agent.events import Event
from edge_agent.units import HOP_SAMPLES, ms_to_samples
from tests.device.virtual_card import VirtualCard
from tests.dialogue import scenario as s
from tests.dialogue.stage import Placed, Spoken, matches, spoken_line

LONGEST_DELAY_MS = 3_000  # from asking for a line to hearing it, on a busy machine


@dataclass
class Begun:
    """A line that was asked for at this sample."""

    at_sample: int
    player: "subprocess.Popen[bytes]"


class PacedStage:
    """A `Duplex` that wraps the device's, and the lines of a scenario."""

    def __init__(self, scenario: s.Scenario, card: VirtualCard, device: Duplex) -> None:
        self._lines = scenario.talk
        self._spoken = [spoken_line(line) for line in scenario.talk]
        self._card = card
        self._device = device
        self._begun: dict[int, Begun] = {}
        self._heard: list[NDArray[np.float32]] = []
        self._seen: dict[int, int] = {}

    @property
    def state(self) -> State:
        return self._device.state

    @property
    def is_over(self) -> bool:
        """Every line was played to its end."""
        return len(self._begun) == len(self._lines) and all(
            begun.player.poll() is not None for begun in self._begun.values()
        )

    @property
    def conversation(self) -> NDArray[np.float32]:
        """float32 [samples, 2]: microphone, loudspeaker."""
        return np.concatenate(self._heard)

    @property
    def placed(self) -> dict[int, Placed]:
        """Where the lines were heard."""
        return {index: self._found(begun, self._spoken[index]) for index, begun in self._begun.items()}

    def notice(self, event: Event) -> None:
        """Something happened: lines that waited for it begin (`plus_ms` is not waited for)."""
        for index, line in enumerate(self._lines):
            if line.when is not None and index not in self._begun and matches(line.when, event):
                self._seen[index] = self._seen.get(index, 0) + 1
                if self._seen[index] == line.when.nth:
                    self._begin(index, event.at_sample)

    def read_hop(self, mic: Hop, played: Hop) -> bool:
        """See `Duplex`."""
        is_sound = self._device.read_hop(mic, played)
        self._heard.append(np.stack([mic, played], axis=1))
        now = len(self._heard) * HOP_SAMPLES
        for index, line in enumerate(self._lines):
            if index not in self._begun and line.at_ms is not None and now >= ms_to_samples(line.at_ms):
                self._begin(index, now)
        return is_sound

    def write_hop(self, out: Hop) -> None:
        """See `Duplex`."""
        self._device.write_hop(out)

    def take_xruns(self) -> Xruns:
        """See `Duplex`."""
        return self._device.take_xruns()

    def close(self) -> None:
        """See `Duplex`."""
        self._device.close()

    def _begin(self, index: int, at_sample: int) -> None:
        self._begun[index] = Begun(at_sample, self._card.play_samples(self._spoken[index].sound))

    def _found(self, begun: Begun, spoken: Spoken) -> Placed:
        heard = self.conversation[begun.at_sample :, 0][: ms_to_samples(LONGEST_DELAY_MS) + len(spoken.sound)]
        num_bins = 1 << (len(heard) + len(spoken.sound)).bit_length()
        spectrum = np.fft.rfft(heard, num_bins) * np.conj(np.fft.rfft(spoken.sound, num_bins))
        at_sample = begun.at_sample + int(np.argmax(np.fft.irfft(spectrum, num_bins)[: len(heard)]))
        return Placed(at_sample, at_sample + spoken.begin_sample, at_sample + spoken.end_sample)
