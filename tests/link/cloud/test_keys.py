"""Keys: where they are found, where they go, and that nobody can read them."""

import asyncio
import logging
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from edge_agent.link.cloud.base import Failed, SessionConfig, SessionFailed
from edge_agent.link.cloud.keys import find_key, may_carry_key, needs_key, scrub
from edge_agent.link.cloud.parts import Part
from edge_agent.link.cloud.providers import make_session
from edge_agent.link.cloud.wire import Address
from edge_agent.link.cloud_sim.http import serving_http
from edge_agent.link.cloud_sim.server import serving
from edge_agent.link.cloud_sim.stage import Scene, Stage
from tests.link.cloud.talks import FAST, LIVE, ask, config, of, scripted, sound_of, until_done

SECRET = "sk-live-3f9a77c1d5e24b6890"
OPENAI = "wss://api.openai.com/v1/realtime"
GEMINI = "wss://generativelanguage.googleapis.com/ws/x"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "EDGE_AGENT_CLOUD_KEY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def revealed(url: str, key_file: str = "") -> str | None:
    key = find_key(url, key_file)
    return None if key is None else key.get_secret_value()


def test_a_vendors_key_goes_to_that_vendor_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-openai")
    monkeypatch.setenv("GOOGLE_API_KEY", "of-google")
    monkeypatch.setenv("EDGE_AGENT_CLOUD_KEY", "of-home")
    assert revealed(OPENAI) == "of-openai"
    assert revealed("https://eu.api.openai.com/v1") == "of-openai"
    assert revealed(GEMINI) == "of-google"
    assert revealed("wss://openai.com.evil.example/v1/realtime") == "of-home"
    assert revealed("wss://notopenai.com/v1/realtime") == "of-home"
    assert revealed("ws://127.0.0.1:8765/v1/realtime") == "of-home"


def test_a_credentials_file_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "openai_api_key").write_text("from-the-file\n")
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert revealed(OPENAI) == "from-the-file"
    (tmp_path / "own").write_text("named-by-the-profile")
    assert revealed(OPENAI, str(tmp_path / "own")) == "named-by-the-profile"
    assert revealed(OPENAI, str(tmp_path / "missing")) is None


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00k", b"two words", b"key\r\nX-Other: 1"])
def test_a_file_without_a_key_is_no_key(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)
    assert find_key(OPENAI, str(tmp_path / "key")) is None


def test_a_key_travels_encrypted_or_not_at_all() -> None:
    assert may_carry_key("wss://api.openai.com/v1/realtime")
    assert may_carry_key("ws://localhost:8765/v1/realtime")
    assert may_carry_key("http://[::1]:80/v1")
    assert not may_carry_key("ws://192.168.1.7:8765/v1/realtime")
    assert not may_carry_key("ws://localhost.example/v1")
    assert needs_key(GEMINI)
    assert not needs_key("ws://homeserver:8765/v1/realtime")


def failure_of(provider: str, session_config: SessionConfig) -> Failed:
    session = make_session(provider, session_config)
    with pytest.raises(SessionFailed) as caught:
        asyncio.run(session.open())
    return caught.value.failure


def test_no_key_is_one_sentence_with_its_cure() -> None:
    failure = failure_of("gemini_live", SessionConfig(model="gemini-3.8-live"))
    assert failure.message == "I have no key for Gemini."
    assert "GEMINI_API_KEY" in failure.detail
    assert failure.kind == "key"


def test_a_key_is_not_sent_in_the_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_AGENT_CLOUD_KEY", SECRET)
    failure = failure_of("openai_realtime", SessionConfig(model="m", url="ws://192.0.2.1/v1/realtime"))
    assert failure.message == "I don't send my key to OpenAI unencrypted."


def opened_at(provider: str, scene: Scene) -> tuple[Failed, str]:
    """How opening fails against a stand-in on a socket, and everything that could be printed of it."""

    async def talk() -> tuple[Failed, str]:
        async with serving(Stage(scene)) as port:
            session = make_session(provider, config(provider, port))
            try:
                await session.open()
            except SessionFailed as failed:
                shown = "".join(traceback.format_exception(failed)) + repr(session.__dict__)
                return failed.failure, shown
            events = await until_done(session.events())
            await session.close()
            return of(Failed, events)[0], repr(events)

    return asyncio.run(talk())


