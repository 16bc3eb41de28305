"""A page of A4 with text and lines on it, as a PDF of which every byte follows from what is drawn.

Letters get numbers of their own in each document, so text can be copied and searched whatever the font has of it.
Source: ISO 32000-1, 9.7 (composite fonts) and 9.10 (extraction of text).
"""

from __future__ import annotations

import unicodedata
from io import BytesIO

import pydyf

from mockserver.receipts.font import NAME, font

WIDTH_PT, HEIGHT_PT = 595.28, 841.89
BLACK, GREY = 0.0, 0.4
_CMAP_BLOCK = 100  # entries that a list in a character map may have


def printable(text: str) -> str:
    """A text on one line, letters and accents composed; what is no character becomes a replacement sign or a space."""
    composed = unicodedata.normalize("NFC", text)
    kinds = {letter: unicodedata.category(letter) for letter in composed}
    shown = (
        "\ufffd" if kinds[each] == "Cs" else " " if kinds[each] in ("Cc", "Zl", "Zp") else each for each in composed
    )
    return "".join(shown)


class Page:
    """What is drawn, with y in points down from the top; `pdf` makes the document."""

    def __init__(self) -> None:
        self._texts: list[tuple[float, float, float, float, str]] = []
        self._rules: list[tuple[float, float, float]] = []

    def text(self, x_pt: float, y_pt: float, text: str, *, size_pt: float, grey: float = BLACK) -> None:
        """Write a text from x on, its base line at y."""
        self._texts.append((x_pt, y_pt, size_pt, grey, printable(text)))

    def text_up_to(self, x_pt: float, y_pt: float, text: str, *, size_pt: float, grey: float = BLACK) -> None:
        """Write a text that ends at x."""
        self.text(x_pt - font().length_of(printable(text), size_pt), y_pt, text, size_pt=size_pt, grey=grey)

    def rule(self, from_pt: float, to_pt: float, y_pt: float) -> None:
        """Draw a thin line across."""
        self._rules.append((from_pt, to_pt, y_pt))

    def pdf(self, title: str) -> bytes:
        """The document, with that title and nothing that tells when or where it was made."""
        letters = sorted({letter for *_, text in self._texts for letter in text})
        document = pydyf.PDF()
        document.info["Title"] = pydyf.String(printable(title))
        drawing = self._drawing({letter: number for number, letter in enumerate(letters, start=1)})
        document.add_object(drawing)
        page = {
            "Type": "/Page",
            "Parent": document.pages.reference,
            "MediaBox": pydyf.Array([0, 0, WIDTH_PT, HEIGHT_PT]),
            "Contents": drawing.reference,
            "Resources": pydyf.Dictionary({"Font": pydyf.Dictionary({"F": _embedded(document, letters)})}),
        }
        document.add_page(pydyf.Dictionary(page))
        output = BytesIO()
        document.write(output)
        return output.getvalue()

    def _drawing(self, numbers: dict[str, int]) -> pydyf.Stream:
        drawing = pydyf.Stream()
        drawing.set_line_width(0.5)
        for from_pt, to_pt, y_pt in self._rules:
            drawing.move_to(_rounded(from_pt), _rounded(HEIGHT_PT - y_pt))
            drawing.line_to(_rounded(to_pt), _rounded(HEIGHT_PT - y_pt))
            drawing.stroke()
        drawing.begin_text()
        for x_pt, y_pt, size_pt, grey, text in self._texts:
            drawing.set_color_rgb(grey, grey, grey)
            drawing.set_font_size("F", _rounded(size_pt))
            drawing.set_text_matrix(1, 0, 0, 1, _rounded(x_pt), _rounded(HEIGHT_PT - y_pt))
            drawing.show_text(f"<{''.join(f'{numbers[letter]:04x}' for letter in text)}>")
        drawing.end_text()
        return drawing


def _rounded(length_pt: float) -> float:
    return round(length_pt, 2)


def _embedded(document: pydyf.PDF, letters: list[str]) -> bytes:
    """Add the font to a document, with the letters numbered from 1 on, and return the reference to it."""

    def added(content: pydyf.Object) -> bytes:
        document.add_object(content)
        reference: bytes = content.reference
        return reference

    face = font()
    descriptor = {
        "Type": "/FontDescriptor",
        "FontName": f"/{NAME}",
        "Flags": 4,
        "FontBBox": pydyf.Array(face.box),
        "ItalicAngle": 0,
        "Ascent": face.ascent,
        "Descent": face.descent,
        "CapHeight": face.ascent,
        "StemV": 80,
        "FontFile2": added(pydyf.Stream([face.compressed], {"Filter": "/FlateDecode", "Length1": face.length})),
    }
    glyphs = b"".join(glyph.to_bytes(2, "big") for glyph in (0, *map(face.glyph, letters)))
    system = {"Registry": pydyf.String("Adobe"), "Ordering": pydyf.String("Identity"), "Supplement": 0}
    descendant = {
        "Type": "/Font",
        "Subtype": "/CIDFontType2",
        "BaseFont": f"/{NAME}",
        "CIDSystemInfo": pydyf.Dictionary(system),
        "FontDescriptor": added(pydyf.Dictionary(descriptor)),
        "W": pydyf.Array([1, pydyf.Array(map(face.width, letters))]),
        "CIDToGIDMap": added(pydyf.Stream([glyphs])),
    }
    composite = {
        "Type": "/Font",
        "Subtype": "/Type0",
        "BaseFont": f"/{NAME}",
        "Encoding": "/Identity-H",
        "DescendantFonts": pydyf.Array([added(pydyf.Dictionary(descendant))]),
        "ToUnicode": added(pydyf.Stream([_meanings(letters)])),
    }
    return added(pydyf.Dictionary(composite))


def _meanings(letters: list[str]) -> str:
    entries = [f"<{number:04x}> <{letter.encode('utf-16-be').hex()}>" for number, letter in enumerate(letters, start=1)]
    blocks = [entries[first : first + _CMAP_BLOCK] for first in range(0, len(entries), _CMAP_BLOCK)]
    lists = (f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            "/CMapName /Letters def /CMapType 2 def",
            "1 begincodespacerange <0000> <ffff> endcodespacerange",
            *lists,
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        ]
    )
