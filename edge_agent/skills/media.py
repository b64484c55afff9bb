"""Skills of music and volume."""

from edge_agent.models.numbers import number_words
from edge_agent.skills.reply import Act, House, Outcome, Skill, Slots, number_of, refuse

VOLUME_STEP_PERCENT = 10


def _volume_outcome(house: House, text: str) -> Outcome:
    volume = house.home.volume
    fields = {"percentage": number_words(volume.percent)}
    return Outcome(text, fields, acts=(Act("volume", "", volume.heard_percent),))


def set_volume(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Volume to a percentage; also ends muting."""
    wanted = number_of(slots, "percentage")
    if wanted is None:
        return refuse("Please say the volume in percent.")
    if not 0 <= wanted <= 100:
        return refuse("Volume goes from zero to one hundred percent.")
    volume = house.home.volume
    volume.percent, volume.is_muted = round(wanted), False
    return _volume_outcome(house, f"Volume at {number_words(volume.percent)} percent.")


def _step(house: House, step_percent: int, limit_percent: int, at_limit: str) -> Outcome:
    volume = house.home.volume
    volume.is_muted = False
    if volume.percent == limit_percent:
        return _volume_outcome(house, at_limit)
    volume.percent = min(100, max(0, volume.percent + step_percent))
    return _volume_outcome(house, f"Volume at {number_words(volume.percent)} percent.")


def volume_up(house: House, slots: Slots, at_sample: int) -> Outcome:
    """One step louder."""
    return _step(house, VOLUME_STEP_PERCENT, 100, "That's as loud as it gets.")


def volume_down(house: House, slots: Slots, at_sample: int) -> Outcome:
    """One step quieter."""
    return _step(house, -VOLUME_STEP_PERCENT, 0, "That's as quiet as it gets.")


def mute(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Silence, keeping the volume for later."""
    house.home.volume.is_muted = True
    return _volume_outcome(house, "Muted.")


def unmute(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Back to the volume from before."""
    house.home.volume.is_muted = False
    return _volume_outcome(house, "Sound is back on.")


def _media(text: str, value: str) -> Outcome:
    return Outcome(text, acts=(Act("media", "", value),))


def pause(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Pause; said the same when nothing plays, because the wish is fulfilled."""
    house.home.media.is_playing = False
    return _media("Paused.", "pause")


def resume(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Play on."""
    house.home.media.is_playing = True
    return _media("Playing.", "resume")


def next_track(house: House, slots: Slots, at_sample: int) -> Outcome:
    """One track on."""
    media = house.home.media
    media.is_playing, media.track = True, media.track + 1
    return _media("Next track.", "next")


def previous_track(house: House, slots: Slots, at_sample: int) -> Outcome:
    """One track back, or this one from its beginning."""
    media = house.home.media
    media.is_playing, media.track = True, max(1, media.track - 1)
    return _media("Previous track.", "previous")


SKILLS: dict[str, Skill] = {
    "SetVolume": set_volume,
    "VolumeUp": volume_up,
    "VolumeDown": volume_down,
    "Mute": mute,
    "Unmute": unmute,
    "MediaPause": pause,
    "MediaResume": resume,
    "MediaNext": next_track,
    "MediaPrevious": previous_track,
}
