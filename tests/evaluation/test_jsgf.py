"""The same grammar for others, and slots found in their text."""

from pathlib import Path

from edge_agent.evaluation.jsgf import TextParser, as_jsgf
from edge_agent.models.commands import Commands, load_commands

TEXT = """
intents:
  Order:
    sentences:
      - "(I want|get me) (a|an) {size:size} {drink:drink} with {milk:milk}"
      - "get me {drink:drink}"
lists:
  size: {values: [small, large]}
  drink: {values: [tea, iced tea]}
  milk: {values: [milk, a bit of milk, a little bit of milk]}
"""


def commands(folder: Path) -> Commands:
    path = folder / "orders.yaml"
    path.write_text(TEXT)
    return load_commands(path)


def test_the_grammar_has_every_sentence_and_list(tmp_path: Path) -> None:
    lines = as_jsgf(commands(tmp_path)).splitlines()
    assert lines[0] == "#JSGF V1.0;"
    sentence = "(i want|get me) (a|an) <size> <drink> with <milk> | get me <drink>"
    assert f"public <order> = {sentence};" in lines
    assert "<milk> = milk | a bit of milk | a little bit of milk;" in lines


def test_slots_are_found_and_the_longest_value_counts(tmp_path: Path) -> None:
    parser = TextParser(commands(tmp_path))
    said = {"size": "large", "drink": "iced tea", "milk": "a little bit of milk"}
    assert parser.parse("i want a large  iced tea with a little bit of milk") == ("Order", said)
    assert parser.parse("get me tea") == ("Order", {"drink": "tea"})
    assert parser.parse("get me") == (None, {})
