"""Each line gets its own text, whether its sound is packed or not, and what is no such file is said in one line."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.games import GameError
from export.steel_sky import steel_sky

FOLDER = "usr/share/scummvm/beneath-a-steel-sky"
HEADER = bytes(22)
CODES = {" ": "000", "e": "0010", "a": "0011", "s": "01001", "t": "01010", ".": "01100", "\0": "100000", "E": "100001"}
NUM_SYMBOLS = 15  # of every table of the packer below, each of four bits


class Packer:
    """Words of 16 bits, the lowest first, each begun where its first bit is needed; bytes come in between."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.at, self.num_bits = 0, 16
        self.bits(0, 2)

    def bits(self, value: int, num_bits: int) -> None:
        for place in range(num_bits):
            if self.num_bits == 16:
                self.at, self.num_bits = len(self.out), 0
                self.out += bytes(2)
            self.out[self.at + self.num_bits // 8] |= (value >> place & 1) << self.num_bits % 8
            self.num_bits += 1

    def table(self) -> None:
        self.bits(NUM_SYMBOLS, 5)
        for _ in range(NUM_SYMBOLS):
            self.bits(4, 4)

    def number(self, value: int) -> None:
        symbol = value if value < 2 else value.bit_length()
        self.bits(int(f"{symbol:04b}"[::-1], 2), 4)
        if value >= 2:
            self.bits(value - (1 << symbol - 1), symbol - 1)


def packed(runs: list[tuple[bytes, int, int]], last: bytes) -> tuple[bytes, bytes]:
    """A packed file and what is in it: each run is some bytes, and a copy (distance, length) from before."""
    packer, plain = Packer(), bytearray()
    for _ in range(3):
        packer.table()
    packer.bits(len(runs) + 1, 16)
    for literal, distance, length in [*runs, (last, 0, 0)]:
        packer.number(len(literal))
        packer.out += literal
        plain += literal
        if length:
            packer.number(distance - 1)
            packer.number(length - 2)
            for _ in range(length):
                plain.append(plain[-distance])
    head = b"RNC\1" + struct.pack(">2I2H2B", len(plain), len(packer.out), 0, 0, 0, 1)
    return head + packer.out, bytes(plain)


def section(texts: list[str]) -> bytes:
    """The texts of a section, with both tables of sizes in pairs of bits."""
    coded = ["".join(CODES[letter] for letter in text + "\0") for text in texts]
    coded = [bits + "0" * (-len(bits) % 16) for bits in coded]
    sizes = [len(bits) // 2 for bits in coded]
    blocks = [sum(sizes[first : first + 32]) for first in range(0, len(sizes) - 32, 32)]
    skips = bytes(0x80 | size >> 3 for size in sizes)
    sizes_at = 4 + 2 * len(blocks)
    bits = "".join(coded)
    data = bytes(int(bits[first : first + 8], 2) for first in range(0, len(bits), 8))
    return struct.pack(f"<2H{len(blocks)}H", sizes_at, sizes_at + len(skips), *blocks) + skips + data


def write_game(package: Path, files: dict[int, bytes]) -> None:
    """Files at offsets of whole 16 bytes, every second one told so."""
    folder = package / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    table, disk = struct.pack("<I", len(files)), b""
    for place, (number, data) in enumerate(files.items()):
        offset = len(disk) // 16 | 1 << 23 if place % 2 else len(disk)
        table += struct.pack("<H", number) + offset.to_bytes(3, "little") + len(data).to_bytes(3, "little")
        disk += data + bytes(-len(data) % 16)
    (folder / "sky.dnr").write_bytes(table)
    (folder / "sky.dsk").write_bytes(disk)


def test_every_line_has_the_text_of_its_number(tmp_path: Path) -> None:
    sound, plain = packed([(b"\x80\xc0\x40", 3, 8)], b"\xff")
    texts = ["Eat a seat.", "sEt."] + ["sat"] * 31 + ["at EasE"]
    files = {
        60600: section(["a sea"]),
        50000: HEADER + b"\x00\x80\xff",
        60601: section(texts),
        50601: HEADER + sound,
        50633: HEADER + bytes([128] * 9),
        59500: HEADER + bytes(9),
    }
    write_game(tmp_path, files)
    game = steel_sky(tmp_path)
    clips = {clip.name: clip for clip in game.clips}
    assert {name: clip.text for name, clip in clips.items()} == {"50000": "a sea", "50601": "set", "50633": "at ease"}
    assert (game.num_clips, game.texts) == (3, ["a sea", "at ease", "set"])
    assert clips["50000"].samples.tolist() == [-1.0, 0.0, 127 / 128]
    assert np.array_equal(clips["50601"].samples * 128 + 128, list(plain))
    assert {clip.rate_hz for clip in clips.values()} == {11025}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("game")


RUN = st.tuples(st.binary(min_size=1, max_size=60), st.integers(1, 400), st.integers(2, 90))


@given(runs=st.lists(RUN, max_size=8), last=st.binary(max_size=20))
def test_what_was_packed_comes_out(package: Path, runs: list, last: bytes) -> None:
    so_far, near = 0, []
    for literal, distance, length in runs:
        so_far += len(literal)
        near.append((literal, min(distance, so_far), length))
        so_far += length
    sound, plain = packed(near, last)
    write_game(package, {60600: section(["sea"]), 50000: HEADER + sound})
    (clip,) = steel_sky(package).clips
    assert bytes((clip.samples * 128 + 128).astype(np.uint8)) == plain


@pytest.mark.parametrize("cut", [10, 30, 45])
def test_a_broken_sound_is_named(tmp_path: Path, cut: int) -> None:
    sound, _ = packed([(bytes(range(40)), 5, 20)], b"end")
    write_game(tmp_path, {60600: section(["sea"]), 50000: HEADER + sound[: len(sound) - cut]})
    with pytest.raises(GameError, match=r"a sound in sky\.dsk is broken; fetch Debian's package"):
        list(steel_sky(tmp_path).clips)


def test_another_file_is_refused(tmp_path: Path) -> None:
    write_game(tmp_path, {})
    (tmp_path / FOLDER / "sky.dnr").write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(GameError, match=r"sky\.dnr is not the game's table; take it from Debian's package"):
        steel_sky(tmp_path)
