"""Reactions that need no understanding, each a pure `decide(settings, evidence) -> action` in a file of its own.

They import nothing but events, units and the profile. Thread: hop only.
"""

from dataclasses import dataclass

LONG_AGO_SAMPLE = -(1 << 40)


@dataclass(slots=True)
class Evidence:
    """What the reflexes may look at, filled by the hop once per listener step; one object for the agent's life."""

    at_sample: int = 0
    in_pause: bool = False  # the user has the floor and is silent
    must_go_on: bool = False  # a command has begun and cannot be complete yet
    is_no_command: bool = False  # these words are no command
    silence_ms: float = 0.0
    voiced_ms: float = 0.0
    wait_ms: float = 0.0  # silence that would end the turn now
    num_words: int = 0
    dictates_number: bool = False  # the last word heard is a number: more digits may come
    agent_speaks: bool = False
    heard_ms: float = 0.0  # how much of the agent's sound has been played
    overlap_ms: float = 0.0  # voiced time of the user while the agent spoke
    can_make_sound: bool = True  # the agent would not hear itself
    last_nod_sample: int = LONG_AGO_SAMPLE
    last_back_channel_sample: int = LONG_AGO_SAMPLE
    last_filler_sample: int = LONG_AGO_SAMPLE
