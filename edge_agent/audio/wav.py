"""Sound from a recording, in virtual time or paced like a microphone; both sides of the conversation can be saved."""

from os import PathLike
from time import monotonic, sleep

import soundfile

from edge_agent.audio.base import Hop
from edge_agent.audio.decode import decode
from edge_agent.audio.memory import MemoryDuplex
from edge_agent.errors import AudioError
from edge_agent.units import HOP_MS, SAMPLE_RATE_HZ

DEFAULT_TAIL_S = 20.0


class FileDuplex(MemoryDuplex):
    """A recording of any format, rate and number of channels that soundfile knows, then silence for `tail_s`."""

    def __init__(self, path: str | PathLike[str], realtime: bool = False, tail_s: float = DEFAULT_TAIL_S) -> None:
        """Raises AudioError. `realtime`: a hop is given out when a microphone would have heard it, not before."""
        decoded = decode(path)
        super().__init__(decoded.samples, tail_s)
        self.notice = decoded.notice
        self._is_realtime = realtime
        self._began_s: float | None = None

    def read_hop(self, mic: Hop, played: Hop) -> bool:
        """See `Duplex`."""
        is_sound = super().read_hop(mic, played)
        if is_sound and self._is_realtime:
            self._wait_until_heard()
        return is_sound

    def _wait_until_heard(self) -> None:
        now_s = monotonic()
        if self._began_s is None:
            self._began_s = now_s
        # deadlines are counted from the first hop, so that lateness does not add up
        left_s = self._began_s + self._num_read * HOP_MS / 1000 - now_s
        if left_s > 0:
            sleep(left_s)

    def save_conversation(self, path: str | PathLike[str]) -> None:
        """Write what was said so far as a 16-bit WAV: left the microphone, right the agent. Raises AudioError."""
        try:
            soundfile.write(path, self.conversation, SAMPLE_RATE_HZ, subtype="PCM_16", format="WAV")
        except (OSError, soundfile.SoundFileError) as error:
            raise AudioError(
                f"{path}: the conversation cannot be written ({error}); give a folder you may write to"
            ) from None
