"""A link process of one's own: at work when it is handed out, and loud about why not."""

import asyncio
import time

import pytest

from benchmarks.offload_rig import HOP_S, HopSide
from edge_agent.errors import CloudError
from edge_agent.link.cloud_sim.routes import GEMINI_PATH
from edge_agent.link.cloud_sim.server import serving
from edge_agent.link.cloud_sim.stage import Scene, Stage
from edge_agent.parcels import Piece, unpack
from edge_agent.processes.linked import linked
from edge_agent.profile import CloudProfile, PrivacyProfile, Profile, ProviderProfile

ANSWERED_WITHIN_S = 20.0  # on a busy machine


def profile(url: str, folder: str) -> Profile:
    provider = ProviderProfile(kind="gemini_live", url=url)
    privacy = PrivacyProfile(state="on", receipts=f"{folder}/receipts.jsonl")
    return Profile(name="test", privacy=privacy, cloud=CloudProfile(providers=(provider,)))


def test_a_question_in_the_first_moment_is_answered(tmp_path: object) -> None:
    async def scene() -> int:
        async with serving(Stage(Scene(answer="Yes.", think_s=0.1))) as port:
            return await asyncio.to_thread(_ask, f"ws://127.0.0.1:{port}{GEMINI_PATH}", str(tmp_path))

    assert asyncio.run(scene()) > 0


def _ask(url: str, folder: str) -> int:
    """Bytes of the answer."""
    with linked(profile(url, folder)) as channels:
        assert channels.link_ready.count == 1
        side = HopSide("on", channels.offload, channels.answers)
        for _ in range(80):
            side.step(user_speaks=True)
        assert side.ask()
        end_s = time.monotonic() + ANSWERED_WITHIN_S
        while time.monotonic() < end_s:
            message = channels.answers.receive()
            parcel = unpack(message) if message is not None else None
            if isinstance(parcel, Piece):
                return len(parcel.pcm16)
            time.sleep(HOP_S)
        return 0


def test_a_link_process_that_cannot_begin_is_an_error_at_once(tmp_path: object) -> None:
    wrong = profile("ws://127.0.0.1:1/x", str(tmp_path))
    rules = wrong.cloud.model_copy(update={"safety_rules": "none_such"})
    with (
        pytest.raises(CloudError, match=r"status 2"),
        linked(wrong.model_copy(update={"cloud": rules})),
    ):
        pass
