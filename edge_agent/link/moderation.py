"""A second opinion beside the rules: any server that answers OpenAI's `/moderations`, asked while the answer goes on.

Words are asked about as they come, in up to MOST_AT_ONCE requests of one direction; what comes while so many are under
way goes together in the next. Words count as harmless once all before them do. Thread: the asyncio loop.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import httpx

from edge_agent.link.cloud.base import Counters
from edge_agent.link.cloud.failures import Failures
from edge_agent.link.cloud.fields import MAX_MESSAGE_BYTES, read_message
from edge_agent.link.cloud.keys import find_key

Direction = Literal["user", "agent"]
Flags = Callable[[str], Awaitable[bool]]  # whether a text is objected to; raises ModerationFailed
WITHIN_S = 1.0
MOST_AT_ONCE = 3
TAIL_LETTERS = 400  # of what was asked about before: a sentence may only be bad as a whole


class ModerationFailed(Exception):
    """The service gave no verdict."""


class Moderation:
    """One service; call it with a text. Raises ModerationFailed."""

    def __init__(self, url: str, model: str, key_file: str = "", transport: httpx.AsyncBaseTransport | None = None):
        """url: up to and with "/v1". The key is found like a provider's (`cloud/keys.py`)."""
        self._url, self._model = f"{url.rstrip('/')}/moderations", model
        self._key = find_key(url, key_file)
        self._failure = Failures("moderation", model, self._key).about_key(url)
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._counters = Counters()

    async def __call__(self, text: str) -> bool:
        """Whether the service objects."""
        if self._failure is not None:
            raise ModerationFailed(self._failure.message)
        self._client = self._client or httpx.AsyncClient(timeout=WITHIN_S, transport=self._transport)
        headers = {} if self._key is None else {"Authorization": f"Bearer {self._key.get_secret_value()}"}
        body = {"input": text} | ({"model": self._model} if self._model else {})
        try:
            response = await self._client.post(self._url, json=body, headers=headers)
        except (httpx.HTTPError, OSError) as error:
            raise ModerationFailed(type(error).__name__) from None
        fields = None
        if response.status_code == 200 and len(response.content) <= MAX_MESSAGE_BYTES:
            fields = read_message(response.content, self._counters)
        results = list(fields.each("results")) if fields is not None else []
        if not results or not all("flagged" in result for result in results):
            raise ModerationFailed(f"status {response.status_code}, and no verdict")
        return any(result.flag("flagged") for result in results)

    async def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            await self._client.aclose()


@dataclass(slots=True)
class _Asked:
    num_letters: int  # that are new
    is_answered: bool = False


class Opinions:
    """What a service thinks of one turn and its answer."""

    def __init__(self, flags: Flags, on_news: Callable[[], None], unseen_letters: int = 0) -> None:
        """on_news: called when a verdict has come, or will not come; unseen_letters: see `num_free`."""
        self._unseen_letters = unseen_letters
        self._flags = flags
        self._on_news = on_news
        self._new: dict[Direction, str] = {"user": "", "agent": ""}  # not asked about yet
        self._before: dict[Direction, str] = {"user": "", "agent": ""}
        self._asked: dict[Direction, deque[_Asked]] = {"user": deque(), "agent": deque()}
        self._num_cleared: dict[Direction, int] = {"user": 0, "agent": 0}  # letters that were looked at
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_flagged = False
        self.has_failed = False

    @property
    def num_cleared(self) -> int:
        """Letters of the answer that were looked at."""
        return self._num_cleared["agent"]

    @property
    def num_free(self) -> int:
        """Letters of the answer that may sound: those that were looked at, and a few more."""
        return self.num_cleared + self._unseen_letters

    def hear(self, where: Direction, text: str) -> None:
        """New words."""
        self._new[where] += text
        self._go_on(where)

    async def objects_to(self, text: str) -> bool | None:
        """To a text by itself; None when there is no verdict in time."""
        try:
            return await asyncio.wait_for(self._flags(text), WITHIN_S)
        except (ModerationFailed, asyncio.TimeoutError):
            return None

    def end(self) -> None:
        """Nobody wants to know any more."""
        for task in self._tasks:
            task.cancel()

    def _go_on(self, where: Direction) -> None:
        if not self._new[where] or self.is_flagged or len(self._asked[where]) >= MOST_AT_ONCE:
            return
        new, self._new[where] = self._new[where], ""
        text = self._before[where] + new
        self._before[where] = text[-TAIL_LETTERS:]
        asked = _Asked(len(new))
        self._asked[where].append(asked)
        task = asyncio.ensure_future(self._ask(where, asked, text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, where: Direction, asked: _Asked, text: str) -> None:
        verdict = await self.objects_to(text)
        self.is_flagged |= verdict is True
        self.has_failed |= verdict is None
        asked.is_answered = True
        waiting = self._asked[where]
        while waiting and waiting[0].is_answered:
            self._num_cleared[where] += waiting.popleft().num_letters
        self._on_news()
        self._go_on(where)
