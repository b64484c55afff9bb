"""Timers over virtual time: hours of capture samples in milliseconds."""

from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.skills import Act, Home, Skills
from edge_agent.skills.timers import MAX_TIMERS, NEVER, Timers
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ


def make() -> Skills:
    return Skills(Home(), lambda: datetime(2026, 11, 21))


def at_s(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)


def test_timer_rings_once_and_on_time() -> None:
    skills = make()
    reply = skills.handle("StartTimer", {"minutes": 5}, at_s(2))
    assert (reply.text, reply.acts) == ("Timer set for five minutes.", (Act("timer", "five minute", "started"),))
    assert skills.next_due_sample == at_s(302)
    rung = [alarm for hop in range(310 * 100) for alarm in skills.due(hop * HOP_SAMPLES)]
    assert [(alarm.text, alarm.at_sample) for alarm in rung] == [("Your five minute timer is done.", at_s(302))]
    assert skills.next_due_sample == NEVER


def test_several_named_timers_ring_in_their_order() -> None:
    skills = make()
    skills.handle("StartTimer", {"minutes": 10, "name": "pasta"}, 0)
    skills.handle("StartTimer", {"minutes": 3, "name": "egg"}, at_s(60))
    skills.handle("StartTimer", {"hours": 1, "minutes": 30}, at_s(60))
    rung = [alarm for second in range(6000) for alarm in skills.due(at_s(second))]
    assert [alarm.label for alarm in rung] == ["egg", "pasta", "one hour thirty minute"]
    assert [alarm.at_sample for alarm in rung] == [at_s(240), at_s(600), at_s(5460)]


def test_late_look_finds_all_that_fell_due() -> None:
    skills = make()
    for minutes in (1, 2, 3):
        skills.handle("StartTimer", {"minutes": minutes}, 0)
    assert [alarm.label for alarm in skills.due(at_s(150))] == ["one minute", "two minute"]


def test_durations_are_summed_and_said() -> None:
    skills = make()
    said = skills.handle("StartTimer", {"hours": 1, "minutes": 1, "seconds": 30, "name": "Tea timer"}, 0).text
    assert said == "Tea timer set for one hour, one minute and thirty seconds."
    assert skills.timers.running[0].length_s == 3690
    assert skills.handle("StartTimer", {"seconds": 90}, 0).text == "Timer set for one minute and thirty seconds."


def test_refusals_start_nothing() -> None:
    skills = make()
    assert skills.handle("StartTimer", {}, 0).text == "Please say how long the timer should be."
    assert skills.handle("StartTimer", {"hours": 25}, 0).text == "I can only time up to twenty four hours."
    assert skills.timers.running == []
    skills.handle("StartTimer", {"minutes": 1, "name": "egg"}, 0)
    assert skills.handle("StartTimer", {"minutes": 2, "name": "egg"}, 0).text == "There is already an egg timer."
    for minutes in range(1, MAX_TIMERS):
        skills.handle("StartTimer", {"minutes": minutes}, 0)
    assert skills.handle("StartTimer", {"minutes": 2}, 0).text == "There are too many timers already."
    assert len(skills.timers.running) == MAX_TIMERS


def test_cancel_the_only_timer() -> None:
    skills = make()
    assert skills.handle("CancelTimer", {}, 0).text == "There is no timer to cancel."
    skills.handle("StartTimer", {"minutes": 5}, 0)
    assert skills.handle("CancelTimer", {}, 0).text == "Timer cancelled."
    assert skills.due(at_s(1000)) == []


def test_cancel_by_name_or_length() -> None:
    skills = make()
    skills.handle("StartTimer", {"minutes": 10, "name": "pasta"}, 0)
    skills.handle("StartTimer", {"minutes": 5}, 0)
    skills.handle("StartTimer", {"minutes": 7}, 0)
    assert skills.handle("CancelTimer", {"name": "egg"}, 0).text == "There is no egg timer."
    assert skills.handle("CancelTimer", {"name": "pasta"}, 0).text == "Pasta timer cancelled."
    assert skills.handle("CancelTimer", {"minutes": 7}, 0).text == "Seven minute timer cancelled."
    assert [timer.label for timer in skills.timers.running] == ["five minute"]


