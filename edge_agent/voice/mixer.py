"""What goes to the loudspeaker, hop by hop: speech, reflexes over it, alarms over both.

Ducking lowers speech only and is a gain of its own, so the user's volume can change meanwhile and is kept.
Time is the count of rendered samples, which is the playback side of the one clock.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.units import HOP_MS, HOP_SAMPLES, db_to_gain, ms_to_samples
from edge_agent.voice.gain import MAX_BLOCK_SAMPLES, Gain
from edge_agent.voice.track import Track

ALARM_FLOOR_PERCENT = 40  # a muted agent must still wake its user
ALARM_TIMES = 20
_ALARM_DUCK = db_to_gain(-14.0)
_VOLUME_RAMP_SAMPLES = ms_to_samples(50)
_UNDUCK_RAMP_SAMPLES = ms_to_samples(150)
_ALARM_FADE_MS = 20
_DUCK_LASTS_SAMPLES = ms_to_samples(2_000)  # whoever ducks may fail, and the agent must not stay quiet for that


def volume_gain(percent: float) -> float:
    """Amplitude of a volume: a power law, so that equal steps sound about equal; 0 is silence, 100 is 1."""
    return float((min(100.0, max(0.0, percent)) / 100.0) ** 1.6)


class Mixer:
    """Thread: hop only. `render` never allocates and never raises."""

    def __init__(self, volume_percent: float = 100.0, duck_db: float = -16.0) -> None:
        self.rendered_samples = 0
        self._duck_left_samples = 0
        self._speech, self._reflex, self._alarm = Track(), Track(), Track()
        self._duck_gain = db_to_gain(duck_db)
        self._duck = Gain(1.0)
        self._volume = Gain(volume_gain(volume_percent))
        self._alarm_volume = Gain(volume_gain(max(volume_percent, ALARM_FLOOR_PERCENT)))
        self._bus = np.zeros(MAX_BLOCK_SAMPLES, np.float32)

    @property
    def is_speaking(self) -> bool:
        """True while speech is queued, held or fading out."""
        return self._speech.is_playing

    @property
    def is_ducked(self) -> bool:
        """True while speech is lowered for the user."""
        return self._duck_left_samples > 0

    @property
    def is_reflexing(self) -> bool:
        """True while a back-channel, filler or acknowledgement sounds."""
        return self._reflex.is_playing

    @property
    def is_reflex_stopping(self) -> bool:
        """True while a stopped reflex fades out."""
        return self._reflex.is_stopping

    @property
    def is_ringing(self) -> bool:
        """True while an alarm sounds."""
        return self._alarm.is_playing

    @property
    def is_silent(self) -> bool:
        """True while the next samples are silence: nothing is queued, or only speech that is held."""
        return self._speech.is_silent and not self._reflex.is_playing and not self._alarm.is_playing

    @property
    def is_held(self) -> bool:
        """True while speech waits to be taken up again."""
        return self._speech.is_held

    @property
    def place_samples(self) -> int:
        """How far into the sound that is being said."""
        return self._speech.place_samples

    @property
    def played_samples(self) -> int:
        """Of the speech since it was last idle or stopped: what has really been rendered."""
        return self._speech.played_samples

    @property
    def stopped_after_samples(self) -> int:
        """Of the speech last stopped: what was rendered, the fade included. Final once `is_stopping` is False."""
        return self._speech.stopped_after_samples

    @property
    def is_stopping(self) -> bool:
        """True while stopped speech fades out."""
        return self._speech.is_stopping

    @property
    def first_sample(self) -> int:
        """Where in the rendered stream the present speech began; -1 before its first hop."""
        return self._speech.first_sample

    @property
    def first_reflex_sample(self) -> int:
        """Where in the rendered stream the present reflex began; -1 before its first hop."""
        return self._reflex.first_sample

    def play(self, samples: NDArray[np.float32]) -> bool:
        """Queue speech (float32 at 16 kHz) behind what is being said; False when there is no room."""
        return self._speech.play(samples)

    def play_reflex(self, samples: NDArray[np.float32]) -> bool:
        """Sound a reflex at once, beside the speech; False when one is sounding."""
        return not self._reflex.is_playing and self._reflex.play(samples)

    def ring(self, samples: NDArray[np.float32], times: int = ALARM_TIMES) -> bool:
        """Ring over everything until `stop_ringing` or for so many times; speech is lowered meanwhile."""
        if self._alarm.is_playing and not self._alarm.is_stopping:
            return False
        return self._alarm.play(samples, times)

    def stop_ringing(self) -> None:
        """Fade the alarm out."""
        self._alarm.stop(ms_to_samples(_ALARM_FADE_MS))

    def stop(self, fade_ms: float = HOP_MS) -> None:
        """Fade speech and reflexes out and forget what was queued; what is played afterwards follows the fade."""
        self._speech.stop(ms_to_samples(fade_ms))
        self._reflex.stop(ms_to_samples(fade_ms))

    def stop_reflex(self, fade_ms: float = HOP_MS) -> None:
        """Fade a reflex out; speech goes on."""
        self._reflex.stop(ms_to_samples(fade_ms))

    def hold(self, fade_ms: float = HOP_MS) -> None:
        """Fade the speech out and keep the rest of it."""
        self._speech.hold(ms_to_samples(fade_ms))

    def go_on(self, back_samples: int = 0) -> None:
        """Take held speech up again, that much further back."""
        self._speech.go_on(back_samples)

    def duck(self) -> None:
        """Lower the speech within one hop. It comes back by itself unless this is called again within 2 s."""
        self._duck_left_samples = _DUCK_LASTS_SAMPLES

    def unduck(self) -> None:
        """Bring the speech back to the user's volume."""
        self._duck_left_samples = 0

    def set_volume(self, percent: float) -> None:
        """The user's volume, 0..100; in force at once, ducked or not."""
        self._volume.move(volume_gain(percent), _VOLUME_RAMP_SAMPLES)
        self._alarm_volume.move(volume_gain(max(percent, ALARM_FLOOR_PERCENT)), _VOLUME_RAMP_SAMPLES)

    def render(self, out: NDArray[np.float32]) -> None:
        """Fill the next samples for the loudspeaker, [-1, 1]. At most MAX_BLOCK_SAMPLES at once, usually one hop."""
        bus = self._bus[: len(out)]
        out.fill(0.0)
        self._aim_duck()
        self._speech.add_to(out, self.rendered_samples)
        self._duck.apply(out)
        self._reflex.add_to(out, self.rendered_samples)
        self._volume.apply(out)
        if self._alarm.is_playing:
            bus.fill(0.0)
            self._alarm.add_to(bus, self.rendered_samples)
            self._alarm_volume.apply(bus)
            np.add(out, bus, out=out)
        np.maximum(out, -1.0, out=out)
        np.minimum(out, 1.0, out=out)
        self.rendered_samples += len(out)
        self._duck_left_samples = max(0, self._duck_left_samples - len(out))

    def _aim_duck(self) -> None:
        wanted = self._duck_gain if self.is_ducked else 1.0
        if self._alarm.is_playing:
            wanted = min(wanted, _ALARM_DUCK)
        if wanted != self._duck.target:
            lower = wanted < self._duck.value
            self._duck.move(wanted, HOP_SAMPLES if lower else _UNDUCK_RAMP_SAMPLES)
