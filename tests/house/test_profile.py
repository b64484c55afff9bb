"""Profiles: every shipped one is good, and every fault names file, line and cure."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from edge_agent.errors import ProfileError
from edge_agent.profile import Profile
from edge_agent.profile_file import load_profile, shipped_profiles

FAULTS = {
    "audio:\n  devise: x": (3, "did you mean 'device'", "valid: device, block_ms"),
    "audio:\n  loudspeaker: loud": (3, "'audio.loudspeaker' is 'loud'", "'open' or 'isolated'"),
    "reflexes:\n  nod:\n    intensity: 3": (4, "'reflexes.nod.intensity' is 3", "less than or equal to 1"),
    "reflexes:\n  nod: {enabled: maybe}": (3, "'reflexes.nod.enabled'", "boolean"),
    "wake:\n  phrases:\n    - computer\n    - 7": (5, "'wake.phrases.1' is 7", "string"),
    "wake: {awake_s: '8'}": (2, "'wake.awake_s' is '8'", "number"),
    "privacy:\n  state: off": (3, "'privacy.state' is 'off'", "'local_only', 'ask' or 'on'"),
    "voice:\n  engines: [siri]": (3, "'voice.engines.0' is 'siri'", "'flite'"),
    "cloud: {providers: [{kind: gpt_live, modle: x}]}": (2, "unknown key 'cloud.providers.0.modle'", "'model'"),
    "home_assistant: {entities: {light.x: {aria: k}}}": (2, "unknown key 'home_assistant", "did you mean 'area'"),
    "colour: red": (2, "unknown key 'colour'", "valid: name"),
    "audio: {}\naudio: {}": (3, "'audio' stands twice", "keep one"),
    "reflexes:\n  nod: {intensity: 0.1, intensity: 0.2}": (3, "'intensity' stands twice", "keep one"),
    "voice: &self {engines: *self}": (1, "ircular", "plain strings"),
    "audio: [": (3, "not valid YAML", ""),
    "wake: 2020-01-01": (1, "date", "plain strings"),
}


@pytest.mark.parametrize("body", FAULTS, ids=lambda body: body.replace("\n", " "))
def test_fault_names_file_line_and_cure(tmp_path: Path, body: str) -> None:
    line, what, cure = FAULTS[body]
    path = tmp_path / "broken.yaml"
    path.write_text(f"name: broken\n{body}\n")
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert what in message
    assert cure in message
    assert "\n" not in message


def test_unknown_name_lists_the_shipped() -> None:
    with pytest.raises(ProfileError, match=r"no profile 'toaster'.*generic_x86.*raspberry_pi_5"):
        load_profile("toaster")


def test_empty_file_and_missing_name(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("")
    with pytest.raises(ProfileError, match=r"p.yaml:1: .*name:"):
        load_profile(path)
    path.write_text("audio: {}\n")
    with pytest.raises(ProfileError, match=r"p.yaml:1: 'name' is missing"):
        load_profile(path)


def test_not_text(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(path)


def test_shipped_profiles_are_good_and_named_like_their_files() -> None:
    names = set(shipped_profiles())
    assert {"generic_x86", "raspberry_pi_5", "jetson_orin_nano", "jetson_thor"} <= names
    for name in names:
        assert load_profile(name).name == name


def test_on_is_a_word_not_a_truth_value(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("name: p\nprivacy: {state: on}\nreflexes: {nod: {enabled: false}}\n")
    profile = load_profile(path)
    assert profile.privacy.state == "on"
    assert profile.reflexes.nod.enabled is False


def test_files_are_relative_to_the_profile(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("name: p\ncommands: kitchen.yaml\nmodel: {bundle: ./mine}\n")
    profile = load_profile(path)
    assert profile.commands == str(tmp_path / "kitchen.yaml")
    assert profile.model.bundle == str(tmp_path / "mine")
    assert load_profile().commands == "household"


def test_nobody_changes_a_profile() -> None:
    profile = load_profile()
    with pytest.raises(ValidationError, match="frozen"):
        profile.audio.device = "other"  # type: ignore[misc]
    changed = profile.with_choices(commands="coffee.yaml", wake_phrases=["hello house"])
    assert (changed.commands, changed.wake.phrases) == ("coffee.yaml", ("hello house",))
    assert profile.wake.phrases == ()
    assert profile.with_choices().wake == profile.wake


@pytest.mark.parametrize(
    ("audio", "cancels_echo", "hears_over_itself"),
    [
        ("{}", True, False),
        ("{echo: off}", False, False),
        ("{echo: hardware}", False, True),
        ("{loudspeaker: isolated}", False, True),
    ],
)
def test_who_takes_the_echo_out(tmp_path: Path, audio: str, cancels_echo: bool, hears_over_itself: bool) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"name: p\naudio: {audio}\n")
    profile = load_profile(path).audio
    assert (profile.cancels_echo, profile.hears_over_itself) == (cancels_echo, hears_over_itself)


def test_latency_budget_is_the_sum_of_its_parts() -> None:
    budget = Profile(name="p").latency_budget(lookahead_ms=80)
    assert budget.total_ms == 40 + 10 + 40 + 80 + 4 + 120 + 40
    for name in shipped_profiles():
        assert load_profile(name).latency_budget().total_ms <= 500
