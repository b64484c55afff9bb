"""`edge-agent doctor`: what this machine has and lacks."""

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge_agent.cli.options import profile_option

MARKS = {"good": "[green]✓[/]", "lacking": "[yellow]·[/]", "missing": "[bold red]✗[/]"}


@click.command()
@profile_option()
@click.pass_context
def doctor(context: click.Context, profile_name: str) -> None:
    """Say what this machine has and lacks.

    Sound, models, runtimes, voices and real-time rights, each lack with its cure.

    The exit status is 1 when something is missing without which the agent cannot run live.
    """
    from edge_agent.doctor import examine
    from edge_agent.profile_file import load_profile

    profile = load_profile(profile_name)
    table = Table("", "area", "found", "cure", box=None, pad_edge=False)
    console = Console(highlight=False)
    with console.status("looking at this machine ..."):
        findings = list(examine(profile))
    for finding in findings:
        table.add_row(MARKS[finding.grade], finding.area, escape(finding.what), escape(finding.cure))
    console.print(table)
    is_ill = any(finding.grade == "missing" for finding in findings)
    console.print("\nnot ready to run live" if is_ill else "\nready: edge-agent run")
    context.exit(1 if is_ill else 0)
