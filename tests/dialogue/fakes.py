"""A listener, a decoder and a voice that follow a script, so that a dialogue runs in virtual time without a model."""

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.agent import Agent, Kit
from edge_agent.audio.memory import MemoryDuplex
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate
from edge_agent.events import Event
from edge_agent.hearing.attention import Candidate
from edge_agent.hearing.pre_roll import blank_posteriors
from edge_agent.models.decoder import Hypothesis
from edge_agent.models.phones import TOKEN_OF_PHONE
from edge_agent.profile import Profile
from edge_agent.ring import MessageRing
from edge_agent.units import SAMPLE_RATE_HZ, STEP_MS
from tests.dialogue.moments import NOON

WORD_S = 0.3
FRAME_S = 0.02


@dataclass(frozen=True)
class Said:
    """Words from `at_s` on, 0.3 s each. `intent` None: no command, or (is_begun) only the beginning of one."""

    at_s: float
    text: str
    intent: str | None = None
    slots: dict[str, str | int | float] = field(default_factory=dict)
    is_begun: bool = False
    can_continue: bool = False
    already: str = ""  # words of the same turn, said before a pause
    is_hum: bool = False  # sounds like a voice, but no phone is heard in it: "mm-hm", a cough

    @property
    def words(self) -> list[str]:
        return self.text.split()

    @property
    def end_s(self) -> float:
        return self.at_s + WORD_S * len(self.words)


STORY = Said(1.0, "well you know i was thinking about that thing")


class ScriptedListener:
    """Voice where the script has words."""

    def __init__(self, script: list[Said]) -> None:
        self.script = script
        self.p_voice = 0.0
        self.p_eot = math.nan
        self.log_posteriors = blank_posteriors()
        self.num_faults = 0
        self.num_steps = 0

    def step(self, log_mel: NDArray[np.float32]) -> None:
        self.num_steps += 1
        now_s = self.num_steps * STEP_MS / 1000 - 1e-6
        saying = [said for said in self.script if said.at_s <= now_s < said.end_s]
        self.p_voice = 0.98 if saying else 0.02
        self.log_posteriors = phones_of_step(self.num_steps) if saying and not saying[0].is_hum else blank_posteriors()

    def reset(self) -> None:
        self.p_voice = 0.0


def phones_of_step(step: int) -> NDArray[np.float32]:
    """Two phones, others than in the step before, as surely heard as can be, float32 [2, 40]."""
    posteriors = np.full_like(blank_posteriors(), -20.0)
    for frame, phone in enumerate(("K", "IY") if step % 2 else ("S", "AO")):
        posteriors[frame, TOKEN_OF_PHONE[phone]] = 0.0
    return posteriors


class ScriptedDecoder:
    """Hears the script's words as they end; steps in `fails_in_s` raise."""

    def __init__(self, script: list[Said], fails_in_s: tuple[float, float] = (0.0, 0.0)) -> None:
        self.script = script
        self.fails_in_s = fails_in_s
        self.begun_s = 0.0
        self.now_s = 0.0
        self.num_steps = 0

    def reset(self, at_frame: int) -> None:
        self.begun_s = self.now_s = at_frame * FRAME_S

    def step(self, log_posteriors: NDArray[np.float32]) -> None:
        self.num_steps += 1
        self.now_s += len(log_posteriors) * FRAME_S
        if self.fails_in_s[0] <= self.now_s < self.fails_in_s[1]:
            raise RuntimeError("scripted fault")

    def hypothesis(self) -> Hypothesis:
        heard = [said for said in self.script if self.begun_s <= said.end_s and said.at_s + WORD_S <= self.now_s + 1e-6]
        return self._heard(heard[-1]) if heard else hypothesis()

    def final_hypothesis(self) -> Hypothesis:
        best = self.hypothesis()
        return best if best.is_complete else hypothesis()

    def _heard(self, said: Said) -> Hypothesis:
        num_words = min(len(said.words), int((self.now_s - said.at_s + 1e-6) / WORD_S))
        words = (*said.already.split(), *said.words[:num_words])
        if said.intent is None and not said.is_begun:
            return hypothesis(confidence=0.1)
        is_complete = said.intent is not None and num_words == len(said.words)
        return hypothesis(
            words=words,
            intent=said.intent if is_complete else None,
            slots=said.slots if is_complete else {},
            is_complete=is_complete,
            can_continue=said.can_continue or not is_complete,
            confidence=0.95,
            num_committed_words=max(0, len(words) - 1),
            first_frame=0 if said.already else round(said.at_s / FRAME_S),
            last_phone_frame=round((said.at_s + WORD_S * num_words) / FRAME_S),
        )


def hypothesis(**known: object) -> Hypothesis:
    """A hypothesis of which only some fields matter."""
    values: dict[str, object] = {
        "words": (),
        "intent": None,
        "slots": {},
        "is_complete": False,
        "can_continue": False,
        "margin": 0.0,
        "confidence": 0.0,
        "num_committed_words": 0,
    }
    return Hypothesis(**(values | known))  # type: ignore[arg-type]


