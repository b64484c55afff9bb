"""A conversation as a picture: the sound of both sides, the words as they were understood, each reaction, its latency.

Imported only where a picture is asked for, since matplotlib comes with the extra `picture`.
"""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from edge_agent import events as e
from edge_agent.events import Event
from edge_agent.picture.words import Word, spoken_words
from edge_agent.units import SAMPLE_RATE_HZ

PAPER, INK, FAINT, GRID = "#FCFAF6", "#27303B", "#8A929C", "#E9E4DB"
USER, USER_SHADE = "#2A7F9E", "#E3F0F3"
AGENT = "#D9633B"
DONE, DOUBT, ALARM = "#3C8C5A", "#B98A1F", "#B3261E"

TOP, BOTTOM = 11.2, 0.2
USER_Y, WORDS_Y, INTENT_Y, AGENT_Y, REPLY_Y = 9.3, 7.45, 5.15, 3.2, 1.25
MARKS_Y = (6.6, 6.15, 5.7)  # rows, for marks that come close together
HALF_HEIGHT = 1.15
BAR_S = 0.028
MIN_SECONDS, LONGEST_INCHES, INCHES_PER_SECOND = 4.0, 48.0, 1.75
PIXELS_PER_INCH = 150
LONGEST_LINE_LETTERS = 90
QUIET = 10 ** (-50 / 20)  # below this a bar is a dot: the ear would not notice it either

# marks on the events' lane: what is said of each event
MARKS: dict[type[Event], tuple[str, str]] = {
    e.Wake: ("awake", DOUBT),
    e.BackChannel: ("mm-hm", AGENT),
    e.Nod: ("nod", AGENT),
    e.Filler: ("filler", AGENT),
    e.Acknowledge: ("understood", AGENT),
    e.Corrected: ("corrected", DOUBT),
    e.GoesOn: ("you go on", DOUBT),
    e.BargeIn: ("barge-in", ALARM),
    e.NoIntent: ("no command", DOUBT),
    e.Offload: ("stays here", USER),
    e.Xrun: ("sound lost", ALARM),
    e.Fault: ("fault", ALARM),
}
BARGE_IN = {"duck": "speaks lower", "stop": "stops for you", "resume": "goes on", "drop": "lets it be"}


def draw_timeline(conversation: NDArray[np.float32], events: Sequence[Event], path: Path) -> None:
    """Write a PNG. conversation: float32 [num_samples, 2], left the microphone, right the agent."""
    end_s = _last_moment_s(conversation, events)
    inches = float(np.clip(end_s * INCHES_PER_SECOND, 11.0, LONGEST_INCHES))
    figure = Figure(figsize=(inches, 5.6), dpi=PIXELS_PER_INCH, facecolor=PAPER)
    FigureCanvasAgg(figure)  # attaches itself; texts cannot be measured without it
    axes = figure.add_axes((0.9 / inches, 0.085, 1 - 1.15 / inches, 0.8))
    _prepare(axes, end_s)
    _title(figure, inches, path.stem, events)
    _shade_turns(axes, events)
    for column, centre, colour, who in ((0, USER_Y, USER, "you"), (1, AGENT_Y, AGENT, "agent")):
        _draw_sound(axes, conversation[:, column], end_s, centre, colour)
        axes.text(-0.06, centre, who, color=colour, ha="right", va="center", fontsize=13, fontweight="bold")
    _draw_words(axes, list(spoken_words(events)))
    _draw_marks(axes, events)
    _draw_intents(axes, events)
    _draw_latencies(axes, events)
    _draw_replies(axes, events)
    figure.savefig(path, facecolor=PAPER)


def seconds(at_sample: float) -> float:
    return at_sample / SAMPLE_RATE_HZ


def _last_moment_s(conversation: NDArray[np.float32], events: Iterable[Event]) -> float:
    """End of what is worth looking at: the silence in which a replay ends is not."""
    loud = np.flatnonzero(np.abs(conversation).max(axis=1) > QUIET) if len(conversation) else np.zeros(0)
    last_sound = int(loud[-1]) if len(loud) else 0
    last_event = max((event.at_sample for event in events if not isinstance(event, e.Summary)), default=0)
    return max(MIN_SECONDS, seconds(max(last_sound, last_event)) + 0.4)


def _prepare(axes: Axes, end_s: float) -> None:
    axes.set_xlim(0, end_s)
    axes.set_ylim(BOTTOM, TOP)
    axes.set_facecolor(PAPER)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=int(end_s) + 1, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} s")
    axes.tick_params(axis="x", length=0, labelcolor=FAINT, labelsize=9)
    axes.grid(axis="x", color=GRID, linewidth=0.8, zorder=0)
    axes.spines[:].set_visible(False)


def _title(figure: Figure, inches: float, name: str, events: Sequence[Event]) -> None:
    latencies = [event.latency_ms for event in events if isinstance(event, e.FirstAudio) and event.kind == "reply"]
    said = f"answered {latencies[0]:.0f} ms after the last sound" if latencies else ""
    figure.text(0.9 / inches, 0.935, name.replace("_", " "), color=INK, fontsize=16, fontweight="bold", va="center")
    figure.text(1 - 0.25 / inches, 0.935, said, color=FAINT, fontsize=11, va="center", ha="right")


