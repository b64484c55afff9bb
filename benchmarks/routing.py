"""Who takes a spoken request: `python -m benchmarks.routing --requests 120`. Requests of people, spoken by flite.

Open questions (all intents but those of a household) must go to the cloud: what a local command takes is swallowed.
Requests of a household belong here: what leaves goes a long way round, to whom can do nothing about a lamp. The gate is
open, and a ring stands for the cloud; counted is also how often sound had left of a turn that then proved to be local.
"""

import argparse
import random
from collections import Counter
from datetime import datetime
from pathlib import Path

from benchmarks.results import append
from edge_agent.agent import Agent, Kit, load_kit
from edge_agent.audio.memory import MemoryDuplex
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate
from edge_agent.events import Event
from edge_agent.profile_file import load_profile
from edge_agent.ring import MessageRing
from edge_agent.voice.flite import Flite

QUERIES = Path(__file__).resolve().parents[2] / "shared" / "data" / "text" / "queries.tsv"
HOUSEHOLD = frozenset(
    "timer alarm time date smart_home change_volume next_song shopping_list shopping_list_update todo_list "
    "todo_list_update play_music repeat cancel yes no".split()
)
SPLITS = ("test", "oos_test")
TAIL_S = 6.0


def requests(num: int, rng: random.Random) -> list[tuple[str, str]]:
    """(intent, text): half open questions, half of a household. Raises OSError where the data are not."""
    rows = [line.split("\t") for line in QUERIES.read_text(encoding="utf-8").splitlines()]
    test = [(intent, text) for split, intent, text in rows if split in SPLITS]
    household = [row for row in test if row[0] in HOUSEHOLD]
    open_questions = [row for row in test if row[0] not in HOUSEHOLD]
    return rng.sample(household, num // 2) + rng.sample(open_questions, num - num // 2)


def route(kit: Kit, text: str) -> str:
    """Who took it: "local", "cloud", "nobody" (asked again, or noise); "begun to leave" when some had left."""
    sound = Flite().speak(text)
    if sound is None:
        raise SystemExit("routing: flite is not installed, and somebody has to speak")
    events: list[Event] = []
    duplex = MemoryDuplex(sound, tail_s=TAIL_S)
    agent = Agent(
        kit,
        duplex,
        events.append,
        clock=FakeClock(datetime(2026, 1, 1, 12)),
        gate=Gate("on", MessageRing.create(1 << 22), "cloud.example"),
        is_live=False,
        hears_over_itself=True,
        answers=MessageRing.create(1 << 12),
    )
    while agent.hop.tick() and not (duplex.in_tail and _taken(events)):
        continue
    agent.close()
    return _taken(events) or "nobody"


def _taken(events: list[Event]) -> str:
    outcomes = [event.outcome for event in events if event.name == "sound_left"]  # type: ignore[attr-defined]
    if any(event.name == "intent" for event in events):
        return "local, begun to leave" if "abandoned" in outcomes else "local"
    return "cloud" if "asked" in outcomes else ""


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-append", action="store_true", help="Print only.")
    options = parser.parse_args()
    kit = load_kit(load_profile())
    counts: dict[str, Counter[str]] = {"household": Counter(), "open": Counter()}
    for intent, text in requests(options.requests, random.Random(options.seed)):
        counts["household" if intent in HOUSEHOLD else "open"][route(kit, text)] += 1
    figures = {
        f"{kind}: {taker}": f"{100 * count / sum(takers.values()):.0f} %"
        for kind, takers in counts.items()
        for taker, count in sorted(takers.items())
    }
    for name, share in figures.items():
        print(f"{name:<40} {share}")
    if not options.no_append:
        append({"benchmark": "routing", "num_requests": options.requests} | figures)


if __name__ == "__main__":
    main()
