"""From the profile to those who may be asked, and to the runner that asks them.

What cannot be used is said before any sound could leave: a host that is not on the list, rules that cannot be read.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.errors import CloudError
from edge_agent.link.camera import Camera
from edge_agent.link.choosing import Provider
from edge_agent.link.cloud.base import CloudSession, Said, SessionConfig, Tool
from edge_agent.link.cloud.parts import Part
from edge_agent.link.cloud.prompt import instructions
from edge_agent.link.cloud.providers import check_urls, make_session, url_of
from edge_agent.link.desk import Desk
from edge_agent.link.keyring import key_troubles
from edge_agent.link.moderation import Moderation
from edge_agent.link.receipts import ReceiptLog, default_path
from edge_agent.link.safety import load_rules
from edge_agent.link.session import Runner
from edge_agent.link.turns import Policy
from edge_agent.models.commands import find_commands, load_commands
from edge_agent.parcels import Parcel
from edge_agent.profile import Profile, ProviderProfile
from edge_agent.skills.tools import LOOK_TOOL, house_tools

OPEN_WITHIN_S = 3.0
DEFAULT_MODELS = {"gemini_live": "gemini-3.8-live", "openai_realtime": "gpt-realtime-2.1", "gpt_live": "gpt-live-1"}


def make_runner(
    profile: Profile,
    put: Callable[[Parcel], bool],
    say: Callable[[str], None],
    put_call: Callable[[Parcel], bool] | None = None,
) -> Runner | None:
    """None where the profile names nobody to ask. Raises CloudError, CameraError, CommandsError and SafetyError.

    put, put_call: write parcels for the hop process, see `Runner` and `Desk`; without the latter no tools are offered.
    """
    if not profile.cloud.providers:
        return None
    cloud = profile.cloud
    flags, flags_host = _moderation(profile)
    policy = Policy(
        load_rules(cloud.safety_rules),
        cloud.without_words,
        cloud.keep_open_s,
        flags,
        flags_host,
        cloud.moderation.unseen_letters,
    )
    log = ReceiptLog(Path(profile.privacy.receipts or default_path()), say)
    camera, desk = _camera(profile), Desk()
    if cloud.tools and put_call is not None:
        tools = house_tools(load_commands(find_commands(profile.commands)))
        desk = Desk((*tools, LOOK_TOOL) if camera is not None else tools, put_call)
    providers = [_provider(profile, entry, desk.offered) for entry in cloud.providers]
    for _, trouble, cure in key_troubles(profile):
        if trouble:
            say(f"{trouble} {cure[:1].upper()}{cure[1:]}.")
    return Runner(providers, put, policy, log.write, desk=desk, camera=camera)


def _camera(profile: Profile) -> Callable[[], Awaitable[bytes]] | None:
    """Takes a picture in a thread of its own; None where the profile names no camera. Raises CameraError."""
    if not profile.camera.source:
        return None
    return partial(asyncio.to_thread, Camera(profile.camera).take)


def _moderation(profile: Profile) -> tuple[Moderation | None, str]:
    """Who is asked beside the rules, and its host, which gets words and so needs the same leave as a provider's."""
    settings = profile.cloud.moderation
    if not settings.url:
        return None, ""
    check_urls("moderation", ("https", "http"), [settings.url])
    host = _host("moderation", settings.url, profile.privacy.hosts)
    return Moderation(settings.url, settings.model, settings.key_file), host


def _provider(profile: Profile, entry: ProviderProfile, tools: tuple[Tool, ...]) -> Provider:
    first = _config(profile, entry, None, ())
    urls = [url_of(entry.kind, first), *(part.url for part in _parts(entry) or ())]
    hosts = [_host(entry.kind, url, profile.privacy.hosts) for url in urls]

    def make(handle: str | None, history: tuple[Said, ...]) -> CloudSession:
        config = replace(_config(profile, entry, handle, history), tools=tools)
        return make_session(entry.kind, config, parts=_parts(entry))

    make(None, ())  # its faults are the user's to cure, now
    return Provider(entry.kind, " ".join(dict.fromkeys(hosts)), make)


def _config(profile: Profile, entry: ProviderProfile, handle: str | None, history: tuple[Said, ...]) -> SessionConfig:
    return SessionConfig(
        model=entry.model or DEFAULT_MODELS.get(entry.kind, ""),
        url=entry.url,
        key_file=entry.key_file,
        instructions=instructions(profile.cloud.persona, profile.cloud.language),
        language=profile.cloud.language,
        voice=entry.voice,
        tool_model=entry.tool_model,
        turns="provider" if entry.kind == "gpt_live" else "device",
        history=history,
        resume_handle=handle,
        open_timeout_s=OPEN_WITHIN_S,
    )


def _parts(entry: ProviderProfile) -> tuple[Part, Part] | None:
    """Who transcribes and who speaks; the chat's own server where nobody else is named."""
    if entry.kind != "pipeline":
        return None
    return (
        Part(entry.hearing_url or entry.url, entry.hearing_model, entry.key_file),
        Part(entry.speaking_url or entry.url, entry.speaking_model, entry.key_file),
    )


def _host(who: str, url: str, allowed: tuple[str, ...]) -> str:
    host = urlsplit(url).hostname or ""
    if not host:
        raise CloudError(f"cloud provider '{who}' has no host: give it a 'url'")
    if allowed and host not in allowed:
        raise CloudError(
            f"host '{host}' of '{who}' is not in privacy.hosts ({', '.join(allowed)}): add it there, if you mean it"
        )
    return host
