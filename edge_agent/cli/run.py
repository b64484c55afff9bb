"""`edge-agent run`: live."""

from pathlib import Path

import click

from edge_agent.cli.options import json_option, profile_option


@click.command()
@profile_option()
@json_option()
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append every event to this file, as JSON (docs/privacy.md).",
)
@click.pass_context
def run(context: click.Context, profile_name: str, as_json: bool, log: Path | None) -> None:
    """Listen and answer, live, until Ctrl-C.

    Nothing is kept on disk unless --log asks for it, and no sound leaves this machine unless the profile allows it
    (docs/privacy.md).
    """
    from edge_agent.processes.supervisor import Supervisor

    if log is not None:
        log.open("a", encoding="utf-8").close()  # the process that writes it could tell nobody what is wrong with it
    context.exit(Supervisor(profile_name, as_json=as_json, log=log).run())
