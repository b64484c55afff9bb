"""Which class speaks to which provider."""

import ssl
from collections.abc import Iterable
from urllib.parse import urlsplit

from edge_agent.errors import CloudError
from edge_agent.link.cloud import wire
from edge_agent.link.cloud.base import CloudSession, SessionConfig
from edge_agent.link.cloud.gemini_live import GeminiLive
from edge_agent.link.cloud.gpt_live import GPTLive
from edge_agent.link.cloud.openai_realtime import OpenAIRealtime
from edge_agent.link.cloud.parts import Part
from edge_agent.link.cloud.pipeline import Pipeline
from edge_agent.link.cloud.wire import Connect

_LIVE: dict[str, type[GeminiLive | OpenAIRealtime | GPTLive]] = {
    "gemini_live": GeminiLive,
    "openai_realtime": OpenAIRealtime,
    "gpt_live": GPTLive,
}
PROVIDERS = (*_LIVE, "pipeline")


def make_session(
    provider: str,
    config: SessionConfig,
    *,
    parts: tuple[Part, Part] | None = None,
    connect: Connect = wire.connect,
    tls: ssl.SSLContext | None = None,
) -> CloudSession:
    """A session that is not open yet. `parts`: who transcribes and who speaks, for the pipeline. Raises CloudError."""
    schemes = ("https", "http") if provider == "pipeline" else ("wss", "ws")
    check_urls(provider, schemes, [config.url, *(part.url for part in parts or ())])
    if provider in _LIVE:
        return _LIVE[provider](config, connect, tls)
    if provider != "pipeline":
        raise CloudError(f"no cloud provider '{provider}': give one of: {', '.join(PROVIDERS)}")
    if parts is None or not config.url:
        raise CloudError("the pipeline needs the URLs of its transcription, chat and speech services")
    return Pipeline(config, *parts, tls)


def url_of(provider: str, config: SessionConfig) -> str:
    """Where a session would connect to: what the gate is asked about."""
    return config.url or (_LIVE[provider].own_url if provider in _LIVE else "")


def spoken_name(provider: str) -> str:
    """As it is called in what is said about it."""
    return _LIVE[provider].spoken_name if provider in _LIVE else "the cloud"


def check_urls(who: str, schemes: tuple[str, ...], urls: Iterable[str]) -> None:
    """Raises CloudError for one that is not empty and no URL of these schemes."""
    for url in filter(None, urls):
        try:
            parts = urlsplit(url)
            is_good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_good = False
        if not is_good:
            raise CloudError(f"'{url}' is no URL for {who}: give one that begins with {schemes[0]}://HOST")
