"""Where a voice begins and ends, from the level of each hop: at once, where a network's probability of voice lags.

Pure, in samples of the capture clock. Noise is the least level of the last seconds, speech the greatest of late; loud
is what stands well above the one and not far below the other. A click is too short to be loud.

Thread: hop only. Keeps numbers, builds no objects.
"""

from edge_agent.units import HOP_MS, HOP_SAMPLES, ms_to_hops, ms_to_samples

OVER_NOISE_DB = 6.0
UNDER_SPEECH_DB = 28.0
SHORTEST_VOICE_MS = 30  # a click is shorter
FRESH_MS = 120  # levels that are older say nothing
NUM_WINDOWS = 8  # noise is the least level of so many
WINDOW_MS = 400
SPEECH_FALL_DB_PER_S = 4.0
LONG_AGO_SAMPLE = -(1 << 40)


class Loudness:
    """Is it loud now, since when, and when was it last?"""

    def __init__(self) -> None:
        self.heard_sample = LONG_AGO_SAMPLE  # end of the last hop
        self.level_db = -100.0
        self.noise_db = 0.0
        self.speech_db = -100.0
        self.is_loud = False
        self.run_samples = 0  # length of the present loud run; 0 when it is quiet
        self.last_loud_sample = LONG_AGO_SAMPLE
        self._minima_db = [0.0] * NUM_WINDOWS
        self._minimum_db = 0.0  # of the window that is being heard
        self._hops_in_window = 0
        self._smooth_db = 0.0

    @property
    def threshold_db(self) -> float:
        """Level from which on a hop is loud."""
        return max(self.noise_db + OVER_NOISE_DB, self.speech_db - UNDER_SPEECH_DB)

    def step(self, at_sample: int, level_db: float) -> None:
        """One hop that ends at `at_sample`."""
        self.heard_sample = at_sample
        self.level_db = level_db
        self._follow_noise(level_db)
        self.speech_db = max(level_db, self.speech_db - SPEECH_FALL_DB_PER_S * HOP_MS / 1000)
        self.run_samples = self.run_samples + HOP_SAMPLES if level_db > self.threshold_db else 0
        self.is_loud = self.run_samples >= ms_to_samples(SHORTEST_VOICE_MS)
        if self.is_loud:
            self.last_loud_sample = at_sample

    def hears(self, at_sample: int) -> bool:
        """Whether levels come in; not so while the agent is deaf, or when what measures them has failed."""
        return abs(at_sample - self.heard_sample) < ms_to_samples(FRESH_MS)

    def _follow_noise(self, level_db: float) -> None:
        is_first = self._smooth_db == 0.0
        self._smooth_db = level_db if is_first else self._smooth_db + (level_db - self._smooth_db) / 3
        self._minimum_db = min(self._minimum_db, self._smooth_db)
        self._hops_in_window += 1
        if self._hops_in_window == ms_to_hops(WINDOW_MS):
            self._minima_db.append(self._minimum_db)
            del self._minima_db[0]
            self._minimum_db, self._hops_in_window = self._smooth_db, 0
        self.noise_db = min(self._minimum_db, min(self._minima_db))
