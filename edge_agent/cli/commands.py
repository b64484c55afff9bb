"""`edge-agent commands check|import`: files of sentence templates."""

from pathlib import Path

import click


@click.group()
def commands() -> None:
    """Check a commands file, or make one."""


@commands.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Read FILE, compile it as the agent would, and say what it holds.

    The first fault (a template that cannot be parsed, is ambiguous with another, or has a word that cannot be
    pronounced) is told with its line, and the exit status is 2.
    """
    from edge_agent.models.commands_report import check_commands

    click.echo(str(check_commands(file)))


@commands.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
def import_(file: Path, output: Path) -> None:
    """Make a commands file from a context.

    FILE is a speech-to-intent context with expressions, slots and macros.
    """
    from edge_agent.models.context_import import import_context

    output.write_text(import_context(file), encoding="utf-8")
    click.echo(f"{output}: written; check it with: edge-agent commands check {output}")
