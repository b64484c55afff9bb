"""Runs the stand-ins until Ctrl-C."""

import asyncio
import contextlib
import signal
from collections.abc import Callable

from edge_agent.link.cloud_sim.http import RATE_HZ, serving_http
from edge_agent.link.cloud_sim.routes import GEMINI_PATH, LIVE_PATH, REALTIME_PATHS
from edge_agent.link.cloud_sim.server import serving
from edge_agent.link.cloud_sim.stage import Stage, spoken
from edge_agent.units import SAMPLE_RATE_HZ

PATHS = {
    "gemini_live": f"ws://{{host}}:{{port}}{GEMINI_PATH}",
    "openai_realtime": f"ws://{{host}}:{{port}}{REALTIME_PATHS[0]}",
    "gpt_live": f"ws://{{host}}:{{port}}{LIVE_PATH}",
    "pipeline": "http://{host}:{port}/v1",
}


def serve_until_stopped(stage: Stage, provider: str, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve; `on_ready` is told the URL. Raises OSError when the port is taken."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(stage, provider, host, port, on_ready))


async def _serve(stage: Stage, provider: str, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    for rate_hz in (SAMPLE_RATE_HZ, RATE_HZ):
        spoken(stage.scene.answer, rate_hz)  # now, so that nobody waits for a voice program within a turn
    place = serving_http if provider == "pipeline" else serving
    async with place(stage, host=host, port=port) as taken:
        on_ready(PATHS[provider].format(host=host, port=taken))
        await stopped.wait()
