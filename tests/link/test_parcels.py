"""Parcels come out of a ring as they went in, and nonsense comes out as nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.parcels import Abandoned, Began, Cancelled, Ended, Lost, Over, Parcel, Piece, Sound, pack, unpack

numbers = st.integers(0, 1 << 40)
floats = st.floats(0, 1e6)
sounds = st.binary(max_size=200).map(lambda raw: raw[: len(raw) // 2 * 2])
parcels: st.SearchStrategy[Parcel] = st.one_of(
    st.builds(Began, numbers, numbers, st.text(max_size=20), st.text(max_size=20), floats),
    st.builds(Sound, numbers, numbers, sounds),
    st.builds(Ended, numbers, numbers),
    st.builds(Abandoned, numbers, numbers),
    st.builds(Cancelled, numbers, floats),
    st.builds(Piece, numbers, floats, sounds),
    st.builds(Over, numbers),
    st.builds(Lost, numbers, st.text(max_size=50), st.booleans()),
)


@settings(max_examples=100, deadline=None)
@given(parcels)
def test_there_and_back(parcel: Parcel) -> None:
    assert unpack(pack(parcel)) == parcel


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode() + b"\n")))
def test_nonsense_is_nothing(message: bytes) -> None:
    assert unpack(message) is None


def test_wrong_types_are_nothing() -> None:
    for header in (
        b'{"kind": "Over", "turn": "1"}',
        b'{"kind": "Over", "turn": true}',
        b'{"kind": "Over"}',
        b'{"kind": "Over", "turn": 1, "more": 2}',
        b'{"kind": "Lost", "turn": 1, "say": ["a"]}',
        b'{"kind": ["Over"]}',
        b"[1]",
        b"[" * 100_000,
    ):
        assert unpack(header + b"\n") is None
