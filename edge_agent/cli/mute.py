"""`edge-agent mute` and `edge-agent unmute`: the microphone's switch."""

from pathlib import Path

import click

from edge_agent.cli.options import profile_option


@click.command()
@profile_option()
def mute(profile_name: str) -> None:
    """Turn the microphone off, until `edge-agent unmute`.

    Nothing is heard and nothing leaves. An agent that runs says so within a second; one that is started later stays
    muted.
    """
    click.echo(f"microphone off: {_move(profile_name, off=True)}")


@click.command()
@profile_option()
def unmute(profile_name: str) -> None:
    """Turn the microphone on again."""
    click.echo(f"microphone on: {_move(profile_name, off=False)}")


def _move(profile_name: str, *, off: bool) -> Path:
    from edge_agent.processes.switch import default_path, move
    from edge_agent.profile_file import load_profile

    path = Path(load_profile(profile_name).privacy.switch or default_path())
    move(path, off)
    return path
