"""Every scenario of `scenarios/`, in virtual time; one that fails leaves the picture of its timeline."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.dialogue.play import KitOf, play
from tests.dialogue.scenario import Scenario, all_scenarios, scenarios_of

ALL = all_scenarios()
GOOD = """\
about: a greeting
hearing: script
vary: {gap_ms: [0, 40]}
talk:
  - {words: hello there, at_ms: 500, intent: GetTime}
  - {words: and again, pause_ms: "{gap_ms}", intent: GetTime}
expect:
  - {event: intent}
"""


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario, kit_of: KitOf, tmp_path: Path) -> None:
    played = play(scenario, kit_of)
    assert not played.faults, played.explain(tmp_path)


def test_there_are_hundreds_of_them() -> None:
    assert len(ALL) >= 200
    assert len({scenario.name for scenario in ALL}) == len(ALL)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "greeting.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_one_file_makes_a_scenario_of_each_combination(written: Callable[[str], Path]) -> None:
    made = list(scenarios_of(written(GOOD)))
    assert [scenario.name for scenario in made] == ["greeting-0", "greeting-40"]
    assert [scenario.talk[1].pause_ms for scenario in made] == [0, 40]


@pytest.mark.parametrize(
    ("was", "becomes", "names"),
    [
        ("event: intent", "event: intent, untill_ms: 3", "untill_ms"),
        ("event: intent", "event: intent, never: reply", "one of event, never and order"),
        ("words: and again", "words: and again, speech: hi", "one of recording, speech and words"),
        ("hearing: script", "hearing: models", "hearing: script"),
        ("about: a greeting", "abuot: a greeting", "abuot"),
    ],
)
def test_a_mistake_in_a_file_is_named(written: Callable[[str], Path], was: str, becomes: str, names: str) -> None:
    with pytest.raises(ValidationError, match=names):
        list(scenarios_of(written(GOOD.replace(was, becomes))))


def test_a_scenario_that_fails_says_why_and_draws_its_timeline(written: Callable[[str], Path], tmp_path: Path) -> None:
    wrong = GOOD.replace("{event: intent}", "{event: intent, where: {intent: LightOn}, within_ms: 900}")
    wrong += "  - {never: reply}\n  - {order: [reply, speech_started, speech_started]}\n"
    wrong += "  - {event: end_of_turn, after: {event: {event: barge_in}}}\n"
    played = play(next(scenarios_of(written(wrong))), lambda profile: pytest.fail("a script needs no models"))
    told = played.explain(tmp_path)
    assert len(played.faults) == 4
    assert "LightOn" in played.faults[0]
    assert "reply" in played.faults[1]
    assert "order" in played.faults[2]
    assert "never came" in played.faults[3]
    assert f"timeline: {tmp_path / 'greeting-0.png'}" in told
    assert (tmp_path / "greeting-0.png").stat().st_size > 10_000