def _shade_turns(axes: Axes, events: Iterable[Event]) -> None:
    """Behind the talker's sound: from the beginning of a turn to its last voiced sample, and the wait that followed."""
    began: float | None = None
    for event in events:
        if isinstance(event, e.SpeechStarted):
            began = seconds(event.at_sample)
        elif isinstance(event, e.EndOfTurn) and began is not None:
            last_s, end_s = seconds(event.last_voice_sample), seconds(event.at_sample)
            _panel(axes, min(began, last_s), last_s, USER_Y, USER_SHADE)
            axes.plot((end_s, end_s), (WORDS_Y - 0.4, USER_Y + HALF_HEIGHT), color=USER, linewidth=1.1, zorder=3)
            axes.text(end_s + 0.03, USER_Y + HALF_HEIGHT - 0.1, "end of turn", color=USER, fontsize=9, va="center")
            reason = f"{event.reason.replace('_', ' ')}, {event.silence_ms:.0f} ms quiet"
            axes.text(end_s + 0.03, USER_Y + HALF_HEIGHT - 0.5, reason, color=FAINT, fontsize=8, va="center")
            began = None


def _panel(axes: Axes, begin_s: float, end_s: float, centre: float, colour: str) -> None:
    axes.fill_between((begin_s, end_s), centre - HALF_HEIGHT, centre + HALF_HEIGHT, color=colour, linewidth=0, zorder=1)


def _draw_sound(axes: Axes, sound: NDArray[np.float32], end_s: float, centre: float, colour: str) -> None:
    """Bars with round ends, one for each 28 ms, as high as its peak; quiet moments are a line of dots."""
    samples_per_bar = round(BAR_S * SAMPLE_RATE_HZ)
    num_bars = int(end_s * SAMPLE_RATE_HZ) // samples_per_bar
    padded = np.zeros(num_bars * samples_per_bar, np.float32)
    padded[: min(len(sound), len(padded))] = sound[: len(padded)]
    peaks = np.abs(padded.reshape(num_bars, samples_per_bar)).max(axis=1)
    # a root, since speech spans 40 dB and soft consonants should be seen, but not the square one: nor should the room
    heights = HALF_HEIGHT * 0.94 * (peaks / max(float(peaks.max(initial=0.0)), 0.1)) ** 0.7
    is_quiet = peaks < QUIET
    middle_s = (np.arange(num_bars) + 0.5) * BAR_S
    ends = np.stack([np.stack([middle_s, centre - heights], 1), np.stack([middle_s, centre + heights], 1)], 1)
    loud = LineCollection(list(ends[~is_quiet]), colors=colour, linewidths=2.6, capstyle="round", zorder=4)
    axes.add_collection(loud)
    axes.scatter(middle_s[is_quiet], np.full(int(is_quiet.sum()), centre), s=1.2, color=colour, alpha=0.35, zorder=2)


def _width_s(axes: Axes, text: str, fontsize: float, weight: str = "normal") -> float:
    """Width of a text in seconds of the axis."""
    probe = axes.text(0, 0, text, fontsize=fontsize, fontweight=weight)
    box = probe.get_window_extent()
    probe.remove()
    return float(box.width / axes.bbox.width * (axes.get_xlim()[1] - axes.get_xlim()[0]))


def _draw_words(axes: Axes, words: Sequence[Word]) -> None:
    """Each word ends where it was first understood, or further left where the next needs room; solid once committed."""
    widths_s = [_width_s(axes, word.text, 10.5) + 0.14 for word in words]
    for word, left_s, width_s in zip(words, _places_s(words, widths_s), widths_s, strict=True):
        box = FancyBboxPatch(
            (left_s + 0.04, WORDS_Y - 0.3),
            width_s - 0.08,
            0.6,
            boxstyle="round,pad=0.02,rounding_size=0.06",
            mutation_aspect=4.0,
            facecolor=USER if word.is_committed else PAPER,
            edgecolor=USER,
            linewidth=1.0,
            zorder=5,
        )
        axes.add_patch(box)
        middle_s, colour = left_s + width_s / 2, PAPER if word.is_committed else USER
        axes.text(middle_s, WORDS_Y, word.text, color=colour, fontsize=10.5, ha="center", va="center", zorder=6)
        if word.was:
            axes.text(middle_s, WORDS_Y + 0.5, f"not “{word.was}”", color=DOUBT, fontsize=8, ha="center", zorder=6)


def _places_s(words: Sequence[Word], widths_s: Sequence[float]) -> list[float]:
    """Left edges: from the last word to the first, then right again where they would leave the picture."""
    lefts_s = [0.0] * len(words)
    limit_s = float("inf")
    for place in reversed(range(len(words))):
        lefts_s[place] = limit_s = min(seconds(words[place].at_sample), limit_s) - widths_s[place]
    free_from_s = 0.0
    for place, width_s in enumerate(widths_s):
        lefts_s[place] = max(lefts_s[place], free_from_s)
        free_from_s = lefts_s[place] + width_s
    return lefts_s


