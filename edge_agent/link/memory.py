"""What was said in a conversation, at a constant size: how it began, what was said last, and the middle in one line.

A session that cannot resume, or another provider, begins with it. The rule is local and always gives the same: what no
longer fits among the last turns is reduced to the user's words, cut short; of these the newest are kept and the rest
are only counted. The instructions stand elsewhere and are never dropped (`cloud/prompt.py`).
"""

from collections import deque

from edge_agent.link.cloud.base import Role, Said

FIRST_TURNS = 4  # utterances, of the user and of the agent
RECENT_TURNS = 12
TOPICS = 10
MAX_LETTERS = 600  # of one utterance: two minutes of fast speech are more
MAX_TOPIC_LETTERS = 60


class Memory:
    """Thread: any one. At most FIRST_TURNS + RECENT_TURNS + 1 utterances, whatever the conversation's length."""

    def __init__(self) -> None:
        self._first: list[Said] = []
        self._recent: deque[Said] = deque()
        self._topics: deque[str] = deque(maxlen=TOPICS)
        self._num_left_out = 0

    def add(self, role: Role, text: str) -> None:
        """One utterance that was really said; an empty one is none."""
        said = Said(role, _cut(" ".join(text.split()), MAX_LETTERS))
        if not said.text:
            return
        if len(self._first) < FIRST_TURNS:
            self._first.append(said)
            return
        self._recent.append(said)
        if len(self._recent) > RECENT_TURNS:
            self._reduce(self._recent.popleft())

    def told(self) -> tuple[Said, ...]:
        """What to begin a session with, oldest first."""
        middle = (Said("user", self._middle()),) if self._num_left_out else ()
        return (*self._first, *middle, *self._recent)

    def _reduce(self, said: Said) -> None:
        self._num_left_out += 1
        if said.role == "user":
            self._topics.append(_cut(said.text, MAX_TOPIC_LETTERS))

    def _middle(self) -> str:
        about = f" Among them I said: {'; '.join(self._topics)}." if self._topics else ""
        return f"(For your memory: {self._num_left_out} utterances of our talk are left out here.{about})"


def _cut(text: str, num_letters: int) -> str:
    """At a word's end, where there is one."""
    if len(text) <= num_letters:
        return text
    words, _, _ = text[: num_letters - 1].rpartition(" ")
    return f"{words or text[: num_letters - 1]}…"
