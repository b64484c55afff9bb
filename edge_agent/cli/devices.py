"""`edge-agent devices`: microphones and loudspeakers."""

import click


@click.command()
def devices() -> None:
    """List microphones and loudspeakers.

    A name, or a part of one, goes into a profile as audio.device."""
    from edge_agent.doctor import sound_devices
    from edge_agent.errors import AudioError

    found = sound_devices()
    if not found:
        raise AudioError("no sound device: connect one or start the sound server (pulseaudio, pipewire)")
    for device in found:
        mark = "*" if device.is_default else " "
        uses = [
            use
            for use, channels in (
                ("microphone", device.num_capture_channels),
                ("loudspeaker", device.num_playback_channels),
            )
            if channels
        ]
        click.echo(f"{mark} {device.name:<48} {' and '.join(uses)}")
    click.echo("\n* is what 'default' means now")
