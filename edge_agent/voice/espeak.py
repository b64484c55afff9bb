"""espeak-ng, where a user has installed it (GPL: called as a program, never linked or shipped)."""

from edge_agent.voice.base import MAX_TEXT_CHARACTERS, Samples, call_program, find_program, read_wav

VOICE = "en-us"
WORDS_PER_MINUTE = "165"


class Espeak:
    """Calls `espeak-ng`, or the older `espeak`."""

    name = "espeak-ng"

    def __init__(self) -> None:
        self._program = find_program("espeak-ng", "espeak")

    @property
    def is_available(self) -> bool:
        """True when the program is installed."""
        return self._program is not None

    def speak(self, text: str) -> Samples | None:
        """See Engine."""
        if self._program is None:
            return None
        arguments = [self._program, "-v", VOICE, "-s", WORDS_PER_MINUTE, "--stdin", "--stdout"]
        sound = call_program(arguments, text[:MAX_TEXT_CHARACTERS])
        return read_wav(sound) if sound else None
