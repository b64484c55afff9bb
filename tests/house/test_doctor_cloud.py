"""What the doctor says of cloud models: where questions go, and what is missing; nobody is connected to."""

import pytest

from edge_agent.doctor import Finding, examine
from edge_agent.profile import CloudProfile, ModerationProfile, PrivacyProfile, Profile, ProviderProfile

NAMES = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "EDGE_AGENT_CLOUD_KEY", "CREDENTIALS_DIRECTORY")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def found(state: str, *providers: ProviderProfile) -> list[Finding]:
    cloud = CloudProfile(providers=providers)
    profile = Profile(name="x", privacy=PrivacyProfile(state=state), cloud=cloud)  # type: ignore[arg-type]
    return [finding for finding in examine(profile) if finding.area in ("privacy", "cloud")]


GEMINI = ProviderProfile(kind="gemini_live")
AT_HOME = ProviderProfile(kind="pipeline", url="http://192.168.1.2:8000/v1", model="m")


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("on", "open questions go to generativelanguage.googleapis.com, 192.168.1.2"),
        ("ask", "after your yes"),
        ("local_only", "no sound leaves this machine"),
        ("muted", "no sound leaves this machine"),
    ],
)
def test_where_questions_go(state: str, says: str) -> None:
    assert says in found(state, GEMINI, AT_HOME)[0].what


def test_nothing_leaves_where_nobody_is_named() -> None:
    (privacy,) = found("on")
    assert privacy.what == "on: no sound leaves this machine"


def test_a_missing_key_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    _, gemini, at_home = found("on", GEMINI, AT_HOME)
    assert (gemini.grade, gemini.what) == ("lacking", "gemini_live: I have no key for Gemini.")
    assert "GEMINI_API_KEY" in gemini.cure
    assert at_home.grade == "good"
    monkeypatch.setenv("GEMINI_API_KEY", "secret-of-ours")
    _, gemini, _ = found("on", GEMINI, AT_HOME)
    assert gemini.grade == "good"
    assert "secret-of-ours" not in str(gemini)


def test_a_key_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is set, but not looked at."""
    monkeypatch.setenv("GEMINI_API_KEY", "secret-of-ours")
    _, gemini = found("on", ProviderProfile(kind="gemini_live", key_file="/nowhere/key"))
    assert gemini.grade == "lacking"
    assert gemini.cure == "put it into /nowhere/key, which cannot be read or holds none"


def test_a_moderation_service_that_would_check_nothing_is_named() -> None:
    moderation = ModerationProfile(url="https://api.openai.com/v1", model="omni-moderation-latest")
    profile = Profile(name="x", cloud=CloudProfile(providers=(AT_HOME,), moderation=moderation))
    assert [finding.what for finding in examine(profile) if finding.area == "cloud" and finding.grade == "lacking"] == [
        "moderation: I have no key for moderation."
    ]


@pytest.mark.parametrize(
    ("provider", "hosts", "cure"),
    [
        (GEMINI, ("example.org",), "add it there, if you mean it"),
        (ProviderProfile(kind="pipeline"), (), "give it a 'url'"),
        (ProviderProfile(kind="gpt_live", url="ftp://x"), (), "give one that begins with wss://HOST"),
    ],
)
def test_a_provider_that_cannot_be_used_comes_with_its_cure(
    provider: ProviderProfile, hosts: tuple[str, ...], cure: str
) -> None:
    privacy, cloud = PrivacyProfile(state="on", hosts=hosts), CloudProfile(providers=(provider,))
    profile = Profile(name="x", privacy=privacy, cloud=cloud)
    assert [finding.cure for finding in examine(profile) if finding.area == "cloud"] == [cure]


def test_a_key_that_others_could_read_is_not_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_AGENT_CLOUD_KEY", "secret-of-ours")
    assert "unencrypted" in found("on", AT_HOME)[1].what


def test_a_url_that_is_none_is_said() -> None:
    _, cloud = found("on", ProviderProfile(kind="pipeline"))
    assert (cloud.grade, cloud.cure) == ("lacking", "give it a 'url'")
