"""`edge-agent cloud-sim`: a stand-in for the cloud, on this machine."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from edge_agent.errors import CloudError

PROVIDERS = ("gemini_live", "openai_realtime", "gpt_live", "pipeline")
FAULTS = (
    *("drop", "half_open", "close_1011", "go_away", "slow_pong", "empty_turn", "garbage", "wrong_order", "oversize"),
    *("tls", "clock_jump"),
)


def _call(context: click.Context, option: click.Parameter, text: str | None) -> tuple[str, Mapping[str, Any]] | None:
    """NAME {"argument": value, ...} as a call of a tool."""
    if text is None:
        return None
    name, _, arguments = text.partition(" ")
    try:
        values = json.loads(arguments or "{}")
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise click.BadParameter("""write NAME {"argument": value}, as in: set_timer {"minutes": 5}""")
    return name, values


@click.command("cloud-sim")
@click.option("--provider", type=click.Choice(PROVIDERS), default="gemini_live", show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8765, show_default=True, help="0: any that is free.")
@click.option("--fault", "faults", type=click.Choice(FAULTS), multiple=True, help="Goes wrong once, in this order.")
@click.option("--say", metavar="TEXT", help="The answer, instead of one that says that it is simulated.")
@click.option("--call", callback=_call, metavar="TOOL", help='Calls it in each turn, as in: set_timer {"minutes": 5}')
@click.option("--think-ms", type=click.IntRange(0, 60_000), default=300, show_default=True, help="Before it answers.")
@click.option("--session-s", type=click.FloatRange(1), default=600.0, show_default=True, help="Then it closes.")
def cloud_sim(
    provider: str,
    host: str,
    port: int,
    faults: tuple[str, ...],
    say: str | None,
    call: tuple[str, Mapping[str, Any]] | None,
    think_ms: int,
    session_s: float,
) -> None:
    """Answer as a cloud model would, without one.

    No key, no network, the same spoken answer each time. It prints its URL, to be given to a profile, and runs until
    Ctrl-C.
    """
    from edge_agent.link.cloud_sim.faults import FAULTS as KNOWN
    from edge_agent.link.cloud_sim.faults import FaultPlan
    from edge_agent.link.cloud_sim.run import serve_until_stopped
    from edge_agent.link.cloud_sim.stage import Scene, Stage

    scene = Scene(think_s=think_ms / 1000, session_s=session_s, notice_s=min(10.0, session_s / 2), call=call)
    if say:
        scene = replace(scene, answer=say)
    plan = FaultPlan(fault for name in faults for fault in KNOWN if fault == name)
    try:
        serve_until_stopped(Stage(scene, plan), provider, host, port, click.echo)
    except OSError as error:
        reason = str(error.strerror).rpartition(": ")[2]  # asyncio says the address again before it
        raise CloudError(f"{host}:{port} cannot be listened on ({reason}); choose another --port or --host") from None
