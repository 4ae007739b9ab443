"""Bitstream Vera, which reportlab ships: the same letters in pictures and pages on every machine."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

REGULAR = "Vera"
BOLD = "VeraBd"


@cache
def font_path(name: str = REGULAR) -> Path:
    """The TrueType file of that face."""
    spec = find_spec("reportlab")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        path = Path(folder) / "fonts" / f"{name}.ttf"
        if path.is_file():
            return path
    raise FileNotFoundError(f"reportlab's font {name} is not installed")


@cache
def picture_font(size: int, *, bold: bool = False) -> FreeTypeFont:
    """The font for Pillow; ``size`` in pixels."""
    from PIL import ImageFont

    return ImageFont.truetype(str(font_path(BOLD if bold else REGULAR)), size)


@cache
def _known_characters() -> frozenset[int]:
    from reportlab.pdfbase.ttfonts import TTFontFile

    return frozenset(TTFontFile(str(font_path())).charToGlyph)


def printable(text: str) -> str:
    """``text`` with every character that the font lacks as its accentless form, else as ``?``; never a box.

    White space becomes single spaces; those that do not break stay.
    """
    import unicodedata

    known = _known_characters()
    out = []
    for character in re.sub(r"[^\S\xa0]+", " ", text).strip():
        if ord(character) in known:
            out.append(character)
            continue
        plain = unicodedata.normalize("NFKD", character)[0]
        out.append(plain if ord(plain) in known else "?")
    return "".join(out)
