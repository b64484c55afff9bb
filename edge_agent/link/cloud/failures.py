"""From a provider's close code, status or error to one sentence that can be spoken, and a detail for the log."""

import re

from pydantic import SecretStr

from edge_agent.link.cloud.base import Failed, FailureKind
from edge_agent.link.cloud.keys import key_names, may_carry_key, needs_key, scrub
from edge_agent.link.cloud.wire import WireClosed, WireRefused

_SENTENCES: dict[FailureKind, str] = {
    "key": "{name} does not accept my key.",
    "quota": "{name} says that my quota is used up.",
    "model": "{name} does not know the model {model}.",
    "refused": "{name} refused what I asked of it.",
    "unreachable": "I can't reach {name}.",
    "tls": "I can't be sure that this is {name}, so I did not connect.",
    "timeout": "{name} does not answer.",
    "dropped": "I lost the connection to {name}.",
    "server": "{name} has a problem of its own.",
    "expired": "My time with {name} is up.",
}
# In this order: a message about a key may name a model, and one about a quota its key.
_WORDS: tuple[tuple[FailureKind, re.Pattern[str]], ...] = (
    ("quota", re.compile(r"quota|resource.?exhausted|billing|rate.?limit|too many requests", re.IGNORECASE)),
    ("key", re.compile(r"api.?key|unauthenticated|unauthori[sz]ed|credential|access.?token|permission", re.IGNORECASE)),
    ("expired", re.compile(r"maximum duration|session.{0,20}(expired|duration)", re.IGNORECASE)),
    (
        "model",
        re.compile(r"model.{0,120}(not.?found|not supported|does not exist|unknown)|model_not_found", re.I | re.S),
    ),
)
_CODES: dict[int, FailureKind] = {
    1000: "dropped",
    1001: "dropped",
    1006: "dropped",
    1007: "refused",
    1008: "refused",
    1009: "server",
    1011: "server",
    1012: "server",
    1013: "server",
}


def kind_of_words(text: str) -> FailureKind | None:
    """What a message written for people, or an error code made of words, is about."""
    return next((kind for kind, words in _WORDS if words.search(text)), None)


class Failures:
    """Words of failure for one provider and model; knows the key, so as to leave it out."""

    def __init__(self, name: str, model: str, key: SecretStr | None) -> None:
        self._name = name
        self._model = model
        self._key = key

    def make(self, kind: FailureKind, detail: str = "", retry_after_s: float | None = None) -> Failed:
        """A failure of a known kind."""
        message = _SENTENCES[kind].format(name=self._name, model=self._model or "I asked for")
        return Failed(kind, message, scrub(detail, self._key), retry_after_s)

    def about_key(self, url: str) -> Failed | None:
        """Why no connection should be tried: no key where one is needed, or one that others could read."""
        if self._key is None and needs_key(url):
            names = " or ".join(name.upper() for name in key_names(url))
            return Failed("key", f"I have no key for {self._name}.", f"set {names}, or put it into a credentials file")
        if self._key is not None and not may_carry_key(url):
            return Failed("refused", f"I don't send my key to {self._name} unencrypted.", "give an encrypted URL")
        return None

    def closed(self, closed: WireClosed) -> Failed:
        """The connection ended."""
        kind = kind_of_words(closed.reason) or _CODES.get(closed.code, "server" if closed.code >= 4000 else "dropped")
        return self.make(kind, f"closed with {closed.code} {closed.reason}")

    def refused(self, refused: WireRefused) -> Failed:
        """The connection did not come about."""
        kind = refused.kind
        if refused.status in (400, 403, 404):
            kind = kind_of_words(refused.reason) or kind
        return self.make(kind, refused.reason, refused.retry_after_s)

    def reported(self, code: str, message: str) -> Failed:
        """The provider said in a message what is wrong."""
        kind = kind_of_words(code) or kind_of_words(message) or ("server" if "server" in code else "refused")
        return self.make(kind, f"{code}: {message}" if code else message)

    def clean(self, text: str) -> str:
        """A provider's words, fit for a log."""
        return scrub(text, self._key)
