"""Events as lines a person can follow: when, what was heard, what the agent did, and how soon."""

from collections.abc import Callable, Mapping

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from edge_agent import events
from edge_agent.events import Event
from edge_agent.units import samples_to_ms

Line = tuple[str, str, str, str]  # mark, style, text, remark
GAZES = {"talker": "at you"}


def _slots(slots: Mapping[str, events.SlotValue]) -> str:
    return "  ".join(f"{slot}={value}" for slot, value in slots.items())


def _intent(event: events.Intent) -> Line:
    return "◆", "bold green", f"{event.intent}  {_slots(event.slots)}".rstrip(), f"sure to {event.confidence:.0%}"


def _corrected(event: events.Corrected) -> Line:
    return "↺", "yellow", f"{event.intent}  {_slots(event.slots)}".rstrip(), f"was: {_slots(event.was)}"


def _barge_in(event: events.BargeIn) -> Line:
    did = {
        "duck": "quieter: are you speaking?",
        "stop": "stops: you speak",
        "resume": "goes on: you did not",
        "drop": "lets the rest be",
    }
    return "✋", "bold magenta", did.get(event.stage, event.stage), f"{event.heard_ms:.0f} ms were heard"


def _offload(event: events.Offload) -> Line:
    said = "sound leaves the device" if event.allowed else "nothing left the device"
    return "☁", "blue", said, event.reason


def _xrun(event: events.Xrun) -> Line:
    texts = {"device_lost": "the sound device is gone; waiting for it", "device_back": "the sound device is back"}
    return "!", "bold red", texts.get(event.kind, f"sound lost: {event.kind}"), f"{event.count}"


def _summary(event: events.Summary) -> Line:
    text = f"{event.num_turns} turns, {event.num_intents} commands, {event.num_xruns} xruns"
    return "∑", "dim", text, f"hop {event.hop_p50_ms:.2f} / {event.hop_p99_ms:.2f} / {event.hop_max_ms:.2f} ms"


LINES: dict[str, Callable[..., Line]] = {
    "speech_started": lambda e: ("●", "cyan", "you speak", ""),
    "partial": lambda e: ("·", "dim", e.text, ""),
    "committed": lambda e: ("✓", "white", e.text, ""),
    "revised": lambda e: ("↺", "yellow", e.text, f"was: {e.was}"),
    "intent": _intent,
    "no_intent": lambda e: ("◇", "yellow", "no command", f"best command {e.confidence:.0%}"),
    "end_of_turn": lambda e: ("■", "cyan", "end of turn", f"{e.reason}, after {e.silence_ms:.0f} ms of silence"),
    "wake": lambda e: ("★", "bold yellow", f"“{e.phrase}”", "awake"),
    "near_wake": lambda e: ("☆", "dim", f"nearly “{e.phrase}”", f"{e.p_wake:.0%}"),
    "back_channel": lambda e: ("~", "magenta", "mm-hm", e.clip),
    "nod": lambda e: ("⌄", "magenta", "nods", e.reason),
    "filler": lambda e: ("~", "magenta", "holds the floor", e.clip),
    "acknowledge": lambda e: ("~", "magenta", "has understood", e.clip),
    "gaze": lambda e: ("◉", "dim", f"looks {GAZES.get(e.target, e.target)}", ""),
    "corrected": _corrected,
    "goes_on": lambda e: ("↺", "yellow", "you go on", f"{e.heard_ms:.0f} ms of the answer were heard"),
    "microphone": lambda e: ("⊘" if e.state == "off" else "●", "bold red", f"the microphone is {e.state}", ""),
    "posture": lambda e: ("◉", "dim", e.posture, ""),
    "first_audio": lambda e: ("♪", "green", f"first sound of the {e.kind}", f"{e.latency_ms:.0f} ms after your last"),
    "barge_in": _barge_in,
    "reply": lambda e: ("»", "bold", f"“{e.text}”", ""),
    "offload": _offload,
    "sound_left": lambda e: ("☁", "blue", f"{e.sent_ms / 1000:.1f} s of sound left", f"{e.purpose}, {e.outcome}"),
    "cloud_answer": lambda e: ("»", "bold blue", f"“{e.text}”", f"cloud, {e.played_ms / 1000:.1f} s"),
    "cloud_call": lambda e: ("☁", "blue", f"the cloud wants {e.intent}  {_slots(e.slots)}".rstrip(), e.outcome),
    "camera": lambda e: ("◉", "bold blue", f"camera {e.state}", ""),
    "house_act": lambda e: ("⌂", "dim", f"{e.kind}: {e.target} {e.value}", ""),
    "xrun": _xrun,
    "fault": lambda e: ("!", "bold red", f"{e.part} {e.state}", e.error),
    "summary": _summary,
}


class TimelinePrinter:
    """Writes events to a console, with a heading whenever the conversation changes. Thread: one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._file: str | None = None

    def show(self, event: Event, file: str | None = None) -> None:
        if file != self._file:
            self._file = file
            self._console.print(f"\n[bold underline]{escape(str(file))}[/]")
        self._console.print(as_line(event), soft_wrap=True)


def as_line(event: Event) -> Text:
    """One event as a line of a timeline."""
    mark, style, text, remark = LINES[event.name](event)
    line = Text(f"{samples_to_ms(event.at_sample) / 1000:9.2f} s  ", style="dim")
    line.append(f"{mark} ", style=style)
    line.append(f"{text:<44}" if remark else text, style=style)
    return line.append(f"  {remark}", style="dim") if remark else line
