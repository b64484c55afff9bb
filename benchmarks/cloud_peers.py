"""Faults of a cloud model, met by peers' own clients and by this agent, in front of the same stand-in servers.

    python -m benchmarks.cloud_peers --peer-python PYTHON [--clients livekit-gemini ...] [--append]

All clients in one run, one after the other, each with a server of its own that makes the same faults; at the end a
table. PYTHON has pipecat-ai, livekit-agents and livekit's plugins for google and openai. Every 4 s a question is
asked; every other one meets a fault. Counted: faults after which the *next* question was answered whole, with nobody
mending the client, and questions that were answered whole although they met the fault themselves. Turns are detected
by the server for the peers, by this agent for itself; it also speaks when no answer comes, which the peers leave to
their user.

A client that did not answer the next question is started anew for the faults that are left.
"""

import argparse
import asyncio
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import trustme

from benchmarks import results
from benchmarks.offload_rig import HOP_S, Rig
from edge_agent.link.choosing import Provider
from edge_agent.link.cloud.base import CloudSession, Said, SessionConfig
from edge_agent.link.cloud.providers import make_session
from edge_agent.link.cloud_sim.faults import FAULTS, Fault
from edge_agent.link.cloud_sim.routes import GEMINI_PATH
from edge_agent.link.cloud_sim.server import serving
from edge_agent.link.cloud_sim.stage import Scene, Stage, spoken

PEER = Path(__file__).with_name("cloud_peer.py")
PEERS = ("livekit-gemini", "livekit-openai", "pipecat-gemini", "pipecat-openai")
OURS = ("edge-agent-gemini", "edge-agent-openai")
PERIOD_S = 4.0
SPEECH_S = 0.8
WHOLE = 0.98
SCENE = Scene(answer="It is far.", think_s=0.3, is_strange=False, slow_pong_s=2.0)
# a server cannot make a name unknown, and a failing handshake needs a connection that has ended
MET: dict[Fault, tuple[Fault, ...]] = {"tls": ("drop", "tls")}
SCRIPT = [MET.get(fault, (fault,)) for fault in FAULTS if fault != "dns"]


class Outcome:
    """What became of one client."""

    def __init__(self) -> None:
        self.answered_next: list[str] = []
        self.not_answered_next: list[str] = []
        self.answered_itself: list[str] = []

    def add(self, faults: tuple[Fault, ...], itself: bool, following: bool) -> None:
        """One fault: whether the question that met it was answered, and the next one."""
        (self.answered_next if following else self.not_answered_next).append(faults[-1])
        self.answered_itself += [faults[-1]] if itself else []

    def figure(self, client: str) -> dict[str, Any]:
        """For the list of results."""
        return {
            "benchmark": "cloud_peers",
            "client": client,
            "num_faults": len(SCRIPT),
            "next_question_answered": len(self.answered_next),
            "same_question_answered": len(self.answered_itself),
            "next_not_answered": self.not_answered_next,
        }


class Server:
    """One stand-in for one client, which speaks encrypted where that client's protocol knows nothing else."""

    def __init__(self, client: str) -> None:
        self.is_gemini = client.endswith("gemini")  # its SDK speaks encrypted only
        self.authority = trustme.CA()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("localhost").configure_cert(self._context)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[tuple[Stage, int]]:
        """A fresh one, its faults to be added: (stage, port)."""
        stage = Stage(SCENE)
        host = "localhost" if self.is_gemini else "127.0.0.1"
        async with serving(stage, host=host, tls=self._context if self.is_gemini else None) as port:
            yield stage, port


@asynccontextmanager
async def _peer(python: Path, client: str, port: int, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    arguments = (client, str(port), str(folder / "ca.pem"), str(folder / "voice.raw"), str(2 * len(SCRIPT) + 1))
    process = await asyncio.create_subprocess_exec(
        str(python),
        str(PEER),
        *arguments,
        str(PERIOD_S),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _was_answered(process: asyncio.subprocess.Process) -> bool:
    """Whether the question before the peer's next line was answered whole; False when the peer has ended."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    heard = json.loads(line) if line else {"heard_bytes": 0}
    return bool(heard["heard_bytes"] >= WHOLE * len(spoken(SCENE.answer, 24_000)))


async def measure_peer(python: Path, client: str) -> Outcome:
    """One peer's client through all faults."""
    outcome, left, server = Outcome(), list(SCRIPT), Server(client)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server.authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        (folder / "voice.raw").write_bytes(spoken("how far is it from here to the moon", 16_000))
        while left:
            async with server.serve() as (stage, port), _peer(python, client, port, folder) as process:
                await _was_answered(process)  # whatever it said at its beginning
                if not await _was_answered(process):
                    raise SystemExit(f"{client} does not answer even without a fault")
                while left:
                    faults = left.pop(0)
                    for fault in faults:
                        stage.faults.add(fault)
                    itself, following = await _was_answered(process), await _was_answered(process)
                    outcome.add(faults, itself, following)
                    if not following:
                        break
    return outcome


async def measure_ours(client: str) -> Outcome:
    """The runner of this agent through all faults."""
    outcome, server = Outcome(), Server(client)
    async with server.serve() as (stage, port):
        rig = Rig([Provider("ours", "localhost", _session_maker(server, port))])
        try:
            await _ask(rig)
            for faults in SCRIPT:
                for fault in faults:
                    stage.faults.add(fault)
                itself, following = await _ask(rig), await _ask(rig)
                outcome.add(faults, itself, following)
        finally:
            await rig.close()
    return outcome


def _session_maker(server: Server, port: int) -> Callable[[str | None, tuple[Said, ...]], CloudSession]:
    context = ssl.create_default_context()
    server.authority.configure_trust(context)
    kind, url = "openai_realtime", f"ws://127.0.0.1:{port}/v1/realtime"
    if server.is_gemini:
        kind, url = "gemini_live", f"wss://localhost:{port}{GEMINI_PATH}"

    def make(handle: str | None, history: tuple[Said, ...]) -> CloudSession:
        config = SessionConfig("simulated", url=url, resume_handle=handle, history=history)
        return make_session(kind, config, tls=context)

    return make


async def _ask(rig: Rig) -> bool:
    await rig.speak(SPEECH_S)
    rig.ask()
    for _ in range(round((PERIOD_S - SPEECH_S) / HOP_S)):
        await rig.tick()
    is_answered = bool(rig.receipts) and rig.receipts[-1].outcome == "answered"
    rig.receipts.clear()
    return is_answered


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer-python", type=Path, required=True, help="a Python that has the peers")
    parser.add_argument("--clients", nargs="*", default=[*OURS, *PEERS], choices=[*OURS, *PEERS])
    parser.add_argument("--append", action="store_true", help="keep the figures in results.jsonl")
    options = parser.parse_args()
    began = datetime.now(timezone.utc).isoformat(timespec="seconds")
    figures = []
    for client in options.clients:
        measuring = measure_ours(client) if client in OURS else measure_peer(options.peer_python, client)
        figure = asyncio.run(measuring).figure(client) | {"run": began}
        figures.append(figure)
        print(json.dumps(results.append(figure) if options.append else figure), flush=True)
    print("\n".join(_table(figures)))


def _table(figures: list[dict[str, Any]]) -> list[str]:
    lines = [f"| of {len(SCRIPT)} faults | next question answered | the same one | not after |", "|---|---|---|---|"]
    for figure in figures:
        after = ", ".join(figure["next_not_answered"])
        counts = f"{figure['next_question_answered']} | {figure['same_question_answered']}"
        lines.append(f"| {figure['client']} | {counts} | {after} |")
    return lines


if __name__ == "__main__":
    main()
