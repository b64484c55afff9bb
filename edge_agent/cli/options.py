"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

from edge_agent.profile_file import DEFAULT_PROFILE

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def profile_option() -> Decorator:
    return click.option(
        "--profile",
        "profile_name",
        metavar="NAME|FILE",
        default=DEFAULT_PROFILE,
        show_default=True,
        help="Machine and character: a shipped profile's name or a YAML file (see docs/profiles.md).",
    )


def json_option() -> Decorator:
    return click.option("--json", "as_json", is_flag=True, help="One JSON object per event and line (docs/events.md).")
