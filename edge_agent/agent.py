"""Composition root: profile in, wired agent out.

What takes long to load (`Kit`) is loaded once; a conversation (`Agent`) is wired anew for each recording, with a fresh
home, no timers and a listener that has heard nothing.
"""

import ctypes
import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_agent.audio.base import Duplex
from edge_agent.clock import Clock
from edge_agent.conversation import Conversation
from edge_agent.dsp.echo import EchoCanceller
from edge_agent.dsp.features import LogMel
from edge_agent.dsp.near_talk import NearTalker
from edge_agent.dsp.prosody import Prosody
from edge_agent.egress import Gate
from edge_agent.guard import Emit
from edge_agent.health import Health
from edge_agent.hearing.attention import Attention, Spotter
from edge_agent.hearing.pre_roll import IncrementalDecoder
from edge_agent.hearing.understanding import Understanding
from edge_agent.hop import Hop, Parts
from edge_agent.meters import Meters
from edge_agent.models.bundle import Bundle, find_bundle
from edge_agent.models.commands import find_commands, load_commands
from edge_agent.models.decoder import Decoder
from edge_agent.models.fitted import Fitted
from edge_agent.models.grammar import compile_commands
from edge_agent.models.listener import Listener
from edge_agent.models.wake import KeywordSpotter
from edge_agent.muting import Muting
from edge_agent.offload.asking import Asking
from edge_agent.offload.errands import Errands
from edge_agent.offload.looking import Looking
from edge_agent.offload.offloading import Offloading
from edge_agent.profile import Profile
from edge_agent.ring import MessageRing
from edge_agent.skills.home import Home, Volume
from edge_agent.skills.registry import Skills
from edge_agent.skills.tools import intents_that_need_yes
from edge_agent.talking.reacting import Reactions
from edge_agent.talking.talk import Sayer, Talk
from edge_agent.talking.yielding import Yielding
from edge_agent.turn import Turn
from edge_agent.units import HOP_SAMPLES
from edge_agent.voice.ahead import VoiceAhead
from edge_agent.voice.mixer import Mixer
from edge_agent.voice.voice import Voice, installed_engines


@dataclass(frozen=True)
class Kit:
    """Everything that is loaded from files. One conversation at a time may use it."""

    profile: Profile
    listener: Listener
    look_ahead_samples: int
    decoder: IncrementalDecoder
    rest_decoder: IncrementalDecoder  # another one of the same commands
    spotter: Spotter | None
    voice: Sayer
    replies: Mapping[str, str]  # by intent
    skills: Mapping[str, str]  # intent -> the skill that carries it out, where the names differ
    needs_yes: frozenset[str] = frozenset()  # intents that a cloud model may not have carried out without one
    notices: tuple[str, ...] = ()  # what works, but worse than its user may think


def load_kit(profile: Profile) -> Kit:
    """Open, check and compile all that a profile names; takes a second or two. Raises EdgeAgentError."""
    bundle = Bundle.open(find_bundle(profile.model.bundle))
    commands = load_commands(find_commands(profile.commands))
    fitted, graph = Fitted.of(bundle), compile_commands(commands)
    decoder = Decoder(graph, fitted.for_graph(graph))
    spotter = open_spotter(profile, fitted)
    # before the rest is loaded, so that what compiling took is not added to it
    _give_memory_back()
    return Kit(
        profile=profile,
        listener=Listener(bundle, profile.model.backend),
        look_ahead_samples=bundle.look_ahead_hops * HOP_SAMPLES,
        decoder=decoder,
        rest_decoder=decoder.twin(),
        spotter=spotter,
        voice=Voice(engines=[engine for engine in installed_engines() if engine.name in profile.voice.engines]),
        replies={name: intent.reply for name, intent in commands.intents.items() if intent.reply},
        skills={name: intent.skill for name, intent in commands.intents.items() if intent.skill},
        needs_yes=intents_that_need_yes(commands),
        notices=_notices(spotter),
    )


