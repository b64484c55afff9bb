"""Run in a network namespace of its own: in each state open questions, and how many packets they made: a line each.

Usage: unshare --map-root-user --net python -m tests.link.packets STATE ...
"""

import select
import socket
import subprocess
import sys
import tempfile
import time
from typing import get_args

from edge_agent.egress import Gate, State
from edge_agent.processes.linked import linked
from edge_agent.profile import CloudProfile, PrivacyProfile, Profile, ProviderProfile
from edge_agent.ring import MessageRing
from tests.dialogue.fakes import Dialogue, Said

ALL_PROTOCOLS = 3
SCRIPT = [
    Said(1.0, "ask the cloud", "AskCloud"),
    Said(5.0, "why is the sky so blue today", None),
    Said(11.0, "yes", "Yes"),
    Said(15.0, "and why is the grass so green", None),
]
STARTS_WITHIN_S = 60.0  # on a busy machine
SETTLES_S = 1.0  # to do what it must not, once it has all that it is given


def count_packets(state: State) -> int:
    """A dialogue with the gate in that state, and with a link process that would connect."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    provider = ProviderProfile(kind="gemini_live", url="ws://127.0.0.1:9/BidiGenerateContent")
    privacy = PrivacyProfile(state=state, receipts=f"{tempfile.mkdtemp()}/receipts.jsonl")
    profile = Profile(name="test", privacy=privacy, cloud=CloudProfile(providers=(provider,)))
    with capture, linked(profile) as channels:
        channels.events.send(b"{}")
        wait_until_taken(channels.events)
        gate = Gate(state, channels.offload, profile.cloud.client)
        Dialogue(SCRIPT, profile=profile, gate=gate, answers=channels.answers).run(25.0)
        wait_until_taken(channels.offload)
        time.sleep(SETTLES_S)
        num_packets = 0
        while select.select([capture], [], [], 0)[0]:
            capture.recv(1 << 16)
            num_packets += 1
        return num_packets


def wait_until_taken(ring: MessageRing) -> None:
    """The link process is at work."""
    ends_s = time.monotonic() + STARTS_WITHIN_S
    while not ring.is_empty:
        if time.monotonic() > ends_s:
            raise TimeoutError("the link process does not start")
        time.sleep(0.05)


if __name__ == "__main__":
    states = {name: name for name in get_args(State)}
    for name in sys.argv[1:]:
        print(count_packets(states[name]))
