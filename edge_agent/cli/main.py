"""The group of all commands, and the rule that a user's error is one line and exit status 2."""

from typing import Any

import click

from edge_agent import __version__
from edge_agent.cli.cloud_sim import cloud_sim
from edge_agent.cli.commands import commands
from edge_agent.cli.devices import devices
from edge_agent.cli.doctor import doctor
from edge_agent.cli.models import models
from edge_agent.cli.mute import mute, unmute
from edge_agent.cli.privacy import privacy
from edge_agent.cli.replay import replay
from edge_agent.cli.run import run
from edge_agent.errors import EdgeAgentError


class Refusal(click.ClickException):
    """An error that is the user's to cure."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(f"edge-agent: {self.message}", err=True)


class OneLineErrors(click.Group):
    """Turns what a user can cure into one line; a traceback is left for what only a programmer can."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EdgeAgentError as error:
            raise Refusal(" ".join(str(error).split())) from None
        except BrokenPipeError:
            raise
        except OSError as error:
            cure = "check the path, and that you may use it"
            raise Refusal(f"{error.filename or 'the system'}: {error.strerror or error}; {cure}") from None


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def cli() -> None:
    """A voice agent that lives on this machine: it listens, reacts while you speak, and carries out
    household commands without a network.

    \b
    edge-agent doctor                     what this machine has and lacks
    edge-agent run                        live, on the default microphone and loudspeaker
    edge-agent replay recording.wav       the same over a recording, faster than real time
    """


for command in (run, replay, doctor, devices, models, commands, privacy, mute, unmute, cloud_sim):
    cli.add_command(command)
