"""`edge-agent cloud-sim`: prints where it is, answers there, and ends when asked."""

import asyncio
import signal
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from edge_agent.cli.main import cli
from edge_agent.link.cloud.base import SessionConfig, TurnDone
from edge_agent.link.cloud.parts import Part
from edge_agent.link.cloud.providers import PROVIDERS, make_session
from edge_agent.link.cloud_sim import run
from edge_agent.link.cloud_sim.stage import Stage, spoken
from tests.link.cloud.talks import ask, of, sound_of, until_done


def test_it_runs_until_it_is_ended_and_answers_with_what_it_was_told_to_say() -> None:
    command = [sys.executable, "-m", "edge_agent", "cloud-sim", "--port", "0", "--say", "Blue.", "--think-ms", "0"]
    with subprocess.Popen([*command, "--fault", "garbage"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()

            async def talk() -> bytes:
                session = make_session("gemini_live", SessionConfig(model="gemini-3.8-live", url=url))
                await session.open()
                await ask(session)
                events = await until_done(session.events())
                await session.close()
                assert session.counters.num_malformed > 0
                assert of(TurnDone, events)[0].reason == "complete"
                return sound_of(events)

            assert asyncio.run(talk()) == spoken("Blue.", 24_000)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_url_it_prints_is_the_one_to_give_to_a_profile(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def once(stage: Stage, provider: str, host: str, port: int, on_ready: Any) -> None:
        place = run.serving_http if provider == "pipeline" else run.serving
        async with place(stage, host=host, port=port) as taken:
            url = run.PATHS[provider].format(host=host, port=taken)
            on_ready(url)
            session = make_session(
                provider, SessionConfig(model="m", url=url), parts=(Part(url, "ears"), Part(url, "tongue"))
            )
            await session.open()
            await session.close()

    monkeypatch.setattr(run, "_serve", once)
    result = CliRunner().invoke(cli, ["cloud-sim", "--provider", provider, "--port", "0"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("http://" if provider == "pipeline" else "ws://")


def test_a_fault_that_is_none_is_refused() -> None:
    result = CliRunner().invoke(cli, ["cloud-sim", "--fault", "rain"])
    assert result.exit_code == 2
    assert "'clock_jump'" in result.output


def test_a_call_that_is_none_is_refused() -> None:
    result = CliRunner().invoke(cli, ["cloud-sim", "--call", "set_timer {minutes: 5}"])
    assert result.exit_code == 2
    assert "set_timer" in result.output
