"""The pixels of one DICOM image as int16 in the volume's values.

Uncompressed 16-bit pixels are read straight into the volume. Everything else goes through pydicom and its decoders
(pylibjpeg, pyjpegls, GDCM), or through ITK where that gives the same pixels and leaves other threads free.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import SeriesError
from inference.io.dicom_coding import PixelCoding
from inference.io.dicom_dataset import read_dataset
from inference.io.dicom_images import Image
from inference.io.dicom_values import ValueMap
from inference.io.reader import SliceDamaged

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_DECODERS = ("pyjpegls", "pylibjpeg")
"""Plugins of pydicom, best first; not its own decoder of RLE, which makes a picture even of what is no RLE."""
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def read_direct(image: Image, value_map: ValueMap, out: NDArray[np.int16]) -> None:
    """Read an uncompressed 16-bit image into ``out`` (C-contiguous rows and columns) and map it in place."""
    coding = image.coding
    assert coding.offset is not None
    try:
        with image.file.open() as stream:
            stream.seek(coding.offset + image.frame * coding.frame_bytes)
            read = stream.readinto(memoryview(out.view(np.uint8)))  # type: ignore[attr-defined,arg-type]
    except OSError as error:
        raise SeriesError(f"{image.file.name} cannot be read any more; is its disk still there?") from error
    if read != coding.frame_bytes:
        raise SliceDamaged(f"{image.file.name} is cut short; get it again from its source.")
    if coding.little_endian != (sys.byteorder == "little"):
        out.byteswap(inplace=True)
    _clear_unused_bits(coding, out)
    if not coding.signed and coding.bits_stored == 16:
        out[...] = value_map.of(out.view(np.uint16))
    else:
        value_map.apply(out, coding.lowest, coding.highest)


def _clear_unused_bits(coding: PixelCoding, out: NDArray[np.int16]) -> None:
    """Drop what lies above the high bit (old overlays lie there) and carry the sign of signed values."""
    above, unused = 15 - coding.high_bit, 16 - coding.bits_stored
    if unused <= 0:
        return
    if not coding.signed and above == unused:
        np.bitwise_and(out, coding.highest, out=out)
        return
    np.left_shift(out, above, out=out)
    as_stored = out if coding.signed else out.view(np.uint16)
    np.right_shift(as_stored, unused, out=as_stored)


class Decoder:
    """Decodes compressed, 8-bit and colour images with pydicom. Thread-safe; keeps the last multi-frame file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file: Any = None
        self._dataset: Dataset | None = None

    def read(self, image: Image, value_map: ValueMap, out: NDArray[np.int16]) -> None:
        """Decode an image into ``out``. Raises SeriesError."""
        from pydicom.pixels.processing import apply_color_lut

        try:
            dataset = self._open(image)
            pixels = _decoded(dataset, image)
            if image.coding.photometric == "PALETTE COLOR":
                pixels = apply_color_lut(pixels, dataset)
                pixels = _grey(pixels, 8 * pixels.dtype.itemsize)
            elif pixels.ndim == 3:
                pixels = _grey(pixels, image.coding.bits_stored)
        except Exception as error:
            raise SliceDamaged(
                f"{image.file.name} cannot be decoded (it is damaged, or coded in a way that no decoder here knows)."
            ) from error
        if pixels.shape != out.shape:
            raise SliceDamaged(f"{image.file.name} holds {pixels.shape} pixels, not the {out.shape} its header names.")
        out[...] = value_map.of(pixels)

    def _open(self, image: Image) -> Dataset:
        if image.coding.frames == 1:
            with image.file.open() as stream:
                return read_dataset(stream, pixels=True)[0]
        with self._lock:
            if self._file is not image.file or self._dataset is None:
                with image.file.open() as stream:
                    self._dataset = read_dataset(stream, pixels=True)[0]
                self._file = image.file
            return self._dataset


def _decoded(dataset: Dataset, image: Image) -> NDArray[Any]:
    """One frame, by the first decoder that can. Not by the GDCM of pydicom: damaged JPEGs make it end the process."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import pixel_array
    from pydicom.uid import UID

    frame = image.frame if image.coding.frames > 1 else 0
    syntax = UID(image.coding.transfer_syntax)
    if not syntax.is_encapsulated:
        return pixel_array(dataset, index=frame)
    available = get_decoder(syntax).available_plugins
    failure = ValueError(f"no decoder for {syntax.name}")
    for plugin in (name for name in _DECODERS if name in available):
        try:
            return _by_plugin(dataset, frame, plugin)
        except ValueError as error:
            failure = error
    raise failure


def _by_plugin(dataset: Dataset, frame: int, plugin: str) -> NDArray[Any]:
    from pydicom.pixels.utils import pixel_array

    try:
        return pixel_array(dataset, index=frame, decoding_plugin=plugin)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the RLE decoder, written in Rust, is no Exception
        raise ValueError(f"{plugin} cannot decode it: {error}") from error


def _grey(pixels: NDArray[Any], bits: int) -> NDArray[np.float32]:
    """Brightness of a colour image, 0..255 (ITU-R BT.601)."""
    grey = pixels[..., :3].astype(np.float32) @ _LUMA
    return np.asarray(grey * (255.0 / ((1 << bits) - 1)), dtype=np.float32)
