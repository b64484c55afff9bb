"""`edge-agent replay`: recordings through the same hop code."""

import json
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from edge_agent.cli.options import json_option, profile_option
from edge_agent.event_json import to_json
from edge_agent.events import Event, Summary


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    *("--out", "out_dir"),
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each conversation here: a two-channel WAV (left: microphone, right: agent) and a picture of it.",
)
@click.option("--realtime", is_flag=True, help="As slow as the recording, instead of as fast as possible.")
@json_option()
@click.option("--commands", type=click.Path(), help="Commands file in place of the profile's (docs/commands.md).")
@click.option("--wake", multiple=True, metavar="PHRASE", help="Listen only after this phrase; may be given again.")
@profile_option()
def replay(
    files: tuple[Path, ...],
    out_dir: Path | None,
    realtime: bool,
    as_json: bool,
    commands: str | None,
    wake: tuple[str, ...],
    profile_name: str,
) -> None:
    """Play recordings to the agent and show what it does.

    FILE is WAV, FLAC or Ogg at any rate, width and channel count; each file is a conversation of its own.
    """
    from edge_agent.profile_file import load_profile
    from edge_agent.replay import replay_files

    profile = load_profile(profile_name).with_choices(commands=commands, wake_phrases=wake)
    with _progress(len(files), is_shown=not as_json) as progress:
        on_event = _print_json if as_json else _timeline(progress, len(files))
        replay_files(files, profile=profile, out_dir=out_dir, realtime=realtime, on_event=on_event, on_notice=_notice)
    if out_dir is not None and not as_json:
        click.echo(f"\nconversations (WAV) and timelines (PNG) are in {out_dir}")


def _notice(line: str) -> None:
    click.echo(f"edge-agent: {line}", err=True)


def _print_json(file: str, event: Event) -> None:
    click.echo(json.dumps(to_json(event, file), ensure_ascii=False))


def _timeline(progress: Progress, num_files: int) -> Callable[[str, Event], None]:
    from edge_agent.link.console import TimelinePrinter

    printer = TimelinePrinter(progress.console)
    task = progress.add_task("replaying", total=num_files)

    def show(file: str, event: Event) -> None:
        printer.show(event, file)
        if isinstance(event, Summary):
            progress.advance(task)

    return show


def _progress(num_files: int, is_shown: bool) -> Progress:
    """A bar under the timeline, gone when the work is done; none where nobody watches."""
    console = Console(highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    is_hidden = not (is_shown and console.is_terminal and num_files > 1)
    return Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=is_hidden)
