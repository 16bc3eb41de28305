"""The font of receipts: what it knows of letters, and how a PDF embeds it.

The file in `font/` is TrueType with one table of characters, of format 12; its licence is beside it. Source: OpenType
1.9, tables "cmap", "head", "hhea", "hmtx" and "maxp".
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from struct import iter_unpack, unpack_from

NAME = "DejaVuSansCondensed"
_FILE = Path(__file__).with_name("font") / f"{NAME}.ttf"
_MISSING = 0  # the glyph of a letter that the font does not have: a box


@dataclass(frozen=True, slots=True)
class Font:
    """A font file with its glyph of each code point, and widths of glyphs and other lengths in 1/1000 of the size."""

    compressed: bytes
    length: int
    glyphs: dict[int, int]
    widths: tuple[float, ...]
    ascent: float
    descent: float
    box: tuple[float, ...]

    def glyph(self, letter: str) -> int:
        """The glyph of a letter; the box for one that the font does not have."""
        return self.glyphs.get(ord(letter), _MISSING)

    def width(self, letter: str) -> float:
        """How far a letter moves on, in 1/1000 of the size."""
        return self.widths[self.glyph(letter)]

    def length_of(self, text: str, size: float) -> float:
        """How long a text is at that size, in the size's unit."""
        return sum(map(self.width, text)) * size / 1000


@cache
def font() -> Font:
    """The font of receipts, read once."""
    content = _FILE.read_bytes()
    (count,) = unpack_from(">H", content, 4)
    tables = {tag: offset for tag, _, offset, _ in iter_unpack(">4sIII", content[12 : 12 + 16 * count])}
    (units_per_em,) = unpack_from(">H", content, tables[b"head"] + 18)

    def scaled(*lengths: int) -> tuple[float, ...]:
        return tuple(round(length * 1000 / units_per_em, 2) for length in lengths)

    (characters,) = unpack_from(">I", content, tables[b"cmap"] + 8)
    characters += tables[b"cmap"]
    (groups,) = unpack_from(">I", content, characters + 12)
    glyphs = {
        first + number: glyph + number
        for first, last, glyph in iter_unpack(">III", content[characters + 16 : characters + 16 + 12 * groups])
        for number in range(last - first + 1)
    }
    (measured,) = unpack_from(">H", content, tables[b"hhea"] + 34)
    (all_glyphs,) = unpack_from(">H", content, tables[b"maxp"] + 4)
    advances = unpack_from(">" + "Hh" * measured, content, tables[b"hmtx"])[::2]
    widths = scaled(*chain(advances, advances[-1:] * (all_glyphs - measured)))  # the last width is that of all others
    ascent, descent = scaled(*unpack_from(">hh", content, tables[b"hhea"] + 4))
    box = scaled(*unpack_from(">hhhh", content, tables[b"head"] + 36))
    return Font(zlib.compress(content, 9), len(content), glyphs, widths, ascent, descent, box)