def open_spotter(profile: Profile, fitted: Fitted) -> KeywordSpotter | None:
    """What hears the wake phrases; None where there are none. Raises CommandsError for one that nobody can say."""
    return KeywordSpotter(profile.wake.phrases, fitted.wake) if profile.wake.phrases else None


def _give_memory_back() -> None:
    """To the system, where the C library can."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _notices(spotter: KeywordSpotter | None) -> tuple[str, ...]:
    return spotter.warnings if spotter else ()


class Agent:
    """One conversation, ready to be ticked. Thread: hop only."""

    def __init__(
        self,
        kit: Kit,
        duplex: Duplex,
        emit: Emit,
        *,
        clock: Clock,
        gate: Gate,
        is_live: bool,
        hears_over_itself: bool,
        answers: MessageRing | None = None,
        calls: MessageRing | None = None,
        is_mic_off: Callable[[], bool] | None = None,
        drift_ppm: float = 0.0,
    ) -> None:
        """`is_live`: replies are made in a thread of their own, for the hop must not wait for them.
        `hears_over_itself`: the agent's own sound does not reach its microphone, so it can listen while it speaks.
        `answers`, `calls`: what a cloud model says and wants done, through the link process; None where there is none.
        `is_mic_off`: the microphone's switch; None where there is none, and the gate's state says.
        `drift_ppm`: of the loudspeaker's clock, where it is known from before.
        """
        profile, self.meters = kit.profile, Meters()
        kit.listener.reset()
        mixer = Mixer(profile.audio.volume_percent)
        self.talk = Talk(kit.voice, mixer, VoiceAhead(kit.voice, is_live), emit)
        self.turn = Turn(profile.endpointing, delay_samples=kit.look_ahead_samples)
        echo = EchoCanceller(drift_ppm) if profile.audio.cancels_echo and not hears_over_itself else None
        home = Home(volume=Volume(profile.audio.volume_percent))
        self.skills = Skills(home, lambda: clock.local_time(self.hop.at_sample), kit.replies, kit.skills)
        self._duplex = duplex
        offloading = Offloading(profile.cloud, gate, self.talk, emit, answers, fills=profile.reflexes.filler.enabled)
        self.conversation = self._converse(kit, emit, gate, offloading, calls)
        attention = Attention(profile.wake.phrases, kit.spotter, profile.wake.awake_s, emit, self.meters)
        attention.reset()
        self.hop = Hop(
            Parts(
                duplex=duplex,
                echo=echo,
                features=LogMel(),
                near=NearTalker(),
                prosody=Prosody(),
                listener=kit.listener,
                attention=attention,
                understanding=Understanding(kit.decoder, kit.rest_decoder, emit),
                turn=self.turn,
                reactions=Reactions(
                    profile.reflexes, self.talk, emit, hears_over_itself=hears_over_itself or echo is not None
                ),
                yielding=Yielding(profile.reflexes.barge_in, self.talk, emit),
                muting=Muting(gate, offloading, self.talk, emit, is_mic_off),
                conversation=self.conversation,
                talk=self.talk,
                mixer=mixer,
                health=Health(duplex, kit.listener, self.meters, emit),
                meters=self.meters,
            ),
            emit,
            hears_over_itself=hears_over_itself,
        )

    def _converse(
        self, kit: Kit, emit: Emit, gate: Gate, offloading: Offloading, calls: MessageRing | None
    ) -> Conversation:
        """What turns come to: done at home, or asked of a cloud."""
        profile = kit.profile
        asking = Asking(offloading, gate, self.skills, profile.privacy.consent)
        looking = Looking(profile.camera, gate, emit)
        errands = Errands(self.skills, kit.needs_yes, gate, offloading, looking, self.talk, emit, calls)
        return Conversation(self.skills, self.talk, asking, errands, emit, self.meters)

    @property
    def is_idle(self) -> bool:
        """Nobody speaks, nothing is to be said or awaited, and no timer rings."""
        return not self.turn.is_open and self.talk.is_idle and self.conversation.is_idle

    def close(self) -> None:
        """Give the device and the synthesis back."""
        self.talk.close()
        self._duplex.close()
