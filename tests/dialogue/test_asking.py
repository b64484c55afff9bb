"""Who may be asked, who was, and what becomes of the answer: dialogues with a scripted ear and rings for a cloud."""

import numpy as np
import pytest

from edge_agent.egress import Gate, State
from edge_agent.offload.asking import MAY_I, MAY_NOT, NOTHING_LEFT, WHAT
from edge_agent.offload.waiting import BRIDGES, GIVE_UP
from edge_agent.parcels import Abandoned, Began, Cancelled, Ended, Lost, Over, Parcel, Piece, Sound, pack, unpack
from edge_agent.profile import EndpointingProfile, Profile
from edge_agent.ring import MessageRing
from tests.dialogue.fakes import Dialogue, Said

QUESTION = Said(1.0, "why is the sky blue today then", None)
SECOND_PCM16 = (np.ones(16_000) * 8_000).astype("<i2").tobytes()


class Cloud:
    """Both rings of a dialogue, seen from the other end."""

    def __init__(
        self, script: list[Said], state: State, host: str | None = "cloud.example", profile: Profile | None = None
    ) -> None:
        self.up, self.down = MessageRing.create(1 << 21), MessageRing.create(1 << 20)
        gate = Gate(state, self.up, host)
        self.dialogue = Dialogue(script, profile=profile, gate=gate, answers=self.down)

    def left(self) -> list[Parcel]:
        parcels = []
        while (message := self.up.receive()) is not None:
            parcel = unpack(message)
            assert parcel is not None
            parcels.append(parcel)
        return parcels

    def answers(self, *parcels: Parcel) -> None:
        for parcel in parcels:
            assert self.down.send(pack(parcel))

    def replies(self) -> list[str]:
        return [event.text for event in self.dialogue.of("reply")]


def kinds(parcels: list[Parcel]) -> list[type[Parcel]]:
    """Types in order, without what repeats."""
    found: list[type[Parcel]] = []
    for parcel in parcels:
        if not found or found[-1] is not type(parcel):
            found.append(type(parcel))
    return found


def test_an_open_question_leaves_while_it_is_spoken_and_its_answer_is_played() -> None:
    cloud = Cloud([QUESTION], "on")
    cloud.dialogue.run(2.4)
    assert kinds(cloud.left()) == [Began, Sound], "nothing had left while the user still spoke"
    cloud.dialogue.run(2.0)
    assert kinds(cloud.left()) == [Sound, Ended]
    begin = len(cloud.dialogue.agent_sound)
    cloud.answers(Piece(1, 20.0, SECOND_PCM16[:16_000]), Piece(1, 20.0, SECOND_PCM16[:16_000]), Over(1))
    cloud.dialogue.run(2.0)
    sound = np.abs(cloud.dialogue.agent_sound[begin:])
    assert np.sum(sound > 0.01) == pytest.approx(16_000, abs=400)
    assert cloud.dialogue.agent.is_idle
    assert cloud.replies() == []
    assert [event.kind for event in cloud.dialogue.of("first_audio")][-1] == "reply"
    assert cloud.dialogue.one("sound_left").outcome == "asked"


@pytest.mark.parametrize(("state", "leaves"), [("on", True), ("local_only", False), ("ask", False)])
def test_what_only_began_like_a_command_is_for_the_cloud_where_it_may_be_asked_at_once(
    state: State, leaves: bool
) -> None:
    cloud = Cloud([Said(1.0, "set a timer for", None, is_begun=True)], state)
    cloud.dialogue.run(6.0)
    assert bool(cloud.left()) is leaves
    assert ("not_understood_1" in cloud.replies()) is not leaves


def test_a_local_command_wins() -> None:
    """The words become a command at the very end, after a start that was none."""
    script = [Said(1.0, "well so then you know", None), Said(2.5, "turn on the light", "LightsOn", already="")]
    cloud = Cloud(script, "on")
    cloud.dialogue.run(6.0)
    assert kinds(cloud.left()) == [Began, Sound, Abandoned]
    assert cloud.dialogue.one("intent").intent == "LightsOn"
    cloud.answers(Piece(1, 20.0, SECOND_PCM16), Over(1))
    begin = len(cloud.dialogue.agent_sound)
    cloud.dialogue.run(2.0)
    assert not np.any(np.abs(cloud.dialogue.agent_sound[begin:]) > 0.01), "the cloud answered a local command"


def test_nothing_leaves_local_only_whatever_is_said() -> None:
    script = [
        Said(1.0, "ask the cloud", "AskCloud"),
        Said(5.0, "why is the sky so blue", None),
        Said(9.0, "yes", "Yes"),
        QUESTION,
    ]
    cloud = Cloud(sorted(script, key=lambda said: said.at_s), "local_only")
    cloud.dialogue.run(14.0)
    assert cloud.left() == []
    assert MAY_NOT in cloud.replies() or "no_cloud_1" in cloud.replies()


def test_a_yes_lets_the_question_out_and_only_it() -> None:
    script = [QUESTION, Said(6.0, "yes", "Yes"), Said(12.0, "and why is grass so green", None)]
    cloud = Cloud(script, "ask")
    cloud.dialogue.run(5.5)
    assert cloud.replies() == [MAY_I]
    assert cloud.left() == []
    cloud.dialogue.run(2.0)
    began, sound, *ended = cloud.left()
    assert isinstance(began, Began)
    assert isinstance(sound, Sound)
    assert (began.purpose, began.consent) == ("consented", "turn")
    assert kinds(ended) == [Ended]
    assert 1.5 < len(sound.pcm16) / 32_000 < 3.5, "not the question, or not all of it"
    cloud.answers(Lost(1, "I can't reach the cloud."))
    cloud.dialogue.run(9.0)
    assert cloud.replies()[-1] == MAY_I, "the consent outlived its turn"
    assert cloud.left() == []


