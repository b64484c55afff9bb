"""The context format of a commercial engine becomes a commands file that says and means the same."""

import json
from pathlib import Path
from random import Random

import pytest

from edge_agent.models.commands import load_commands
from edge_agent.models.context_import import import_context
from edge_agent.models.grammar import compile_stages
from edge_agent.models.sampling import sample_sentences
from tests.commands.speech import Speech

SMALL = """
context:
  expressions:
    setTimer:
      - "[set, start, put on] (a, the) timer for $pv.TwoDigitInteger:minutes minutes (@polite)"
      - "@polite time $food:what"
  slots:
    food: [soft egg, "[hard, very hard] egg"]
  macros:
    polite: [please, if you like]
"""


def imported(folder: Path, context: Path) -> Speech:
    target = folder / "imported.yaml"
    target.write_text(import_context(context), encoding="utf-8")
    return Speech(compile_stages(load_commands(target)))


def test_choices_options_macros_and_numbers(tmp_path: Path) -> None:
    context = tmp_path / "context.yaml"
    context.write_text(SMALL)
    speech = imported(tmp_path, context)
    assert speech.understood("put on timer for ten minutes") == ("setTimer", {"minutes": 10})
    assert speech.understood("set the timer for forty two minutes if you like") == ("setTimer", {"minutes": 42})
    assert speech.understood("please time soft egg") == ("setTimer", {"what": "soft egg"})
    assert speech.understood("please time very hard egg") == ("setTimer", {"what": "very hard egg"})
    assert speech.meanings("time soft egg") == set()
    assert speech.meanings("set a the timer for ten minutes") == set()


def test_special_signs_of_templates_are_kept_as_text(tmp_path: Path) -> None:
    context = tmp_path / "context.yaml"
    context.write_text("context:\n  expressions:\n    a:\n    - 'go {home} <now>'\n")
    text = import_context(context)
    assert r"go \{home\} \<now\>" in text


@pytest.fixture(scope="module")
def coffee(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Speech:
    return imported(tmp_path_factory.mktemp("coffee"), shared_data / "commands" / "coffee_maker.yaml")


def test_coffee_orders_mean_what_the_labels_say(coffee: Speech, shared_data: Path) -> None:
    labels = json.loads((shared_data / "commands" / "labels.json").read_text())
    for label in labels.values():
        assert coffee.understood(_order_text(label["slots"])) == (label["intent"], label["slots"])


def _order_text(slots: dict[str, str]) -> str:
    before = [slots[slot] for slot in ("numberOfShots", "roast", "size") if slot in slots]
    extras = [slots[slot] for slot in ("sugarAmount", "milkAmount") if slot in slots]
    return " ".join(["can i get a", *before, slots["coffeeDrink"], *(["with", " and ".join(extras)] if extras else [])])


def test_coffee_graph_is_small_and_exact(coffee: Speech) -> None:
    phones = coffee.compiled.phones
    assert phones.num_nodes <= 2000
    assert phones.num_arcs <= 4000
    assert coffee.compiled.warnings == ()
    assert coffee.meanings("can i get a coffee with milk and milk") == set()
    assert coffee.meanings("can i get a coffee with") == set()
    assert coffee.meanings("get me a large large latte") == set()


def test_sampled_coffee_orders_are_understood(coffee: Speech) -> None:
    for text, intent, slots in sample_sentences(coffee.compiled.commands, Random(3), 100):
        assert coffee.understood(text) == (intent, slots)
