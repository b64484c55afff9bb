"""Which keys the profile's cloud models lack, before anything is asked of them (for `edge-agent doctor` and the log).

Looks at the profile, files and the environment only: nobody is connected to.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from edge_agent.link.cloud.base import SessionConfig
from edge_agent.link.cloud.failures import Failures
from edge_agent.link.cloud.keys import find_key
from edge_agent.link.cloud.providers import spoken_name, url_of
from edge_agent.profile import Profile, ProviderProfile


def hosts(profile: Profile) -> tuple[str, ...]:
    """Where sound may go, in the order in which they are tried; each once."""
    found = (urlsplit(url).hostname for entry in profile.cloud.providers for url in _urls(entry))
    return tuple(dict.fromkeys(host for host in found if host))


def key_troubles(profile: Profile) -> Iterator[tuple[str, str, str]]:
    """Each provider: its kind, and what is wrong with its key and the cure, both empty when nothing is.

    Last, where there is one, the moderation service: without its key it would check nothing.
    """
    for entry in profile.cloud.providers:
        troubles = (_trouble(spoken_name(entry.kind), url, entry.key_file) for url in _urls(entry))
        yield (entry.kind, *next((trouble for trouble in troubles if trouble[0]), ("", "")))
    moderation = profile.cloud.moderation
    if moderation.url:
        yield ("moderation", *_trouble("moderation", moderation.url, moderation.key_file))


def _trouble(who: str, url: str, key_file: str) -> tuple[str, str]:
    key = find_key(url, key_file)
    failed = Failures(who, "", key).about_key(url)
    if failed is None:
        return "", ""
    if key is None and key_file:  # nothing else is looked at then
        return failed.message, f"put it into {key_file}, which cannot be read or holds none"
    return failed.message, failed.detail


def _urls(entry: ProviderProfile) -> list[str]:
    own = url_of(entry.kind, SessionConfig(entry.model, entry.url))
    return [url for url in (own, entry.hearing_url, entry.speaking_url) if url]
