"""Skills of the talk itself: stop, cancel, never mind, repeat, yes, no."""

from edge_agent.skills.reply import Act, House, Outcome, Skill, Slots

_NOTHING_ASKED = "I did not ask anything."


def stop(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Silence: the agent's own voice, a ringing timer, the music."""
    acts = [Act("stop_speaking")]
    if house.timers.silence():
        acts.append(Act("stop_alarm"))
    elif house.home.media.is_playing:
        house.home.media.is_playing = False
        acts.append(Act("media", "", "pause"))
    return Outcome("Okay.", is_done=False, acts=tuple(acts))


def cancel(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Drop the question that is open, or silence what rings."""
    acts = (Act("stop_alarm"),) if house.timers.silence() else ()
    return Outcome("Okay, cancelled." if house.on_yes else "Okay.", is_done=False, acts=(Act("stop_speaking"), *acts))


def never_mind(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Let it be."""
    return Outcome("No problem.", acts=(Act("stop_speaking"),))


def repeat(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Say the last reply once more; an open question stays open."""
    if not house.last_reply:
        return Outcome("I have not said anything yet.", is_done=False)
    return Outcome(house.last_reply, is_done=False, on_yes=house.on_yes)


def yes(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Carry out what was asked about."""
    if house.on_yes is None:
        return Outcome(_NOTHING_ASKED, is_done=False)
    return house.on_yes()


def no(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Leave what was asked about as it is."""
    return Outcome("Okay." if house.on_yes else _NOTHING_ASKED, is_done=False)


SKILLS: dict[str, Skill] = {
    "Stop": stop,
    "Cancel": cancel,
    "Nevermind": never_mind,
    "Repeat": repeat,
    "Yes": yes,
    "No": no,
}
