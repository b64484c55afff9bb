"""Pictures: small, at most one a second, only with a question that the gate let out, and counted."""

import asyncio
import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks import virtual_time
from edge_agent.egress import Gate, State
from edge_agent.errors import CameraError
from edge_agent.link.camera import MAX_JPEG_BYTES, Camera, pattern
from edge_agent.link.choosing import Provider
from edge_agent.link.cloud.base import CloudSession, Said
from edge_agent.link.cloud.providers import make_session
from edge_agent.link.cloud_sim.memory import memory_connect
from edge_agent.link.cloud_sim.stage import Scene, Stage
from edge_agent.link.desk import Desk
from edge_agent.link.receipts import Receipt
from edge_agent.link.safety import Rules
from edge_agent.link.session import Runner
from edge_agent.link.turns import Policy
from edge_agent.parcels import pack, unpack
from edge_agent.profile import CameraProfile, Profile
from edge_agent.ring import MessageRing
from edge_agent.skills.tools import LOOK_TOOL
from tests.dialogue.fakes import Dialogue
from tests.dialogue.fakes import Said as Spoken
from tests.link.cloud.talks import config

QUESTION = Spoken(1.0, "why is the sky blue today then and what do you see", None)


class Rig:
    """A question by script, the runner, and a stand-in; a camera whose pictures are numbered."""

    def __init__(self, provider: str, when: str, state: State = "on", *, calls: bool = False) -> None:
        call: tuple[str, dict[str, Any]] = ("look", {})
        self.stage = Stage(Scene(think_s=0.1, answer="I see.", pace=20.0, call=call if calls else None))
        self.provider = provider
        self.state = state
        self.profile = Profile(name="x", camera=CameraProfile(source="pattern", when=when))  # type: ignore[arg-type]
        self.receipts: list[Receipt] = []
        self.num_taken = 0
        self.takes_s = 0.05
        self.trouble = ""

    async def take(self) -> bytes:
        await asyncio.sleep(self.takes_s)
        if self.trouble:
            raise CameraError(self.trouble)
        self.num_taken += 1
        return b"\xff\xd8 %d" % self.num_taken

    def play(self, seconds: float) -> Dialogue:
        return virtual_time.run(self._run(seconds))

    async def _run(self, seconds: float) -> Dialogue:
        up, down, calls = (MessageRing.create(1 << size) for size in (21, 20, 16))
        gate = Gate(self.state, up, "cloud.example")
        dialogue = Dialogue([QUESTION], profile=self.profile, gate=gate, answers=down, calls=calls)
        desk = Desk([LOOK_TOOL], lambda parcel: calls.send(pack(parcel)))

        def make(handle: str | None, history: tuple[Said, ...]) -> CloudSession:
            offered = config(self.provider, tools=desk.offered, tool_model="m")
            return make_session(self.provider, offered, connect=memory_connect(self.stage, delay_s=0.005))

        provider = Provider(self.provider, "memory.example", make)
        runner = Runner(
            [provider],
            lambda parcel: down.send(pack(parcel)),
            Policy(Rules(())),
            self.receipts.append,
            desk=desk,
            camera=self.take,
        )
        running = asyncio.ensure_future(runner.run())
        for _ in range(round(100 * seconds)):
            dialogue.run(0.01)
            while (message := up.receive()) is not None:
                parcel = unpack(message)
                assert parcel is not None
                runner.give(parcel)
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return dialogue


@pytest.mark.parametrize("provider", ["gemini_live", "openai_realtime"])
def test_a_question_is_seen_once_a_second_while_it_leaves(provider: str) -> None:
    rig = Rig(provider, "question")
    dialogue = rig.play(10.0)
    on, off = dialogue.of("camera")
    left = next(event for event in dialogue.of("sound_left") if event.outcome == "asked")
    leaving_s = (left.at_sample - on.at_sample) / 16_000
    assert leaving_s > 2.0
    assert len(rig.stage.pictures) == int(leaving_s) + 1
    assert rig.stage.pictures == [b"\xff\xd8 %d" % (1 + number) for number in range(len(rig.stage.pictures))]
    assert (on.state, off.state) == ("on", "off")
    receipt = rig.receipts[-1]
    assert receipt.outcome == "answered"
    assert receipt.num_pictures == len(rig.stage.pictures)
    assert receipt.sent_bytes == sum(map(len, rig.stage.pictures))


