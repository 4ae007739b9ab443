"""How the pixels of a DICOM file are stored, by its header."""

from __future__ import annotations

from dataclasses import dataclass

from inference.io.dicom_elements import DEFLATED, EXPLICIT_LITTLE, IMPLICIT_LITTLE, UNCOMPRESSED, RawHeader

_LOSSY_SYNTAXES = ("4.50", "4.51", "4.81")
_EITHER_SYNTAXES = ("4.91", "4.93", "4.203")
"""JPEG 2000 and HTJ2K as they may be lossy or not."""


@dataclass(frozen=True, slots=True)
class PixelCoding:
    """How the pixels of a file are stored."""

    transfer_syntax: str
    photometric: str
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    frames: int
    frame_bytes: int
    """Bytes of one uncompressed frame."""
    offset: int | None
    """Where Pixel Data's value begins; None where the file is deflated."""
    padding: int | None
    """(0028,0120), stored value."""

    @property
    def direct(self) -> bool:
        """Whether a frame's bytes can be read straight into an int16 array (little or big endian)."""
        return (
            self.transfer_syntax in UNCOMPRESSED
            and self.offset is not None
            and self.samples == 1
            and self.bits_allocated == 16
            and self.photometric.startswith("MONOCHROME")
        )

    @property
    def lowest(self) -> int:
        """The lowest value that can be stored."""
        return -(1 << (self.bits_stored - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        """The highest value that can be stored."""
        return (1 << (self.bits_stored - self.signed)) - 1

    @property
    def little_endian(self) -> bool:
        """Byte order of uncompressed pixels."""
        return self.transfer_syntax in (IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED)


def coding_of(raw: RawHeader, pixels: int) -> PixelCoding:
    """The coding of a file whose frames have so many ``pixels`` each."""
    allocated, samples = raw.short(0x00280100), max(1, raw.short(0x00280002, 1))
    stored = raw.short(0x00280101) or allocated
    frames = raw.integer(0x00280008) or 1
    signed = raw.short(0x00280103) == 1
    padding: int | None = raw.short(0x00280120, -1)
    if padding is not None and padding >= 1 << 15 and signed:
        padding -= 1 << 16
    subsampled = raw.text(0x00280004) == "YBR_FULL_422"
    return PixelCoding(
        transfer_syntax=raw.transfer_syntax,
        photometric=raw.text(0x00280004) or "MONOCHROME2",
        samples=samples,
        bits_allocated=allocated,
        bits_stored=min(stored, allocated),
        high_bit=min(15, max(raw.short(0x00280102, stored - 1), stored - 1)),
        signed=signed,
        frames=max(1, frames),
        frame_bytes=pixels * (2 if subsampled else samples) * allocated // 8,
        offset=raw.pixel_offset,
        padding=padding if 0x00280120 in raw.elements else None,
    )


def lossy_compression(raw: RawHeader) -> bool | None:
    """Whether lossy compression has touched the pixels; None where neither header nor transfer syntax says."""
    stated = raw.text(0x00282110)
    if stated == "01" or raw.transfer_syntax.endswith(_LOSSY_SYNTAXES):
        return True
    return None if raw.transfer_syntax.endswith(_EITHER_SYNTAXES) and stated != "00" else False
