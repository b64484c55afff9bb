"""Keys of cloud services: where they are found, where they may go, and how they are kept out of what people read.

A key comes from a file or the environment, never from a profile. A key that belongs to a vendor is sent to that
vendor's hosts only; a server elsewhere gets only a key that was given for it.
"""

import os
import re
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

MAX_KEY_BYTES = 4_096
_MAX_REASON_CHARACTERS = 300
_OWN_SERVER = "edge_agent_cloud_key"
_VENDORS = {  # host suffix -> names of its key: a file in $CREDENTIALS_DIRECTORY, or a variable in capitals
    "googleapis.com": ("gemini_api_key", "google_api_key"),
    "openai.com": ("openai_api_key",),
}
# what keys look like, for those that are not ours: a provider may quote what it was sent, partly masked
_LIKE_A_KEY = re.compile(r"\b(sk-|AIza|auth_tokens/|Bearer\s+)[\w.*~+/=-]+", re.IGNORECASE)


def find_key(url: str, key_file: str = "") -> SecretStr | None:
    """The key for a server; None when there is none. `key_file`: read instead of everything else."""
    return find_secret(key_names(url), key_file)


def find_secret(names: Iterable[str], key_file: str = "") -> SecretStr | None:
    """What one of these files in $CREDENTIALS_DIRECTORY holds, or these variables, in capitals; or only `key_file`."""
    if key_file:
        return _read(Path(key_file))
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    for name in names:
        found = (_read(Path(folder) / name) if folder else None) or _as_key(os.environ.get(name.upper(), ""))
        if found is not None:
            return found
    return None


def key_names(url: str) -> tuple[str, ...]:
    """Names under which the key for this server is looked for."""
    host = urlsplit(url).hostname or ""
    for suffix, names in _VENDORS.items():
        if host == suffix or host.endswith(f".{suffix}"):
            return names
    return (_OWN_SERVER,)


def needs_key(url: str) -> bool:
    """True for a vendor's server; one at home may do without."""
    return key_names(url) != (_OWN_SERVER,)


def may_carry_key(url: str) -> bool:
    """False where others could read the key on its way: unencrypted, and not to this machine."""
    parts = urlsplit(url)
    return parts.scheme in ("wss", "https") or is_this_machine(parts.hostname or "")


def is_this_machine(host: str) -> bool:
    """True for a loopback name or address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def scrub(reason: str, key: SecretStr | None) -> str:
    """A provider's own words, fit for a log: without keys, in one line, of bounded length."""
    if key is not None and key.get_secret_value():
        reason = reason.replace(key.get_secret_value(), "***")
    reason = _LIKE_A_KEY.sub("***", reason)
    return "".join(c if c.isprintable() else " " for c in reason)[:_MAX_REASON_CHARACTERS].strip()


def _read(path: Path) -> SecretStr | None:
    try:
        with path.open("rb") as file:
            return _as_key(file.read(MAX_KEY_BYTES).decode("ascii", "replace"))
    except OSError:
        return None


def _as_key(text: str) -> SecretStr | None:
    """A key goes into a header: printable ASCII without spaces, or it is none."""
    text = text.strip()
    return SecretStr(text) if text and all("!" <= character <= "~" for character in text) else None