NAMES = {"gemini_live": "Gemini", "openai_realtime": "OpenAI", "gpt_live": "OpenAI"}


@pytest.mark.parametrize("provider", LIVE)
@pytest.mark.parametrize(
    ("scene", "kind", "sentence"),
    [
        (Scene(key="another"), "key", "{} does not accept my key."),
        (Scene(is_quota_used=True), "quota", "{} says that my quota is used up."),
        (Scene(models=("gpt-9",)), "model", "{} does not know the model m."),
    ],
)
def test_wrong_key_quota_and_unknown_model_are_one_clear_sentence(
    provider: str,
    scene: Scene,
    kind: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EDGE_AGENT_CLOUD_KEY", SECRET)
    caplog.set_level(logging.DEBUG)
    failure, shown = opened_at(provider, scene)
    assert failure.kind == kind
    assert failure.message == sentence.format(NAMES[provider])
    printed = "".join(capfd.readouterr())
    for text in (shown, repr(failure), caplog.text, printed):
        assert SECRET not in text


@pytest.mark.parametrize(
    ("scene", "kind"),
    [(Scene(key="another"), "key"), (Scene(is_quota_used=True), "quota"), (Scene(models=("x",)), "model")],
)
def test_the_parts_of_a_pipeline_fail_as_clearly(
    scene: Scene, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EDGE_AGENT_CLOUD_KEY", SECRET)
    caplog.set_level(logging.DEBUG)

    async def talk() -> Failed:
        async with serving_http(Stage(scene)) as port:
            url = f"http://127.0.0.1:{port}/v1"
            session = make_session(
                "pipeline", SessionConfig(model="m", url=url), parts=(Part(url, "ears"), Part(url, "tongue"))
            )
            await session.open()
            await ask(session)
            events = await until_done(session.events())
            await session.close()
            return of(Failed, events)[0]

    failure = asyncio.run(talk())
    assert failure.kind == kind
    assert " service " in failure.message
    assert SECRET not in caplog.text + repr(failure)


@pytest.mark.parametrize("provider", LIVE)
def test_a_whole_conversation_at_debug_level_shows_no_key(
    provider: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EDGE_AGENT_CLOUD_KEY", SECRET)
    caplog.set_level(logging.DEBUG)

    async def talk() -> None:
        async with serving(Stage(replace(FAST, key=SECRET))) as port:
            session = make_session(provider, config(provider, port))
            await session.open()
            await ask(session)
            heard = await until_done(session.events()) if provider != "gpt_live" else []
            assert sound_of(heard) or provider == "gpt_live"
            assert SECRET not in repr(session) + repr(session.__dict__)
            await session.close()

    asyncio.run(talk())
    assert SECRET not in caplog.text + "".join(capfd.readouterr())


def test_a_key_that_a_provider_quotes_is_struck_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_AGENT_CLOUD_KEY", "plainsecret")

    async def talk() -> list[object]:
        error = {"code": "invalid_api_key", "message": "Incorrect API key provided: plainsecret\n\x1b[31m, sk-ab**cd"}
        session, _ = scripted("openai_realtime", [{"type": "error", "error": error}])
        await session.open()
        return [event async for event in session.events()]

    events = asyncio.run(talk())
    failure = next(event for event in events if isinstance(event, Failed))
    assert failure.kind == "key"
    assert "plainsecret" not in repr(failure)
    assert "sk-ab" not in repr(failure)
    assert "\x1b" not in failure.detail
    assert "\n" not in failure.detail


def test_what_holds_a_key_does_not_show_it() -> None:
    address = Address("wss://api.openai.com", {"Authorization": f"Bearer {SECRET}"})
    assert SECRET not in repr(address)
    assert scrub(f"no {SECRET} here", SecretStr(SECRET)) == "no *** here"
    assert scrub("key AIzaSyA-1234567890 is bad", None) == "key *** is bad"