def test_cancel_of_several_asks_and_yes_cancels_all() -> None:
    skills = make()
    skills.handle("StartTimer", {"minutes": 10}, 0)
    skills.handle("StartTimer", {"minutes": 5}, 0)
    question = skills.handle("CancelTimer", {}, 0)
    assert question.expects_answer
    assert question.text == "There are two timers. Should I cancel all of them?"
    assert len(skills.timers.running) == 2
    assert skills.handle("Yes", {}, 0).text == "All timers cancelled."
    assert skills.timers.running == []
    assert skills.handle("Yes", {}, 0).text == "I did not ask anything."


def test_no_and_other_commands_close_the_question() -> None:
    for answer in ("No", "Cancel", "Nevermind", "GetTime"):
        skills = make()
        skills.handle("StartTimer", {"minutes": 10}, 0)
        skills.handle("StartTimer", {"minutes": 5}, 0)
        skills.handle("CancelTimer", {}, 0)
        skills.handle(answer, {}, 0)
        skills.handle("Yes", {}, 0)
        assert len(skills.timers.running) == 2


def test_repeat_keeps_the_question_open() -> None:
    skills = make()
    skills.handle("StartTimer", {"minutes": 10}, 0)
    skills.handle("StartTimer", {"minutes": 5}, 0)
    skills.handle("CancelTimer", {}, 0)
    assert skills.handle("Repeat", {}, 0).expects_answer
    skills.handle("Yes", {}, 0)
    assert skills.timers.running == []


def test_status() -> None:
    skills = make()
    assert skills.handle("TimerStatus", {}, 0).text == "There is no timer running."
    skills.handle("StartTimer", {"minutes": 5}, 0)
    assert skills.handle("TimerStatus", {}, at_s(30)).text == "Your timer has four minutes and thirty seconds left."
    skills.handle("StartTimer", {"minutes": 45, "name": "cake"}, at_s(30))
    assert (
        skills.handle("TimerStatus", {"name": "cake"}, at_s(40)).text == "The cake timer has forty five minutes left."
    )
    assert skills.handle("TimerStatus", {}, at_s(270)).text == (
        "There are two timers. The five minute timer has thirty seconds left. "
        "The cake timer has forty one minutes left."
    )


def test_stop_silences_what_rings() -> None:
    for intent in ("Stop", "Cancel", "CancelTimer", "CancelAllTimers"):
        skills = make()
        skills.handle("StartTimer", {"seconds": 1}, 0)
        skills.due(at_s(2))
        assert len(skills.timers.ringing) == 1
        assert Act("stop_alarm") in skills.handle(intent, {}, at_s(3)).acts
        assert skills.timers.ringing == []


def test_cancel_while_one_rings_leaves_the_other() -> None:
    skills = make()
    skills.handle("StartTimer", {"seconds": 1}, 0)
    skills.handle("StartTimer", {"minutes": 5}, 0)
    skills.due(at_s(2))
    skills.handle("CancelTimer", {}, at_s(3))
    assert [timer.length_s for timer in skills.timers.running] == [300]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 400)), max_size=MAX_TIMERS), st.integers(1, 90))
def test_each_timer_rings_exactly_once_whatever_the_step(starts: list[tuple[int, int]], step_s: int) -> None:
    timers, rung = Timers(), []
    for length_s, start_s in starts:
        timers.start(length_s, "", at_s(start_s))
    for second in range(0, 1000, step_s):
        rung += timers.due(at_s(second))
        assert timers.next_due_sample > at_s(second)
    assert sorted(alarm.at_sample for alarm in rung) == sorted(at_s(start + length) for length, start in starts)
