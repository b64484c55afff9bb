"""`edge-agent privacy`: what left the device."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge_agent.cli.options import profile_option


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per turn and line.")
@profile_option()
def privacy(as_json: bool, profile_name: str) -> None:
    """Show what sound left this machine, and why.

    When, how much, and to which host. Nothing is shown where nothing ever left. The log holds no sound and no words.
    """
    from edge_agent.link.receipts import default_path, read_receipts
    from edge_agent.profile_file import load_profile

    profile = load_profile(profile_name)
    path = Path(profile.privacy.receipts or default_path())
    receipts = list(read_receipts(path)) if path.is_file() else []
    if as_json:
        for receipt in receipts:
            click.echo(json.dumps(receipt))
        return
    console = Console(highlight=False)
    console.print(f"profile {escape(profile.name)}: privacy.state is [bold]{profile.privacy.state}[/]")
    if not receipts:
        console.print(f"no sound has left this machine (no receipts in {escape(str(path))})", soft_wrap=True)
        return
    console.print(_table(receipts))
    console.print(
        f"{len(receipts)} turns, {sum(map(_sent_ms, receipts)) / 1000:.1f} s of sound; log: {escape(str(path))}"
    )


def _table(receipts: list[dict[str, Any]]) -> Table:
    table = Table("when", "why", "by whose leave", "to", "sound", "before speech", "then", box=None, pad_edge=False)
    for receipt in receipts:
        hosts = "\n".join(escape(str(host)) for host in receipt.get("hosts", {}))
        table.add_row(
            escape(str(receipt["at"])[:19].replace("T", " ")),
            escape(str(receipt.get("purpose", "")).replace("_", " ")),  # may be broken there
            escape(str(receipt.get("consent", ""))),
            hosts,
            f"{_sent_ms(receipt) / 1000:.2f} s{_beside(receipt)}",
            f"{float(receipt.get('pre_roll_ms', 0)):.0f} ms",
            escape(str(receipt.get("outcome", ""))),
        )
    return table


def _beside(receipt: dict[str, Any]) -> str:
    """What left beside sound."""
    num_bytes, num_pictures = int(receipt.get("sent_bytes", 0)), int(receipt.get("num_pictures", 0))
    if not num_bytes:
        return ""
    pictures = f"{num_pictures} picture{'s' * (num_pictures > 1)}, " if num_pictures else ""
    return f" + {pictures}{num_bytes / 1000:.1f} kB"


def _sent_ms(receipt: dict[str, Any]) -> float:
    return float(sum(receipt.get("hosts", {}).values()))
