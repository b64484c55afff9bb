"""Pure decisions that need no understanding: when a voice begins and a turn ends, and how the agent reacts.

Each reaction is a `decide(settings, evidence) -> action` in a file of its own.
They import nothing but events, units and the profile. Thread: hop only.
"""

from dataclasses import dataclass

LONG_AGO_SAMPLE = -(1 << 40)


@dataclass(slots=True)
class Evidence:
    """What the reflexes may look at, filled by the hop once per listener step; one object for the agent's life."""

    at_sample: int = 0
    is_listening: bool = False  # the user has the floor
    is_silent: bool = False  # and is silent
    is_preparing: bool = False  # the agent has something to say that is not sound yet
    preparing_ms: float = 0.0  # for so long now
    must_go_on: bool = False  # a command has begun and cannot be complete yet
    is_no_command: bool = False  # these words are no command
    silence_ms: float = 0.0  # since the user's last voiced sample, of this turn or the one before
    last_voiced_sample: int = LONG_AGO_SAMPLE
    low_until_sample: int = LONG_AGO_SAMPLE  # end of the last stretch of low pitch
    last_active_sample: int = LONG_AGO_SAMPLE  # somebody spoke
    voiced_ms: float = 0.0
    wait_ms: float = 0.0  # silence that would end the turn now
    p_end: float = 0.0  # that the user has ended, by the sound alone; 0 where the listener does not tell
    num_words: int = 0
    dictates_number: bool = False  # the last word heard is a number: more digits may come
    agent_speaks: bool = False
    can_make_sound: bool = True  # the agent would not hear itself
    last_nod_sample: int = LONG_AGO_SAMPLE
    last_back_channel_sample: int = LONG_AGO_SAMPLE
    last_filler_sample: int = LONG_AGO_SAMPLE
    last_acknowledge_sample: int = LONG_AGO_SAMPLE