def _draw_marks(axes: Axes, events: Iterable[Event]) -> None:
    """A dot for each reaction, named beside it, in the first row with room; what happens again at once has no name."""
    free_from_s = [0.0] * len(MARKS_Y)
    named_until_s: dict[str, float] = {}
    for event in events:
        at_s = seconds(event.at_sample)
        row = next((row for row, free_s in enumerate(free_from_s) if at_s >= free_s), None)
        if type(event) not in MARKS or row is None:
            continue
        name, colour = _mark(event)
        axes.scatter([at_s], [MARKS_Y[row]], s=34, color=colour, zorder=6, linewidths=0)
        free_from_s[row] = at_s + 0.1
        if at_s >= named_until_s.get(name, 0.0):
            text = axes.text(at_s + 0.07, MARKS_Y[row], name, color=colour, fontsize=9.5, va="center", zorder=6)
            text.set_path_effects([withStroke(linewidth=3, foreground=PAPER)])  # a bow may pass behind it
            free_from_s[row] = named_until_s[name] = at_s + _width_s(axes, name, 9.5) + 0.2


def _mark(event: Event) -> tuple[str, str]:
    name, colour = MARKS[type(event)]
    if isinstance(event, e.BargeIn):
        name = BARGE_IN.get(event.stage, name)
    elif isinstance(event, e.BackChannel | e.Filler | e.Acknowledge):
        name = f"“{event.clip}”"
    elif isinstance(event, e.Offload) and event.allowed:
        name = "sound leaves"
    return name, colour


def _draw_intents(axes: Axes, events: Sequence[Event]) -> None:
    for event in events:
        if isinstance(event, e.Intent):
            slots = "   ".join(f"{slot} = {value}" for slot, value in event.slots.items())
            text = f"{event.intent}   {slots}".strip()
            left_s, align = _inside(axes, _heard_at_s(event, events) + 0.06)
            axes.text(left_s, INTENT_Y, text, color=DONE, fontsize=11, fontweight="bold", va="center", ha=align)
            remark = f"{event.confidence:.0%} sure"
            axes.text(left_s, INTENT_Y - 0.45, remark, color=FAINT, fontsize=8, va="center", ha=align)


def _draw_latencies(axes: Axes, events: Iterable[Event]) -> None:
    """A bow from the last voiced sample to the first sample of the agent, with its length."""
    before_s = -10.0
    for event in events:
        if isinstance(event, e.FirstAudio) and event.kind != "alarm":
            end_s = seconds(event.at_sample)
            begin_s = end_s - event.latency_ms / 1000
            arrow = {"arrowstyle": "-|>", "color": AGENT, "linewidth": 1.4, "connectionstyle": "arc3,rad=0.18"}
            axes.annotate(
                "", (end_s, AGENT_Y + HALF_HEIGHT * 0.55), (begin_s, USER_Y - HALF_HEIGHT), arrowprops=arrow, zorder=3
            )
            # left of its bow, but for a reply soon after a filler, which has that place
            is_soon = end_s - before_s < 1.0
            offset_s, side = (0.06, "left") if is_soon else (-0.12, "right")
            before_s = end_s
            place = (end_s + offset_s, AGENT_Y + HALF_HEIGHT * (1.17 if is_soon else 0.6))
            said = f"{event.latency_ms:.0f} ms"
            axes.text(*place, said, color=AGENT, fontsize=11, fontweight="bold", ha=side, va="center", zorder=7)


def _draw_replies(axes: Axes, events: Sequence[Event]) -> None:
    for event in events:
        if isinstance(event, e.Reply | e.CloudAnswer):
            left_s, align = _inside(axes, _began_at_s(event, events))
            text = textwrap.fill(f"“{event.text}”", LONGEST_LINE_LETTERS)
            axes.text(left_s, REPLY_Y, text, color=AGENT, fontsize=12, style="italic", va="center", ha=align)


def _began_at_s(event: e.Reply | e.CloudAnswer, events: Sequence[Event]) -> float:
    """When an answer began to sound; a cloud's is told when it is over."""
    if isinstance(event, e.CloudAnswer):
        return seconds(event.at_sample) - event.played_ms / 1000
    return _heard_at_s(event, events)


def _heard_at_s(event: Event, events: Iterable[Event]) -> float:
    """When an answer is heard: at the next first sound, if it comes within a second."""
    moments = (seconds(other.at_sample) for other in events if isinstance(other, e.FirstAudio))
    at_s = seconds(event.at_sample)
    return next((moment for moment in moments if at_s <= moment <= at_s + 1), at_s)


def _inside(axes: Axes, at_s: float) -> tuple[float, str]:
    """Where to anchor a text that begins at a moment, so that it ends inside the picture."""
    end_s = axes.get_xlim()[1]
    return (at_s, "left") if at_s < 0.7 * end_s else (end_s, "right")
