"""Fits the second look at wake phrases, and the threshold, to phrases that are never measured with.

Phrases spoken by synthesisers must be told from what the first stage finds of the same phrases in speech where nobody
says them. One threshold serves all phrases: the one at which they are falsely heard as seldom as is wished, all phrases
taken together, so that an hour of speech counts once for each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
from rich.progress import track

from edge_agent.evaluation.hearing import Heard
from edge_agent.evaluation.wake import FRAMES_PER_STEP, NEVER, candidates
from edge_agent.models.logistic import log_odds
from edge_agent.models.wake import Candidate, KeywordSpotter, WakeSettings
from edge_agent.models.wake_evidence import WakeModel
from edge_agent.units import STEP_MS
from export.logistic import fit

FALSE_WAKES_PER_HOUR = 0.25  # of each phrase, in speech without end: a home is mostly silent
AT_ONCE_SHARE = 0.75  # of them, before it is known what follows: many people call and ask in one breath
STRICT_PER_HOUR, NEAR_PER_HOUR = 0.1, 4.0

Said = tuple[str, Heard]


@dataclass(frozen=True)
class Trials:
    """Best candidate of each recording of a phrase (None: not even the first stage), and what was found elsewhere."""

    said: list[Candidate | None]
    elsewhere: list[Candidate]
    num_phrase_hours: float


def collect(settings: WakeSettings, said: Sequence[Said], elsewhere: Sequence[Heard]) -> Trials:
    """Run both stages over everything, with one spotter for each phrase."""
    asleep = replace(settings, min_p_wake=NEVER)
    hours = sum(len(heard.p_voice) for heard in elsewhere) * STEP_MS / 3_600_000
    phrases = sorted({phrase for phrase, _ in said})
    of_said: list[Candidate | None] = []
    found: list[Candidate] = []
    for phrase in track(phrases, "wake phrases", transient=True):
        spotter = KeywordSpotter([phrase], asleep)
        for _, heard in (one for one in said if one[0] == phrase):
            of_said.append(max(candidates(spotter, heard), key=lambda one: one.p_wake, default=None))
        found += (candidate for heard in elsewhere for candidate in candidates(spotter, heard))
    return Trials(of_said, found, hours * len(phrases))


def fit_model(trials: Trials) -> WakeModel:
    """Logistic regression; both kinds count the same in all."""
    said = [candidate.evidence for candidate in trials.said if candidate is not None]
    others = [candidate.evidence for candidate in trials.elsewhere]
    features = [astuple(one) for one in (*said, *others)]
    are_said = [True] * len(said) + [False] * len(others)
    weights = [1.0] * len(said) + [len(said) / max(1, len(others))] * len(others)
    return WakeModel(*fit(features, are_said, weights))


def threshold(p_false: Iterable[float], num_phrase_hours: float, per_hour: float = FALSE_WAKES_PER_HOUR) -> float:
    """Least probability at which no more than that many are falsely heard."""
    falling = sorted(p_false, reverse=True)
    num_allowed = int(per_hour * num_phrase_hours)
    return float(np.nextafter(falling[num_allowed], 1.0)) if num_allowed < len(falling) else 0.5


def fit_wake(base: WakeSettings, said: Sequence[Said], elsewhere: Sequence[Heard]) -> tuple[WakeSettings, Trials]:
    """Settings for a listener, and the trials at those settings."""
    trials = collect(replace(base, silence_bonus=0.0), said, elsewhere)
    settings = replace(base, model=fit_model(trials), silence_bonus=0.0)
    p_false, hours = [p_wake(settings, one) for one in trials.elsewhere], trials.num_phrase_hours
    before_silence = [p for p, one in zip(p_false, trials.elsewhere, strict=True) if one.is_before_silence]
    least = threshold(p_false, hours, AT_ONCE_SHARE * FALSE_WAKES_PER_HOUR)
    least_late = threshold(before_silence, hours, (1.0 - AT_ONCE_SHARE) * FALSE_WAKES_PER_HOUR)
    bonus = max(0.0, log_odds(least) - log_odds(least_late))
    near = threshold(p_false, hours, NEAR_PER_HOUR)
    return replace(settings, min_p_wake=least, near_p_wake=near, silence_bonus=bonus), trials


def strict(settings: WakeSettings, trials: Trials) -> WakeSettings:
    """The same at one false wake in ten hours, by which listeners are compared."""
    p_false = [p_wake(settings, one) for one in trials.elsewhere]
    return replace(settings, min_p_wake=threshold(p_false, trials.num_phrase_hours, STRICT_PER_HOUR))


def miss_rate(settings: WakeSettings, trials: Trials) -> float:
    """Share of the phrases said that are not heard."""
    heard = [one is not None and p_wake(settings, one) >= settings.min_p_wake for one in trials.said]
    return 1.0 - float(np.mean(heard))


def p_wake(settings: WakeSettings, candidate: Candidate) -> float:
    """Of a candidate that was found with other settings."""
    p_at_once = settings.model.p_wake(candidate.evidence)
    again = replace(candidate, p_wake=p_at_once)
    return again.before_silence(settings.silence_bonus).p_wake if candidate.is_before_silence else p_at_once


def false_wakes_by_length(
    settings: WakeSettings, words: dict[int, list[str]], elsewhere: Sequence[Heard]
) -> tuple[float, float]:
    """False wakes an hour of a phrase of one phone, and by what each further phone divides them.

    words: some for each number of phones. A line is drawn through the logs.
    """
    hours = sum(len(heard.p_voice) for heard in elsewhere) * STEP_MS / 3_600_000
    lengths, logs = [], []
    for length, some in track(sorted(words.items()), "short phrases", transient=True):
        count = sum(_count(KeywordSpotter([word], settings), elsewhere) for word in some)
        lengths.append(length)
        logs.append(np.log((count + 0.5) / (hours * len(some))))
    slope, at_zero = np.polyfit(lengths, logs, 1)
    return float(np.exp(at_zero + slope)), float(max(1.0, np.exp(-slope)))


def _count(spotter: KeywordSpotter, elsewhere: Sequence[Heard]) -> int:
    count = 0
    for heard in elsewhere:
        spotter.reset()
        for start in range(0, len(heard.log_posteriors), FRAMES_PER_STEP):
            count += spotter.step(heard.log_posteriors[start : start + FRAMES_PER_STEP]) is not None
    return count
