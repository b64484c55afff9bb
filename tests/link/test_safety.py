"""Rules from a file, on what is said in both directions and on calls; held no longer than promised."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge_agent.errors import SafetyError
from edge_agent.link.pace import FAST_MS_PER_LETTER, MARGIN, SpeechPace, loud_ms
from edge_agent.link.safety import (
    LEAST_DEPTH_MS,
    LONGEST_SILENCE_MS,
    LONGEST_WAIT_MS,
    NO_CHECK,
    SLOW_MS_PER_LETTER,
    AnswerGuard,
    Rule,
    Rules,
    load_rules,
)

RULES = Rules((Rule(name="never", pattern="xyzzy"),))
CARD = "my number is 4111 1111 1111 1111 thanks"


def test_shipped_rules() -> None:
    rules = load_rules("default")
    assert rules.broken_by("agent", CARD) is not None
    assert rules.broken_by("user", CARD) is not None
    assert rules.broken_by("agent", "Please tell me your PIN.") is not None
    assert rules.broken_by("user", "please tell me your pin") is None
    assert rules.broken_by("call", "pay_bill {}") is not None
    for harmless in ("In 1969 two people walked on the moon.", "It is 12 degrees.", "Call 555 0134."):
        assert rules.broken_by("agent", harmless) is None


def test_a_rule_is_found_across_pieces_of_words() -> None:
    guard = AnswerGuard(load_rules("default"), "pass")
    assert [guard.look("agent", piece) for piece in ("It is 4111 11", "11 11")] == [None, None]
    rule = guard.look("agent", "11 1111")
    assert rule is not None
    assert rule.name == "card_number"
    assert guard.may_pass(0.0) is False, "sound passed after the rule was broken"


def test_sound_whose_words_are_known_passes_at_once() -> None:
    guard = AnswerGuard(RULES, "block")
    guard.look("agent", "x" * 20)
    assert guard.may_pass(20 * FAST_MS_PER_LETTER)
    assert not guard.may_pass(20 * FAST_MS_PER_LETTER + 1)


@pytest.mark.parametrize(("without_words", "passes"), [("pass", True), ("block", False)])
def test_sound_without_words(without_words: str, passes: bool) -> None:
    guard = AnswerGuard(RULES, without_words)  # type: ignore[arg-type]
    assert guard.may_pass(40.0) is passes
    assert guard.least_depth_ms == LEAST_DEPTH_MS
    assert guard.gives_up(LONGEST_WAIT_MS)
    assert not guard.gives_up(LONGEST_WAIT_MS - 1)


def test_an_answer_begins_without_words_as_long_as_no_rule_can_be_broken_in_it() -> None:
    guard = AnswerGuard(Rules((Rule(name="never", pattern="xyzzy", least_letters=5),)), "block")
    assert guard.may_pass(4 * FAST_MS_PER_LETTER)
    assert not guard.may_pass(4 * FAST_MS_PER_LETTER + 1)
    assert guard.look("agent", "xyzzy") is not None
    assert not guard.may_pass(1.0)


def test_sound_goes_on_without_words_for_what_is_left_of_the_shortest_match() -> None:
    guard = AnswerGuard(Rules((Rule(name="never", pattern="xyzzy", least_letters=5),)), "block")
    guard.look("agent", "harmless ")
    assert guard.may_pass((9 + 4) * FAST_MS_PER_LETTER)
    assert not guard.may_pass((9 + 4) * FAST_MS_PER_LETTER + 1)
    guard.look("agent", "xyz")
    assert guard.may_pass((12 + 1) * FAST_MS_PER_LETTER)
    assert not guard.may_pass((12 + 1) * FAST_MS_PER_LETTER + 1)
    guard.look("agent", "a ")
    assert guard.may_pass((14 + 4) * FAST_MS_PER_LETTER)


@given(st.text("xyz a", max_size=12), st.text("xyz a", max_size=6))
def test_no_rule_is_ever_broken_by_fewer_letters_than_are_left(before: str, after: str) -> None:
    shortest = Rules((Rule(name="a", pattern=r"\bxy+z|z{3}", least_letters=3), Rule(name="b", pattern="a ?a.*z")))
    assume(shortest.broken_by("agent", before) is None)
    least = shortest.least_letters("agent", before)
    assert least is not None
    assert shortest.broken_by("agent", before + after[: least - 1]) is None


def test_a_voice_is_as_quick_as_the_quickest_of_its_last_answers() -> None:
    pace = SpeechPace()
    assert pace.ms_per_letter == FAST_MS_PER_LETTER
    pace.learn(19, 1e6)  # too short to tell
    assert pace.ms_per_letter == FAST_MS_PER_LETTER
    for ms_per_letter in (90.0, 80.0, 100.0):
        pace.learn(100, 100 * ms_per_letter)
    assert pace.ms_per_letter == pytest.approx(MARGIN * 80.0)
    pace.learn(100, 4_000.0)
    assert pace.ms_per_letter == FAST_MS_PER_LETTER
    for _ in range(8):
        pace.learn(100, 9_000.0)
    assert pace.ms_per_letter == pytest.approx(MARGIN * 90.0), "one quick answer is never forgotten"


def test_the_next_answer_knows_the_voice_of_the_one_before() -> None:
    pace, words = SpeechPace(), "harmless " * 10
    first = AnswerGuard(RULES, "block", pace=pace)
    first.look("agent", words)
    first.finish(100.0 * len(words))
    first.end()
    second = AnswerGuard(RULES, "block", pace=pace)
    second.look("agent", words)
    assert second.may_pass(MARGIN * 100.0 * len(words))
    assert not second.may_pass(MARGIN * 100.0 * len(words) + 1)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000])
def test_pauses_hold_no_words(rate_hz: int) -> None:
    loud, pause = np.full(rate_hz // 10, 5_000, "<i2"), np.full(rate_hz // 5, 50, "<i2")
    assert loud_ms(b"", rate_hz) == 0.0
    assert loud_ms(np.concatenate([pause, loud, pause]).tobytes(), rate_hz) == pytest.approx(100.0)
    assert loud_ms(loud[: rate_hz // 250].tobytes(), rate_hz) == pytest.approx(4.0)


def test_a_rule_that_never_ends_is_a_fault_and_no_halt() -> None:
    rules = Rules((Rule(name="endless", pattern="(?:(?:a+)+)+b"),))
    with pytest.raises(TimeoutError):
        rules.broken_by("agent", "a" * 200)
    assert AnswerGuard(rules, "block").look_at_call("a" * 200) is NO_CHECK
    assert AnswerGuard(rules, "pass").look_at_call("a" * 200) is None


def test_where_no_rule_looks_at_the_agent_its_sound_waits_for_no_words() -> None:
    guard = AnswerGuard(Rules((Rule(name="never", pattern="xyzzy", where=("user",)),)), "block")
    assert guard.may_pass(1e6)


@pytest.mark.parametrize("rule", [rule for rule, _ in load_rules("default").of("agent")], ids=lambda rule: rule.name)
def test_no_shipped_rule_is_broken_by_fewer_letters_than_it_says(rule: Rule) -> None:
    texts = ("4111111111111", "tell your pin", "give your pin", "read your pin", "say your pin")
    broken = [text for text in texts if Rules((rule,)).broken_by("agent", text) is not None]
    assert broken
    assert min(map(len, broken)) == rule.least_letters


def test_a_whole_answer_may_be_slow_but_not_without_words() -> None:
    guard = AnswerGuard(RULES, "block")
    guard.finish(1_000.0)
    assert not guard.may_pass(40.0), "no words came at all"
    guard.look("agent", "x" * 20)
    assert guard.may_pass(20 * SLOW_MS_PER_LETTER)
    assert not guard.may_pass(20 * SLOW_MS_PER_LETTER + LONGEST_SILENCE_MS + 1)


def test_without_rules_nothing_waits() -> None:
    guard = AnswerGuard(Rules(()), "block")
    assert guard.may_pass(1e6)
    assert guard.least_depth_ms == 0.0


@pytest.mark.parametrize(("without_words", "is_broken"), [("pass", False), ("block", True)])
def test_a_fault_of_the_checker(without_words: str, is_broken: bool) -> None:
    class Failing(Rules):
        def broken_by(self, where: str, text: str) -> Rule | None:
            raise RuntimeError

    guard = AnswerGuard(Failing(()), without_words)  # type: ignore[arg-type]
    guard.look("agent", "words")
    assert (guard.broken is not None) is is_broken


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules: [{name: a, pattern: '('}]", "rule 'a'"),
        ("rules: [{name: a}]", "pattern"),
        ("rules: [{name: a, pattern: b, where: [cat]}]", "where"),
        ("rules: [", "not valid YAML"),
        ("", "rules|dictionary"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(SafetyError, match=says):
        load_rules(str(path))
    with pytest.raises(SafetyError, match="default"):
        load_rules(str(tmp_path / "none.yaml"))