@pytest.mark.parametrize("provider", ["gemini_live", "openai_realtime"])
def test_a_model_that_asks_gets_one_picture_and_then_its_result(provider: str) -> None:
    rig = Rig(provider, "asked", calls=True)
    dialogue = rig.play(10.0)
    assert rig.stage.pictures == [b"\xff\xd8 1"]
    (result,) = rig.stage.tool_results
    assert result.get("response", {"output": result})["output"] == {"status": "ok", "result": "a picture was sent"}
    assert [event.outcome for event in dialogue.of("cloud_call")] == ["done"]
    assert [event.state for event in dialogue.of("camera")] == ["on", "off"]
    assert rig.receipts[-1].outcome == "answered"


def test_nobody_looks_unless_a_picture_is_asked_for() -> None:
    rig = Rig("gemini_live", "asked")
    dialogue = rig.play(8.0)
    assert rig.num_taken == 0
    assert dialogue.of("camera") == []


@pytest.mark.parametrize("state", ["local_only", "muted", "ask"])
def test_without_leave_the_camera_stays_shut(state: State) -> None:
    rig = Rig("gemini_live", "question", state)
    dialogue = rig.play(8.0)
    assert rig.num_taken == 0
    assert dialogue.of("camera") == []


@pytest.mark.parametrize(("trouble", "takes_s"), [("camera is busy", 0.05), ("", 30.0)])
def test_a_camera_that_fails_costs_the_picture_and_not_the_answer(trouble: str, takes_s: float) -> None:
    rig = Rig("openai_realtime", "asked", calls=True)
    rig.trouble, rig.takes_s = trouble, takes_s
    rig.play(12.0)
    assert rig.stage.pictures == []
    assert [result["status"] for result in rig.stage.tool_results] == ["error"]
    assert rig.receipts[-1].outcome == "answered"


def test_a_model_that_takes_no_pictures_is_told_so() -> None:
    rig = Rig("gpt_live", "asked", calls=True)
    rig.play(10.0)
    assert [result["reason"] for result in rig.stage.tool_results] == ["this model takes no pictures"]
    assert rig.receipts[-1].num_pictures == 0


def opened(jpeg: bytes) -> Image.Image:
    assert jpeg[:2] == b"\xff\xd8"
    return Image.open(io.BytesIO(jpeg))


def test_a_test_pattern_is_small_and_of_its_colours() -> None:
    image = opened(Camera(CameraProfile(source="pattern", max_side_px=320)).take())
    assert image.size == (320, 240)
    red, green, blue = image.getpixel((300, 100))  # type: ignore[misc]
    assert min(red, green, blue) > 240
    assert max(image.getpixel((20, 100))) < 15  # type: ignore[arg-type]


def test_noise_is_made_to_fit(tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (900, 900, 3), np.uint8)).save(path)
    taken = Camera(CameraProfile(source=str(path), max_side_px=640, quality=95)).take()
    assert len(taken) <= MAX_JPEG_BYTES
    assert opened(taken).size == (640, 640)


class FakeVideo:
    """What is used of OpenCV; frames come blue first, and the first ones are dark."""

    CAP_V4L2 = 200

    def __init__(self) -> None:
        self.frames: list[Any] = [np.zeros((4, 4, 3), np.uint8)] * 4 + [np.full((4, 4, 3), (250, 0, 0), np.uint8)]
        self.is_open = True
        self.num_released = 0

    def VideoCapture(self, device: str, api: int) -> SimpleNamespace:
        assert (device, api) == ("/dev/null", self.CAP_V4L2)

        def release() -> None:
            self.num_released += 1

        return SimpleNamespace(
            isOpened=lambda: self.is_open, release=release, read=lambda: (bool(self.frames), self.frames.pop(0))
        )


def test_a_frame_of_a_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    video = FakeVideo()
    monkeypatch.setitem(sys.modules, "cv2", video)
    camera = Camera(CameraProfile(source="/dev/null"))
    assert opened(camera.take()).getpixel((2, 2))[2] > 200  # type: ignore[index]
    video.is_open = False
    with pytest.raises(CameraError, match="gives no picture: is another program using it"):
        camera.take()
    assert video.num_released == 2


@pytest.mark.parametrize(("source", "words"), [("/dev/video97", "no camera or picture"), ("no.jpg", "no camera or")])
def test_a_camera_that_is_not_there(source: str, words: str) -> None:
    with pytest.raises(CameraError, match=words):
        Camera(CameraProfile(source=source))


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"no picture")
    with pytest.raises(CameraError, match="is no picture"):
        Camera(CameraProfile(source=str(tmp_path / "x.jpg"))).take()


def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(CameraError, match=r"edge-agent\[vision\]"):
        Camera(CameraProfile(source="pattern"))


def test_the_pattern_has_eight_bars() -> None:
    assert len(np.unique(pattern() @ (1 << 16, 1 << 8, 1))) == 8