class ScriptedSpotter:
    """Hears phrase 0 at the given times."""

    def __init__(self, *at_s: float) -> None:
        self.at_s = list(at_s)
        self.near_misses: dict[int, Candidate] = {}  # step -> what nearly was a phrase
        self.near_miss: Candidate | None = None
        self.num_steps = 0

    def step(self, log_posteriors: NDArray[np.float32]) -> int | None:
        self.num_steps += 1
        self.near_miss = self.near_misses.pop(self.num_steps, None)
        if self.at_s and self.num_steps * STEP_MS / 1000 >= self.at_s[0]:
            self.at_s.pop(0)
            return 0
        return None

    def reset(self) -> None:
        """It has no past."""


def babble(text: str) -> NDArray[np.float32]:
    """What a voice sounds like to those who do not listen for words: pulses at a pitch that falls towards the end.

    One hump for each word, float32 [samples], not to be changed.
    """
    return _humps(len(text.split()))


@cache
def _humps(num_words: int) -> NDArray[np.float32]:
    place_s = np.arange(round(num_words * WORD_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    pitch_hz = 150.0 - 50.0 * np.clip((place_s - (num_words * WORD_S - 0.35)) / 0.35, 0.0, 1.0)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    pulses = sum(np.sin(k * phase) / k for k in range(1, 13))
    humps = 0.35 + 0.65 * np.sin(np.pi * (place_s % WORD_S) / WORD_S) ** 2
    sound = np.asarray(0.12 * pulses * humps, np.float32)
    sound.flags.writeable = False
    return sound


def spoken_script(script: list[Said]) -> NDArray[np.float32]:
    """What the microphone hears of a script, float32 [samples]."""
    num_samples = round(max((said.end_s for said in script), default=0.0) * SAMPLE_RATE_HZ)
    sound = np.zeros(num_samples + SAMPLE_RATE_HZ, np.float32)
    for said in script:
        begin = round(said.at_s * SAMPLE_RATE_HZ)
        voice = babble(said.text)[: round((said.end_s - said.at_s) * SAMPLE_RATE_HZ)]
        sound[begin : begin + len(voice)] += voice
    return sound


class HummingVoice:
    """0.25 s of a tone for each word; remembers what it was asked to say."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> NDArray[np.float32]:
        self.said.append(text)
        return tone(0.25 * len(text.split()))

    def clip(self, kind: str) -> tuple[str, NDArray[np.float32]]:
        return f"{kind}_1", tone(0.3)


def tone(seconds: float) -> NDArray[np.float32]:
    """440 Hz at half of full range."""
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ)).astype(
        np.float32
    )


class Dialogue:
    """A conversation by script: `Dialogue([...]).run(10.0)`, then `.events` and `.agent_sound`."""

    def __init__(
        self,
        script: list[Said],
        *,
        profile: Profile | None = None,
        woken_at_s: tuple[float, ...] | None = None,
        decoder: ScriptedDecoder | None = None,
        hears_over_itself: bool = True,
        gate: Gate | None = None,
        answers: MessageRing | None = None,
        calls: MessageRing | None = None,
        needs_yes: frozenset[str] = frozenset(),
    ) -> None:
        self.events: list[Event] = []
        self.voice = HummingVoice()
        self.duplex = MemoryDuplex(spoken_script(script), tail_s=600.0)
        self.decoder = decoder or ScriptedDecoder(script)
        self.kit = Kit(
            profile=profile or Profile(name="test"),
            listener=ScriptedListener(script),  # type: ignore[arg-type]
            look_ahead_samples=0,
            decoder=self.decoder,
            rest_decoder=ScriptedDecoder(script),
            spotter=ScriptedSpotter(*woken_at_s) if woken_at_s is not None else None,
            voice=self.voice,
            replies={},
            skills={},
            needs_yes=needs_yes,
        )
        self.agent = Agent(
            self.kit,
            self.duplex,
            self.events.append,
            clock=FakeClock(NOON),
            gate=gate or Gate("local_only"),
            answers=answers,
            calls=calls,
            is_live=False,
            hears_over_itself=hears_over_itself,
        )

    def run(self, seconds: float) -> "Dialogue":
        """Tick so many seconds of the dialogue."""
        for _ in range(round(seconds * 100)):
            assert self.agent.hop.tick()
        return self

    def of(self, name: str) -> list[Any]:
        """Events of one name."""
        return [event for event in self.events if event.name == name]

    def one(self, name: str) -> Any:
        """The only event of this name."""
        found = self.of(name)
        assert len(found) == 1, f"{len(found)} events {name!r} in {[event.name for event in self.events]}"
        return found[0]

    @property
    def agent_sound(self) -> NDArray[np.float32]:
        """What the loudspeaker played, float32 [samples]."""
        return self.duplex.conversation[:, 1]
