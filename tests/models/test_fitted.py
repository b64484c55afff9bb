"""Settings that travel with a listener."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from edge_agent.errors import BundleError
from edge_agent.models.bundle import DEFAULT_BUNDLE, Bundle
from edge_agent.models.decoder import DecoderSettings
from edge_agent.models.fitted import Fitted, updated
from edge_agent.models.wake import WakeSettings


def bundle_with(decoder: object) -> Bundle:
    return replace(Bundle.open(DEFAULT_BUNDLE), folder=Path("there"), decoder=MappingProxyType(decoder))  # type: ignore[arg-type]


def test_what_is_not_fitted_keeps_the_value_in_the_code() -> None:
    assert Fitted.of(bundle_with({})) == Fitted()
    fitted = Fitted.of(bundle_with({"short_sentences": {"search": {"blank_cost": 1}}}))
    assert fitted.short_sentences.search.blank_cost == 1.0
    assert fitted.long_sentences == Fitted().long_sentences
    assert replace(fitted, short_sentences=DecoderSettings()) == Fitted()


def test_it_goes_into_a_manifest_and_back() -> None:
    fitted = updated(Fitted(), {"long_sentences": {"confidence": {"bias": -1.25}}, "wake": {"min_score": -2.75}})
    written = fitted.as_json()
    assert written == {"long_sentences": {"confidence": {"bias": -1.25}}, "wake": {"min_score": -2.75}}
    assert Fitted.of(bundle_with(written)) == fitted


def test_a_table_goes_into_a_manifest_and_back() -> None:
    table = [[round(0.01 * (row - column), 2) for column in range(40)] for row in range(40)]
    fitted = updated(Fitted(), {"wake": {"confusions": table}})
    assert fitted.wake.confusions[3][1] == 0.02
    assert fitted.as_json() == {"wake": {"confusions": table}}


def test_a_count_stays_a_whole_number() -> None:
    settle_frames = updated(DecoderSettings(), {"settle_frames": 7}).settle_frames
    assert settle_frames == 7
    assert isinstance(settle_frames, int)
    assert updated(WakeSettings(), {"min_score": -1}).min_score == -1.0


@pytest.mark.parametrize(
    ("decoder", "complaint"),
    [
        ({"wakeful": {}}, "there/manifest.json: decoder: wakeful is none of long_sentences, short_sentences, wake"),
        ({"wake": {"min_score": "low"}}, "min_score is 'low', must be a number"),
        ({"wake": {"min_score": float("nan")}}, "must be a number"),
        ({"wake": {"min_score": True}}, "must be a number"),
        ({"wake": 3}, "wake is 3, must be an object"),
        ({"wake": {"confusions": [[0.5] * 40]}}, "confusions must be a list of 40"),
        ({"wake": {"confusions": [[0.5] * 39] * 40}}, "confusions must be a list of 40"),
        ({"wake": {"confusions": [["loud"] * 40] * 40}}, "confusions is 'loud', must be a number"),
    ],
)
def test_what_is_no_setting_is_refused_with_its_place(decoder: dict[str, object], complaint: str) -> None:
    with pytest.raises(BundleError, match=complaint):
        Fitted.of(bundle_with(decoder))
