"""Fingerprints of frames, to tell exact duplicates by without decoding them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from inference.io.dicom_coding import PixelCoding
from inference.io.dicom_elements import UNCOMPRESSED
from inference.io.sources import FileSource


@dataclass(frozen=True, eq=False)
class FramePixels:
    """The pixels of one file, as they are stored."""

    file: FileSource
    coding: PixelCoding

    def fingerprint(self, frame: int) -> bytes:
        """Of one frame; of a compressed file it is the whole file's and the frame's number."""
        coding = self.coding
        if coding.transfer_syntax not in UNCOMPRESSED or coding.offset is None:
            return self._whole + str(frame).encode()
        return self._hash(coding.offset + frame * coding.frame_bytes, coding.frame_bytes)

    @cached_property
    def _whole(self) -> bytes:
        """Read once, however many frames ask."""
        return self._hash(self.coding.offset or 0, -1)

    def _hash(self, offset: int, count: int) -> bytes:
        try:
            with self.file.open() as stream:
                stream.seek(offset)
                return hashlib.blake2b(stream.read(count), digest_size=16).digest()
        except OSError:
            return str(id(self)).encode()
