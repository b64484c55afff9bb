"""Where Home Assistant is: from the profile, checked; and whether it can be reached (for `edge-agent doctor`).

It must be at home: a name or an address that no stranger can have, unless `privacy.hosts` names it.
"""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from edge_agent.errors import HomeError
from edge_agent.link.cloud.keys import find_secret
from edge_agent.profile import Profile

TOKEN_NAMES = ("home_assistant_token",)
ASK_WITHIN_S = 3.0
HOME_SUFFIXES = (".local", ".lan", ".home", ".internal", ".home.arpa", ".fritz.box")


def host_of(profile: Profile) -> str:
    """The host that was configured. Raises HomeError for one that is not at home, or no URL."""
    url = profile.home_assistant.url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_good = parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:
        host, is_good = "", False
    if not is_good:
        raise HomeError(f"home_assistant.url '{url}' is no URL: write http://HOST:8123")
    if not is_at_home(host) and host not in profile.privacy.hosts:
        raise HomeError(
            f"home_assistant.url: '{host}' is not on the home network; if you mean it, add it to privacy.hosts"
        )
    return host


def is_at_home(host: str) -> bool:
    """A private address, or a name that only a home network knows."""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(HOME_SUFFIXES)
    return address.is_private or address.is_link_local


def leads_home(host: str) -> bool:
    """Whether a name's addresses are all private; True where it has none. Asks the name server: not in a loop."""
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return True
    return all(is_at_home(str(entry[4][0]).partition("%")[0]) for entry in found)


def find_token(profile: Profile) -> SecretStr:
    """From a file or the environment, never from a profile. Raises HomeError."""
    token = find_secret(TOKEN_NAMES, profile.home_assistant.token_file)
    if token is None:
        where = profile.home_assistant.token_file or "HOME_ASSISTANT_TOKEN"
        raise HomeError(f"no token for Home Assistant in {where}: make a long-lived access token in your profile there")
    return token


def socket_url(profile: Profile) -> str:
    """Of its WebSocket API."""
    base = profile.home_assistant.url.rstrip("/")
    return f"ws{base.removeprefix('http')}/api/websocket"


def ask_whether_there(profile: Profile) -> str:
    """By the REST API: empty, or what is wrong, with the cure after '; '. Waits a few seconds at most."""
    try:
        host_of(profile)
        token = find_token(profile)
    except HomeError as error:
        what, _, cure = str(error).rpartition(": ")
        return f"{what}; {cure}"
    url = f"{profile.home_assistant.url.rstrip('/')}/api/"
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
    try:
        status = httpx.get(url, headers=headers, timeout=ASK_WITHIN_S, trust_env=False).status_code
    except httpx.HTTPError as error:
        return f"nobody answers at {url} ({error.__class__.__name__}); check home_assistant.url, and that it runs"
    if status in (401, 403):
        return "it does not accept the token; make a new long-lived access token in your profile there"
    return "" if status == 200 else f"{url} answers with status {status}; check home_assistant.url"