def test_a_no_keeps_the_question_here() -> None:
    cloud = Cloud([QUESTION, Said(6.0, "no", "No")], "ask")
    cloud.dialogue.run(10.0)
    assert cloud.left() == []
    assert cloud.replies() == [MAY_I, "Okay."]


def test_a_yes_that_nobody_asked_for_is_not_answered() -> None:
    cloud = Cloud([Said(1.0, "yes", "Yes")], "ask")
    cloud.dialogue.run(4.0)
    assert cloud.dialogue.of("intent") == []
    assert cloud.replies() == []


def test_ask_the_cloud_is_leave_for_what_follows() -> None:
    cloud = Cloud([Said(1.0, "ask the cloud", "AskCloud"), Said(5.0, "why is the sky so blue today", None)], "ask")
    cloud.dialogue.run(4.0)
    assert cloud.replies() == [WHAT]
    cloud.dialogue.run(5.0)
    began = next(parcel for parcel in cloud.left() if isinstance(parcel, Began))
    assert began.consent == "turn"


def test_do_not_send_this_takes_back_what_is_under_way() -> None:
    cloud = Cloud([QUESTION, Said(5.0, "don't send this", "DontSend")], "on")
    cloud.dialogue.run(9.0)
    parcels = cloud.left()
    assert isinstance(parcels[-1], Cancelled)
    assert NOTHING_LEFT in cloud.replies()
    cloud.answers(Piece(1, 20.0, SECOND_PCM16), Over(1))
    begin = len(cloud.dialogue.agent_sound)
    cloud.dialogue.run(2.0)
    assert not np.any(np.abs(cloud.dialogue.agent_sound[begin:]) > 0.01)


def test_who_barges_in_on_the_cloud_hears_no_more_of_it() -> None:
    cloud = Cloud([QUESTION, Said(6.0, "stop it please now", "Stop")], "on")
    cloud.dialogue.run(4.5)
    for _ in range(6):
        cloud.answers(Piece(1, 20.0, SECOND_PCM16))
    cloud.dialogue.run(5.0)
    cancelled = [parcel for parcel in cloud.left() if isinstance(parcel, Cancelled)]
    assert len(cancelled) == 1
    assert 1_000 < cancelled[0].heard_ms < 3_000
    stopped = cloud.dialogue.one("intent").at_sample
    okay_samples = 16_000 // 4
    assert not np.any(np.abs(cloud.dialogue.agent_sound[stopped + okay_samples + 640 :]) > 0.01), "the answer went on"


def test_a_question_whose_end_was_told_at_once_gets_its_filler_while_the_cloud_is_awaited() -> None:
    profile = Profile(name="test", endpointing=EndpointingProfile(no_intent_ms=280))
    cloud = Cloud([QUESTION], "on", profile=profile)
    cloud.dialogue.run(8.0)
    left, filler, bridge = (cloud.dialogue.of(name)[0].at_sample for name in ("sound_left", "filler", "reply"))
    assert 600 <= (filler - left) / 16 <= 700
    assert bridge > filler
    assert len(cloud.dialogue.of("filler")) == 1


def test_a_cloud_that_says_nothing_is_never_heard_as_silence() -> None:
    cloud = Cloud([QUESTION], "on")
    cloud.dialogue.run(25.0)
    assert cloud.dialogue.one("filler").at_sample < cloud.dialogue.one("sound_left").at_sample, "hmm, hmm"
    assert cloud.replies()[:2] == [BRIDGES[0], BRIDGES[1]]
    assert cloud.replies()[-1] == GIVE_UP
    asked = cloud.dialogue.one("sound_left").at_sample
    gave_up = cloud.dialogue.of("reply")[-1].at_sample
    is_heard = np.abs(cloud.dialogue.agent_sound[asked:gave_up]) > 0.01
    silences = np.diff(np.flatnonzero(np.concatenate([[True], is_heard, [True]])))
    assert silences.max() <= 3 * 16_000


def test_an_answer_that_breaks_off_is_said_to_have() -> None:
    cloud = Cloud([QUESTION], "on")
    cloud.dialogue.run(4.5)
    cloud.answers(Piece(1, 20.0, SECOND_PCM16[:12_000]), Lost(1, "Sorry, the cloud stopped in the middle."))
    cloud.dialogue.run(4.0)
    assert cloud.replies() == ["Sorry, the cloud stopped in the middle."]
    assert cloud.dialogue.agent.is_idle


def test_what_must_not_be_heard_stops_within_a_hop() -> None:
    cloud = Cloud([QUESTION], "on")
    cloud.dialogue.run(4.5)
    for _ in range(3):
        cloud.answers(Piece(1, 20.0, SECOND_PCM16))
    cloud.dialogue.run(1.0)
    cloud.answers(Lost(1, "I would rather not say that.", drop=True))
    begin = len(cloud.dialogue.agent_sound)
    cloud.dialogue.run(0.03)
    cloud.dialogue.run(3.0)
    after = cloud.dialogue.agent_sound[begin:]
    assert np.abs(after[:160]).max() > 0.01, "nothing was sounding, so nothing was tested"
    assert np.abs(after[160 * 4 : 160 * 8]).max() < 0.3
    assert cloud.replies() == ["I would rather not say that."]
