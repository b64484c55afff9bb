"""Which model is asked next, and after what pause: pure.

The same one again if it had worked, else the next in the list; when all have failed in a row, the user is told, and
the network is left alone for a while that doubles.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_agent.link.cloud.base import WORTH_RETRYING, CloudSession, Failed, Said

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 30.0
UNREACHABLE = "I can't reach the cloud."


@dataclass(frozen=True)
class Provider:
    """One model that may be asked. make: a session that is not open yet, from a handle to resume and what was said."""

    name: str
    host: str
    make: Callable[[str | None, tuple[Said, ...]], CloudSession]


@dataclass(frozen=True, slots=True)
class Defeat:
    """Nobody could be reached: what to say of it, and how long to wait before the next try."""

    say: str
    pause_s: float


class Choice:
    """The list of providers, and how they fared."""

    def __init__(self, providers: Sequence[Provider], rng: random.Random) -> None:
        self._providers = providers
        self._rng = rng
        self._place = 0
        self._handles: dict[str, str] = {}
        self.begin()

    @property
    def provider(self) -> Provider:
        """Who is asked now."""
        return self._providers[self._place]

    def begin(self) -> None:
        """Somebody is asked again, after a while in which nobody was: what failed then is past."""
        self._failures: list[Failed] = []  # in a row
        self._pause_s = FIRST_PAUSE_S

    def make(self, history: tuple[Said, ...]) -> CloudSession:
        """A session with the present provider, resumed where it gave a handle for that; each handle serves once."""
        return self.provider.make(self._handles.pop(self.provider.name, None), history)

    def remember(self, handle: str | None) -> None:
        """How the present provider's session may be resumed; None: not now."""
        self._handles.pop(self.provider.name, None)
        if handle is not None:
            self._handles[self.provider.name] = handle

    def ended(self, worked: bool, failure: Failed | None) -> Defeat | None:
        """The session is over; `worked`: a turn was answered in it. Chooses who is next."""
        if worked:
            self.begin()
        if failure is None:
            return None
        self._failures.append(failure)
        is_same = worked and failure.kind in WORTH_RETRYING
        self._place = (self._place + (not is_same)) % len(self._providers)
        if len(self._failures) < max(2, len(self._providers)):
            return None
        defeat = Defeat(_sentence(self._failures), self._pause_s * self._rng.uniform(0.5, 1.5))
        self._pause_s, self._failures = min(2 * self._pause_s, LONGEST_PAUSE_S), []
        return defeat


def _sentence(failures: Sequence[Failed]) -> str:
    """What to say of failures in a row: what the user can cure, before what they cannot."""
    mine = [failure for failure in failures if failure.kind not in WORTH_RETRYING]
    return mine[0].message if mine else UNREACHABLE
