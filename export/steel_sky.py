"""A third game of Debian's main section, "Beneath a Steel Sky": each spoken line, with its own text.

`sky.dnr` lists the files of `sky.dsk` by number. Files from 60600 on hold the English texts of eight sections, packed
by a fixed prefix code; the line of a text lies from 50000 on, in the order of the texts: 8-bit samples, most of them
packed by Rob Northen's method 1.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from export.games import Clip, Game, GameError, from_unsigned, words

_RATE_HZ = 11025
_SOUND_HEADER_BYTES, _PACKED_HEADER_BYTES = 22, 18
_PACKED = struct.Struct(">4sI8xxB")  # mark, unpacked size, chunks
_FIRST_TEXTS, _FIRST_LINE = 60600, 50000
_FIRST_LINE_OF_SECTION = (0, 600, 1100, 2430, 3380, 4530, 5080, 5230)
_TEXTS_OF_BLOCK = 32
_NUM_TABLES, _SHORTEST_COPY_BYTES = 3, 2
# The leaves of the code's tree from left to right: how deep each lies, to base 17, and its letter.
_DEPTHS = (
    "3445555554665556666665776667777776887778877799888998889999aa9aa9bbaaabbabbaccbccbccbbbccccddcccddddd"
    "dddeedeeeeffeeeffefffgg"
)
_LETTERS = (
    " eaostn.ir\0EumAlIdRNSTOhcDgLCpU!yMPvH?b'f,GBVkFqwK-WJ*zYj+Q\x85)Z\x8b<\x95~\x8a\x87:\x7f]#xX\x91\x88`20\x831/(="
    '\x86^39\x984}8\\"\x90&\x8d56\x92\x8f\x8e\x93\x8c7\x80\x81\x99$@[\x9a_>\x96\x82%\t\x9c\x97{\x94!'
)


def steel_sky(package: Path) -> Game:
    """The lines of dialogue; those of the opening scene, which have no text, stay out. Raises OSError, GameError."""
    folder = package / "usr/share/scummvm/beneath-a-steel-sky"
    files = _read_files((folder / "sky.dnr").read_bytes(), (folder / "sky.dsk").read_bytes())
    lines = {number: text for number, text in _texts_of_lines(files) if number in files}
    clips = (Clip(str(number), from_unsigned(_sound(files[number])), _RATE_HZ, text) for number, text in lines.items())
    return Game(clips, len(lines), sorted(set(lines.values())))


def _read_files(table: bytes, disk: bytes) -> dict[int, bytes]:
    if len(table) != 4 + 8 * int.from_bytes(table[:4], "little"):
        raise GameError("sky.dnr is not the game's table; take it from Debian's package beneath-a-steel-sky")
    files = {}
    for (entry,) in struct.iter_unpack("<Q", table[4:]):
        offset, is_in_16s, size = entry >> 16 & 0x7FFFFF, entry >> 39 & 1, entry >> 40 & 0x3FFFFF
        start = 16 * offset if is_in_16s else offset
        files[entry & 0xFFFF] = disk[start : start + size]
    return files


def _texts_of_lines(files: dict[int, bytes]) -> Iterator[tuple[int, str]]:
    """Number of a line and its words; a text with digits, which no word tells how to say, is left out."""
    for section, first_line in enumerate(_FIRST_LINE_OF_SECTION):
        for number, text in enumerate(_texts(files.get(_FIRST_TEXTS + section, bytes(4)))):
            if (said := words(text)) and not re.search(r"\d", text):
                yield _FIRST_LINE + first_line + number, said


def _texts(data: bytes) -> Iterator[str]:
    """A table of the sizes of blocks of 32 texts, one of the sizes of texts (both in pairs of bits), and the bits."""
    sizes_at, bits_at = struct.unpack_from("<2H", data)
    blocks = struct.unpack_from(f"<{(sizes_at - 4) // 2}H", data, 4) if sizes_at else ()
    bits = "".join(f"{byte:08b}" for byte in data[bits_at:])
    codes, pair = _codes(), 0
    for number, size in enumerate(data[sizes_at:bits_at]):
        if number % _TEXTS_OF_BLOCK == 0:
            pair = sum(blocks[: number // _TEXTS_OF_BLOCK])
        yield _text(bits, 2 * pair, codes)
        pair += (size & 0x7F) << 3 if size & 0x80 else size


def _text(bits: str, position: int, codes: dict[str, str]) -> str:
    letters, start = "", position
    while position < len(bits):
        position += 1
        if (letter := codes.get(bits[start:position])) is not None:
            if letter == "\0":
                break
            letters, start = letters + letter, position
    return letters


def _codes() -> dict[str, str]:
    """Bits of each letter."""
    codes, code, depth = {}, 0, 0
    for digit, letter in zip(_DEPTHS, _LETTERS, strict=True):
        before, depth = depth, int(digit, 17)
        code = code << depth - before if depth > before else code >> before - depth
        codes[f"{code:0{depth}b}"] = letter
        code += 1
    return codes


def _sound(data: bytes) -> bytes:
    body = data[_SOUND_HEADER_BYTES:]
    return _unpacked(body) if body.startswith(b"RNC\1") else body


@dataclass
class _Source:
    """Bits from the lowest up, in words of 16, and whole bytes from behind the words begun."""

    data: bytes
    position: int = _PACKED_HEADER_BYTES
    bits: int = 0
    num_bits: int = 0

    def load(self) -> None:
        """Raises GameError where the data are at an end."""
        if self.position >= len(self.data):
            raise GameError("a sound in sky.dsk is broken; fetch Debian's package beneath-a-steel-sky anew")
        self.bits |= int.from_bytes(self.data[self.position : self.position + 2], "little") << self.num_bits
        self.position, self.num_bits = self.position + 2, self.num_bits + 16

    def take(self, num_bits: int) -> int:
        while self.num_bits < num_bits:
            self.load()
        taken = self.bits & (1 << num_bits) - 1
        self.bits, self.num_bits = self.bits >> num_bits, self.num_bits - num_bits
        return taken

    def table(self) -> dict[int, int]:
        """Number of bits that follow each code, which is led by a one."""
        lengths = [self.take(4) for _ in range(self.take(5))]
        table, code = {}, 0
        for length in range(1, 16):
            code <<= 1
            for symbol in (symbol for symbol, each in enumerate(lengths) if each == length):
                table[1 << length | code] = symbol
                code += 1
        return table

    def number(self, table: dict[int, int]) -> int:
        code = 1
        while (symbol := table.get(code)) is None:
            if not self.num_bits:
                self.load()
            code = code << 1 | self.bits & 1
            self.bits, self.num_bits = self.bits >> 1, self.num_bits - 1
        return symbol if symbol < 2 else 1 << symbol - 1 | self.take(symbol - 1)

    def literal(self, num_bytes: int) -> bytes:
        self.position += num_bytes
        return self.data[self.position - num_bytes : self.position]


def _unpacked(data: bytes) -> bytes:
    """What Rob Northen's method 1 packed. Raises GameError."""
    _, size, num_chunks = _PACKED.unpack_from(data)
    source, out = _Source(data), bytearray()
    source.take(2)
    for _ in range(num_chunks):
        runs, distances, lengths = (source.table() for _ in range(_NUM_TABLES))
        num_runs = source.take(16)
        for run in range(num_runs):
            out += source.literal(source.number(runs))
            if run < num_runs - 1:
                distance, num_bytes = source.number(distances) + 1, source.number(lengths) + _SHORTEST_COPY_BYTES
                copied = out[-distance:][:num_bytes]
                out += (copied * num_bytes)[:num_bytes] if distance < num_bytes else copied
    if len(out) != size:
        raise GameError("a sound in sky.dsk is broken; fetch Debian's package beneath-a-steel-sky anew")
    return bytes(out)
