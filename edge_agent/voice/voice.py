"""The agent's voice: the clip bank where it knows all the words, else an installed text-to-speech program.

Thread: `say` and `clip` in one thread at a time; `VoiceAhead` (ahead.py) keeps slow programs out of the hop.
"""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from edge_agent.units import db_to_gain
from edge_agent.voice.base import Engine, Samples
from edge_agent.voice.clips import DATA, ClipBank
from edge_agent.voice.espeak import Espeak
from edge_agent.voice.flite import Flite
from edge_agent.voice.piper import Piper

MAX_CACHED = 24
NO_VOICE = "no_voice"
_LEVELS_DB = {"back_channel": -6.0, "filler": -3.0}  # beside the user's speech, not over it


def installed_engines() -> list[Engine]:
    """Text-to-speech programs of this machine, the clip bank's own voice first."""
    programs: list[Engine] = [Flite(), Espeak(), Piper()]
    return [program for program in programs if program.is_available]


class Voice:
    """Turns texts into sound, and hands out reflex clips in turn."""

    def __init__(self, bank: ClipBank | None = None, engines: Sequence[Engine] | None = None) -> None:
        """Opens the shipped bank and finds programs unless they are given. Raises VoiceError for a bad bank."""
        self._bank = bank if bank is not None else ClipBank()
        self._banks = (self._bank,) if bank is not None else (self._bank, ClipBank(DATA / "consent"))
        self._engines = list(installed_engines() if engines is None else engines)
        self._recent: OrderedDict[str, Samples] = OrderedDict()
        self._reflexes = {kind: self._variants(kind) for kind in self._bank.reflex_kinds}
        self._turn = dict.fromkeys(self._reflexes, 0)

    @property
    def engine_names(self) -> tuple[str, ...]:
        """Who speaks, in the order in which they are asked."""
        return (self._bank.name, *(engine.name for engine in self._engines))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds that `clip` knows."""
        return tuple(self._reflexes)

    def say(self, text: str) -> Samples:
        """Sound of a reply, float32 at 16 kHz, not to be changed; empty for an empty text.

        When nobody can say it, a short clip that says just that.
        """
        if not text.strip():
            return self._silence
        known = self._recent.get(text)
        if known is not None:
            self._recent.move_to_end(text)
            return known
        sound = self._speak(text)
        if sound is None:
            return self.clip(NO_VOICE)[1]
        self._recent[text] = sound
        if len(self._recent) > MAX_CACHED:
            self._recent.popitem(last=False)
        return sound

    def can_say(self, text: str) -> bool:
        """True when the text itself will be heard, not the clip that stands in."""
        return text in self._recent or any(bank.covers(text) for bank in self._banks) or bool(self._engines)

    def clip(self, kind: str) -> tuple[str, Samples]:
        """(what is said, its sound) of a kind, another variant than the last time. Raises KeyError for an unknown kind.

        kinds: back_channel, filler, acknowledge (words), tone, alarm (no words), no_cloud, not_understood, no_voice.
        """
        variants = self._reflexes[kind]
        place = self._turn[kind]
        self._turn[kind] = (place + 1) % len(variants)
        return variants[place]

    def _variants(self, kind: str) -> list[tuple[str, Samples]]:
        gain = np.float32(db_to_gain(_LEVELS_DB.get(kind, 0.0)))
        return [(text, sound * gain) for text, sound in self._bank.reflexes(kind)]

    def _speak(self, text: str) -> Samples | None:
        speaking: tuple[Engine, ...] = (*self._banks, *self._engines)
        for engine in speaking:
            sound = engine.speak(text)
            if sound is not None:
                return sound
        return None

    @property
    def _silence(self) -> Samples:
        return self._reflexes[NO_VOICE][0][1][:0]
