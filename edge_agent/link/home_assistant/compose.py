"""From the profile to the Home Assistant that is used."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from edge_agent.link.cloud import wire
from edge_agent.link.cloud.wire import Address, Wire, WireRefused
from edge_agent.link.home_assistant.names import known_names
from edge_agent.link.home_assistant.provider import HomeAssistant, Place
from edge_agent.link.home_assistant.reach import find_token, host_of, leads_home, socket_url
from edge_agent.link.receipts import ReceiptLog, default_path
from edge_agent.models.commands import find_commands, load_commands
from edge_agent.parcels import Parcel
from edge_agent.profile import Profile

PING_INTERVAL_S = 20.0
PING_TIMEOUT_S = 20.0


def make_home_assistant(
    profile: Profile, put: Callable[[Parcel], bool], say: Callable[[str], None]
) -> HomeAssistant | None:
    """None where the profile names none. Raises HomeError and CommandsError. put, say: see `HomeAssistant`."""
    settings = profile.home_assistant
    if not settings.url:
        return None
    host = host_of(profile)
    place = Place(
        address=Address(socket_url(profile), ping_interval_s=PING_INTERVAL_S, ping_timeout_s=PING_TIMEOUT_S),
        host=host,
        token=find_token(profile),
        known=known_names(load_commands(find_commands(profile.commands))),
        entities={name: entity.model_dump(exclude_defaults=True) for name, entity in settings.entities.items()},
    )
    log = ReceiptLog(Path(profile.privacy.receipts or default_path()), say)

    async def connect(address: Address) -> Wire:
        # before the token is sent to whoever answers to the name
        if host not in profile.privacy.hosts and not await asyncio.to_thread(leads_home, host):
            raise WireRefused("refused", f"'{host}' leads out of the home network")
        return await wire.connect(address)

    return HomeAssistant(place, connect, put, log.write, say)
