"""Pictures that go with a turn: sent where the model takes them, and written into its receipt.

Thread: one asyncio loop.
"""

from collections.abc import Callable

from edge_agent.link.line import Line
from edge_agent.link.receipts import Receipt
from edge_agent.link.speech import Speech

NOBODY_WAITS = "the user no longer waits for this answer"
NO_PICTURES = "this model takes no pictures"


class Showing:
    """One for all sessions."""

    def __init__(self, line: Line, keep: Callable[[Receipt], None]) -> None:
        """keep: writes a receipt."""
        self._line = line
        self._keep = keep

    async def show(self, speech: Speech | None, jpeg: bytes) -> str:
        """Why it is not sent, or empty. What no session can have yet is kept with the speech for the next."""
        session = self._line.session
        if speech is None:
            return NOBODY_WAITS
        if session is not None and not session.capabilities.vision:
            return NO_PICTURES
        speech.picture = jpeg
        await self.again(speech)
        return ""

    async def again(self, speech: Speech) -> None:
        """The speech's picture, to the session that is there; nothing without one, or where it takes none."""
        session = self._line.session
        if not speech.picture or session is None or not session.capabilities.vision:
            return
        speech.show(self._line.host)
        self._keep(speech.receipt)
        await self._line.tell(lambda to: to.send_image(speech.picture))
