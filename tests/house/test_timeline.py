"""The picture: words where they were understood, and a PNG that shows what it was given."""

from pathlib import Path

import numpy as np

from edge_agent import events as e
from edge_agent.link.console import as_line
from edge_agent.picture.words import spoken_words


def at(second: float) -> int:
    return round(second * 16_000)


def conversation() -> list[e.Event]:
    return [
        e.SpeechStarted(at(0.3)),
        e.Partial(at(0.6), "turn"),
        e.Partial(at(0.9), "turn on"),
        e.Committed(at(1.0), "turn on"),
        e.Revised(at(1.2), "turn off", "turn on"),
        e.Partial(at(1.5), "turn off everything"),
        e.Nod(at(1.6), 0.5, "pause"),
        e.EndOfTurn(at(1.9), "complete", 200, at(1.7), "turn off everything"),
        e.Intent(at(1.9), "turn_off", {"area": "everywhere"}, 0.9),
        e.Reply(at(1.9), "All off."),
        e.FirstAudio(at(2.0), 300),
        e.Summary(at(9.0)),
    ]


def test_words_keep_the_moment_from_which_they_stayed() -> None:
    words = [(word.text, word.at_sample, word.is_committed, word.was) for word in spoken_words(conversation())]
    assert words == [
        ("turn", at(0.6), True, ""),
        ("off", at(1.2), True, "on"),
        ("everything", at(1.5), False, ""),
    ]


def test_turns_do_not_run_into_each_other() -> None:
    turn = [e.SpeechStarted(at(0)), e.Partial(at(1), "stop"), e.SpeechStarted(at(2)), e.Partial(at(3), "stop it")]
    assert [(word.text, word.at_sample) for word in spoken_words(turn)] == [
        *(("stop", at(1)), ("stop", at(3)), ("it", at(3))),
    ]


def test_a_shorter_text_takes_nothing_back() -> None:
    words = spoken_words([e.Partial(at(1), "set a timer"), e.Committed(at(2), "set a")])
    assert [(word.text, word.is_committed) for word in words] == [("set", True), ("a", True), ("timer", False)]


def test_picture_shows_both_sides(tmp_path: Path) -> None:
    from matplotlib import image

    from edge_agent.picture.timeline import AGENT, USER, draw_timeline

    sound = np.zeros((at(4), 2), np.float32)
    sound[at(0.3) : at(1.7), 0] = 0.5
    sound[at(2.0) : at(2.8), 1] = 0.5
    path = tmp_path / "picture.png"
    draw_timeline(sound, conversation(), path)
    pixels = np.asarray(image.imread(path))[:, :, :3]
    height, width = pixels.shape[:2]
    for colour, rows, columns in (
        (USER, slice(0, height // 2), slice(0, width // 2)),
        (AGENT, slice(height // 2, height), slice(width // 2, width)),
    ):
        wanted = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
        has_colour = np.abs(pixels - wanted).max(axis=2) < 0.03
        assert has_colour[rows, columns].sum() > 3_000
    draw_timeline(np.zeros((0, 2), np.float32), [], path)
    assert path.stat().st_size > 1_000


def test_picture_says_whether_sound_left() -> None:
    from edge_agent.picture.timeline import AGENT, _mark

    texts = [_mark(e.Offload(at(1), allowed=allowed, reason="", purpose=""))[0] for allowed in (True, False)]
    assert texts == ["sound leaves", "stays here"]
    assert _mark(e.Filler(at(1), "Let me see.")) == ("“Let me see.”", AGENT)


def test_picture_has_the_words_of_a_cloud_where_they_sounded() -> None:
    from edge_agent.picture.timeline import _began_at_s

    answer = e.CloudAnswer(at(8.0), "It rains.", played_ms=4_500.0)
    reply = e.Reply(at(1.0), "One moment.")
    assert _began_at_s(answer, [answer]) == 3.5
    assert _began_at_s(reply, [reply, e.FirstAudio(at(1.4), 300)]) == 1.4


def test_every_event_has_a_line() -> None:
    """One without would be a fault in the hop of a replay."""
    kinds = e.Event.__subclasses__()
    assert e.Corrected in kinds
    for kind in kinds:
        assert "4.00 s" in as_line(kind(at(4.0))).plain
