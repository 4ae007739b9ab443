"""The elements of a DICOM header that matter here, by tag, and their values as text and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
UNCOMPRESSED = (IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG)

PIXEL_DATA = 0x7FE00010
FLOAT_PIXELS = (0x7FE00008, 0x7FE00009)
PER_FRAME_GROUPS = 0x52009230
SHARED_GROUPS = 0x52009229
DERIVATION_CODES = 0x00089215
CONTRAST_CODES = 0x00180012
VALUE_MAPS = 0x00409096
VOI_LUTS = 0x00283010
MODALITY_LUTS = 0x00283000

WANTED = frozenset(
    {
        *(0x00080005, 0x00080008, 0x00080016, 0x00080018, 0x00080020, 0x00080050, 0x00080060, 0x00081030, 0x0008103E),
        *(0x00100010, 0x00100020, 0x00100030, 0x00100040),
        *(0x00180010, 0x00180015, 0x00180050, 0x00181030, 0x00181120, 0x00181210, 0x00185100),
        *(0x0020000D, 0x0020000E, 0x00200011, 0x00200013, 0x00200032, 0x00200037, 0x00200052, 0x00209161),
        *(0x00280002, 0x00280004, 0x00280006, 0x00280008, 0x00280010, 0x00280011, 0x00280030, 0x00280100),
        *(0x00280101, 0x00280102, 0x00280103, 0x00280120, 0x00281050, 0x00281051, 0x00281052, 0x00281053),
        *(0x00281054, 0x00281055, 0x00281056, 0x00282110, 0x00541001, 0x00181164),
    }
)
"""Everything the scan looks at, besides the sequences below."""
SEQUENCES = frozenset({PER_FRAME_GROUPS, SHARED_GROUPS, VALUE_MAPS, VOI_LUTS, MODALITY_LUTS})

LONG_VR = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
SHORT_VR = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split(),
)
UNDEFINED = 0xFFFFFFFF
"""A length that only an end marker tells."""


@dataclass(frozen=True, eq=False)
class RawHeader:
    """Top-level elements as bytes, by tag, and where the pixels are.

    ``pixel_offset`` is where the value of Pixel Data begins in the file (None: deflated or absent), ``pixel_bytes``
    its length (None: encapsulated, or absent). ``dataset`` is there where pydicom read the header. The codes are
    those of Derivation Code Sequence and of Contrast/Bolus Agent Sequence.
    """

    elements: dict[int, bytes]
    transfer_syntax: str
    little_endian: bool
    has_pixels: bool
    has_float_pixels: bool
    pixel_offset: int | None
    pixel_bytes: int | None
    dataset: Dataset | None = None
    derivation_codes: tuple[str, ...] = ()
    contrast_codes: tuple[str, ...] = ()

    def text(self, tag: int) -> str:
        """The element in its own character set, trimmed; "" where absent."""
        raw = self.elements.get(tag)
        return _decode(raw, self.elements.get(0x00080005, b"")) if raw else ""

    def strings(self, tag: int) -> tuple[str, ...]:
        """The values of a multi-valued text element."""
        text = self.text(tag)
        return tuple(part.strip() for part in text.split("\\")) if text else ()

    def floats(self, tag: int) -> tuple[float, ...]:
        """The values of a decimal string; () where absent or not numbers."""
        raw = self.elements.get(tag)
        return _floats(raw) if raw else ()

    def number(self, tag: int) -> float | None:
        """The first value of a decimal string."""
        values = self.floats(tag)
        return values[0] if values else None

    def integer(self, tag: int) -> int | None:
        """The value of an integer string."""
        value = self.number(tag)
        return int(value) if value is not None else None

    def short(self, tag: int, absent: int = 0) -> int:
        """The first value of an unsigned 16-bit element."""
        raw = self.elements.get(tag)
        if raw is None or len(raw) < 2:
            return absent
        return int.from_bytes(raw[:2], "little" if self.little_endian else "big")


@lru_cache(maxsize=4096)
def _floats(raw: bytes) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in raw.rstrip(b"\0 ").split(b"\\"))
    except ValueError:
        return ()
    return values if all(abs(value) < 1e12 for value in values) else ()


@lru_cache(maxsize=4096)
def _decode(raw: bytes, charset: bytes) -> str:
    stripped = raw.rstrip(b"\0 ")
    if stripped.isascii() and b"\x1b" not in stripped:
        return stripped.decode("ascii").strip()
    from pydicom.charset import convert_encodings, decode_bytes

    try:
        encodings = convert_encodings(charset.decode("ascii", "ignore").strip().split("\\"))
        return decode_bytes(stripped, encodings, {ord(delimiter) for delimiter in "\\^="}).strip()
    except (LookupError, ValueError):
        return stripped.decode("latin-1").strip()
