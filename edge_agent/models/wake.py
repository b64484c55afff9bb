"""Wake phrases from their text: no training, the listener's phones against the phrase's phones, in two stages.

1. A search: the best path that ends in a phrase now is hardly worse than the open path over the same frames.
2. A second look at that path, phone by phone (`wake_evidence.py`), decides. Where it is unsure and nothing follows, it
   looks once more: who calls waits for an answer. What falls just short is a near miss.

Thread: hop only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import CommandsError
from edge_agent.models.confusions import GUESSED, Ratios
from edge_agent.models.logistic import log_odds, p_of
from edge_agent.models.phones import BLANK, TOKENS
from edge_agent.models.phrase_alignment import PhraseAligner
from edge_agent.models.search import GraphSearch, SearchSettings
from edge_agent.models.wake_evidence import WakeEvidence, WakeModel, evidence_of
from edge_agent.models.wake_graph import MAX_PHONES, Way, compile_phrases, num_syllables

MANY_FALSE_WAKES_PER_HOUR: Final = 1.0
PAUSE_FRAMES: Final = 15  # before a phrase, in which people are mostly silent
SLACK_FRAMES: Final = 12  # by which a phrase may begin before the path of the first stage
END_FRAMES: Final = 10  # from now, in which its last phone lies
SILENCE_FRAMES: Final = 12  # behind a phrase, in which its caller waits
LEAST_SILENCE: Final = 0.9  # mean probability that they hold no phone
SURELY_NOT: Final = -20.0


@dataclass(frozen=True)
class WakeSettings:
    """When a phrase counts as heard. Frames are 20 ms."""

    min_score: float = -3.2  # first stage: least score per phone, natural log against the open path
    min_certainty: float = -2.5  # log posterior of the open path per frame: less, and the listener knows nothing
    min_frames_per_phone: float = 1.5  # nobody speaks faster
    max_frames_per_phone: float = 9.0  # or slower
    max_age_frames: int = 3  # since the last phone
    refractory_frames: int = 50
    blank_cost: float = 2.0
    confusions: Ratios = GUESSED
    model: WakeModel = field(default_factory=WakeModel)
    min_p_wake: float = 0.5
    near_p_wake: float = 0.1  # from here on a phrase that is not heard is a near miss
    silence_bonus: float = 0.0  # log odds that silence behind a phrase adds
    # False wakes per hour of speech of a phrase of one phone, and how many times fewer each further phone makes it.
    false_wakes_of_one_phone: float = 300.0
    fewer_per_phone: float = 2.5

    @property
    def search(self) -> SearchSettings:
        """Filler is the open path itself, so that a phrase may begin anywhere; nothing may follow its end."""
        return SearchSettings(
            beam=60.0, floor=12.0, blank_cost=self.blank_cost, filler_cost=0.0, end_filler_cost=math.inf
        )

    def false_wakes_per_hour(self, num_phones: int) -> float:
        """To be expected in an hour of speech that is not meant for the agent."""
        return float(self.false_wakes_of_one_phone * self.fewer_per_phone ** (1 - num_phones))


@dataclass(frozen=True)
class Candidate:
    """A phrase that may have ended now."""

    phrase: int
    score_per_phone: float  # of the first stage
    evidence: WakeEvidence
    p_wake: float
    is_before_silence: bool = False  # told `SILENCE_FRAMES` later

    def before_silence(self, bonus: float) -> "Candidate":
        """The same when nothing has followed it."""
        return replace(self, p_wake=p_of(log_odds(self.p_wake) + bonus), is_before_silence=True)


class KeywordSpotter:
    """Listens for phrases; `candidate` is the best one that ended in the last step, `near_miss` one that failed."""

    def __init__(self, phrases: Sequence[str], settings: WakeSettings | None = None) -> None:
        """`warnings`: lines for phrases that are too short. Raises CommandsError if there is no phrase, or if one
        cannot be pronounced.
        """
        if not phrases:
            raise CommandsError("no wake phrase is given; name at least one, or listen from the start")
        self.settings = settings or WakeSettings()
        graph, ways = compile_phrases(phrases)
        self.warnings = _warnings(phrases, ways, self.settings)
        self._way_of_node = {way.last_node: way for way in ways}
        self._search = GraphSearch(graph, self.settings.search)
        num_frames = math.ceil(self.settings.max_frames_per_phone * max(len(way.tokens) for way in ways)) + 2
        num_frames += PAUSE_FRAMES + SLACK_FRAMES
        self._recent = np.empty((num_frames, len(TOKENS)), np.float32)
        self._hear_silence()
        self._aligner = PhraseAligner(num_frames, MAX_PHONES, np.array(self.settings.confusions))
        self._rest_frames = 0
        self._waiting: Candidate | None = None  # whether silence follows
        self._waited_frames = 0
        self._missed: Candidate | None = None  # the best one that was not good enough
        self._missed_frames = 0
        self.candidate: Candidate | None = None
        self.near_miss: Candidate | None = None

    def reset(self) -> None:
        """Forget what was heard of a phrase."""
        self._search.reset()
        self._hear_silence()
        self._rest_frames = 0
        self._waiting = self._missed = self.candidate = self.near_miss = None

    def _hear_silence(self) -> None:
        self._recent.fill(SURELY_NOT)
        self._recent[:, BLANK] = 0.0

    def step(self, log_posteriors: NDArray[np.float32]) -> int | None:
        """Frames of one step, float32 [num_frames, 40]; index of the phrase that ended then, or None."""
        num_frames = len(log_posteriors)
        self._recent[:-num_frames] = self._recent[num_frames:]
        self._recent[-num_frames:] = log_posteriors
        self._search.step(log_posteriors)
        self._rest_frames = max(0, self._rest_frames - num_frames)
        found = self.candidate = self._look_back(num_frames, self._look())
        is_heard = found is not None and found.p_wake >= self.settings.min_p_wake and self._rest_frames == 0
        self._watch_misses(num_frames, is_heard)
        if found is None or not is_heard:
            return None
        self._search.reset()  # or the same sounds might be heard once more
        self._waiting = None
        self._rest_frames = self.settings.refractory_frames
        return found.phrase

    def _look(self) -> Candidate | None:
        """Both stages."""
        if not self._search.ending(self.settings.max_age_frames):
            return None
        path, settings = self._search.path, self.settings
        score_per_phone = path.command_score / path.num_phones
        frames_per_phone = (path.phone_frame + 1 - path.first_frame) / path.num_phones
        is_plausible = frames_per_phone <= settings.max_frames_per_phone
        certainty = path.open_score / (path.next_frame - path.first_frame)
        if score_per_phone < settings.min_score or certainty < settings.min_certainty or not is_plausible:
            return None
        way = self._way_of_node[path.node]
        evidence = self._second_look(path, way, score_per_phone, certainty)
        if evidence is None:
            return None
        return Candidate(way.phrase, score_per_phone, evidence, settings.model.p_wake(evidence))

    def _look_back(self, num_frames: int, found: Candidate | None) -> Candidate | None:
        """What ends now, or else the best one before it, if nothing was said since."""
        waiting = self._waiting
        if found is not None and (waiting is None or found.p_wake >= waiting.p_wake):
            self._waiting, self._waited_frames = found, 0
            return found
        self._waited_frames += num_frames
        if waiting is None or self._waited_frames < SILENCE_FRAMES:
            return found
        self._waiting = None
        silence = float(np.exp(self._recent[-SILENCE_FRAMES:, BLANK]).mean())
        return waiting.before_silence(self.settings.silence_bonus) if silence >= LEAST_SILENCE else found

    def _second_look(self, path: Any, way: Way, open_score: float, certainty: float) -> WakeEvidence | None:
        first = max(PAUSE_FRAMES, len(self._recent) - (path.next_frame - path.first_frame) - SLACK_FRAMES)
        aligned = self._aligner.align(self._recent[first:], way.tokens, END_FRAMES)
        if aligned is None or aligned.num_frames < self.settings.min_frames_per_phone * len(way.tokens):
            return None
        begin = first + int(aligned.frame[0])
        pause = float(np.exp(self._recent[begin - PAUSE_FRAMES : begin, BLANK]).mean())
        return evidence_of(aligned, way.tokens, open_score, certainty, pause)

    def _watch_misses(self, num_frames: int, is_heard: bool) -> None:
        """A near miss is told once nothing better came for as long as a phrase heard would rest."""
        found, missed, self.near_miss = self.candidate, self._missed, None
        if is_heard or self._rest_frames > 0:
            self._missed = None
        elif found and found.p_wake >= max(self.settings.near_p_wake, missed.p_wake if missed else 0.0):
            self._missed, self._missed_frames = found, 0
        elif missed is not None:
            self._missed_frames += num_frames
            if self._missed_frames >= self.settings.refractory_frames:
                self._missed, self.near_miss = None, missed


def _warnings(phrases: Sequence[str], ways: Sequence[Way], settings: WakeSettings) -> tuple[str, ...]:
    """One line for each phrase that is said by chance: a single syllable, or as bad as one."""
    lines = []
    for index, phrase in enumerate(phrases):
        usual = next(way.tokens for way in ways if way.phrase == index)
        rate = settings.false_wakes_per_hour(len(usual))
        if num_syllables(usual) > 1 and rate < MANY_FALSE_WAKES_PER_HOUR:
            continue
        lines.append(
            f"wake phrase '{phrase}' is short: expect about {rate:.2g} false wakes in an hour of speech; "
            "choose a longer one"
        )
    return tuple(lines)
