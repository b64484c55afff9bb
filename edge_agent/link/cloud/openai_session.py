"""What the sessions with OpenAI's protocols share: how the key travels, and how the beginning may fail."""

from edge_agent.link.cloud.base import SessionFailed
from edge_agent.link.cloud.session import SocketSession


class OpenAISession(SocketSession):
    """A `SocketSession` whose messages have a `type`, `error` among them."""

    spoken_name = "OpenAI"

    def _headers(self) -> dict[str, str]:
        return {} if self._key is None else {"Authorization": f"Bearer {self._key.get_secret_value()}"}

    async def _until(self, kind: str) -> None:
        """The server has sent a message of that type. Raises SessionFailed for an error before it."""
        while (fields := await self._message()).text("type") != kind:
            if fields.text("type") == "error":
                error = fields.fields("error")
                raise SessionFailed(self._failures.reported(error.text("code"), error.text("message")))
