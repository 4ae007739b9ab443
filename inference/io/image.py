"""PNG and JPEG pictures: 8-bit grey, without spacing and orientation. Numbered pictures of one size make a stack.

PNG can have 16 bits, of which scanners' 12 are used or all, which no file says: the upper 8 of those that a stack uses
are kept, of all its pictures alike.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import SeriesError
from inference.io.sources import FileSource, natural
from inference.io.study import Problem, SeriesInfo
from inference.io.volume_source import HeaderlessSource, headerless_info
from inference.volume import Units, VolumeGeometry

MIN_STACK = 3
_DEEP = ("I;16", "I;16B", "I;16L", "I")
SINGLE, XRAY = "8-bit image", "X-ray image (8-bit)"


class ImageSource(HeaderlessSource):
    """Pictures of one size."""

    kind = "image"

    def __init__(self, files: tuple[FileSource, ...], rows: int, columns: int) -> None:
        geometry = VolumeGeometry((len(files), rows, columns), np.eye(4), orientation_known=False, spacing_known=False)
        super().__init__(files[0], geometry, np.dtype(np.uint8))
        self.files = files

    def open(self) -> ImageReader:
        """Begin to read."""
        return ImageReader(self)


class ImageReader:
    """Reads pictures from any thread."""

    parallel = True

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self._brightest: int | None = None
        self._lock = threading.Lock()

    def read(self, k: int, out: NDArray[np.int16]) -> None:
        """Fill ``out`` with picture ``k``. Raises SeriesError."""
        file = self._source.files[k]
        pixels = _pixels(file)
        if pixels.dtype != np.uint8:
            pixels = (pixels >> max(self._deepest().bit_length() - 8, 0)).clip(0, 255)
        if pixels.shape != out.shape:
            raise SeriesError(f"{file.name} changed its size while it was being read.")
        out[...] = pixels

    def _deepest(self) -> int:
        """The highest value of all pictures, looked up once; those that cannot be read say so when they are."""
        with self._lock:
            if self._brightest is None:
                self._brightest = max(_highest(file) for file in self._source.files)
            return self._brightest

    def settle(self, k: int, pixels: NDArray[np.int16]) -> None:
        """There is only one way to read."""

    def units(self) -> Units:
        """Always 8-bit grey."""
        return Units.GREY8

    def close(self) -> None:
        """Nothing stays open."""


def as_xray(info: SeriesInfo) -> SeriesInfo:
    """The series of a picture that is known to be an X-ray; a DICOM series keeps its own words."""
    if info.kind != "image":
        return replace(info, is_xray=True)
    reason = info.reason.replace(SINGLE, XRAY)
    return replace(info, is_xray=True, description=XRAY, reason=reason)


def scan_images(index: int, files: Sequence[FileSource], problems: list[Problem]) -> list[SeriesInfo]:
    """The series of a folder's pictures: stacks of numbered ones, every other picture alone."""
    groups: dict[tuple[str, str, int, int], list[FileSource]] = {}
    for file in files:
        try:
            rows, columns = _size(file)
        except SeriesError as error:
            problems.append(Problem(file.name, str(error)))
            continue
        pattern = re.sub(r"\d+", "#", file.name)
        groups.setdefault((file.folder, pattern, rows, columns), []).append(file)
    found: list[SeriesInfo] = []
    for (_, pattern, rows, columns), group in groups.items():
        stacks = [group] if _is_numbered(group) else [[file] for file in group]
        for stack in stacks:
            ordered = tuple(sorted(stack, key=lambda file: natural(file.name)))
            name = pattern if len(stack) > 1 else PurePath(stack[0].name).stem
            description = SINGLE if len(stack) == 1 else "stack of 8-bit images"
            source = ImageSource(ordered, rows, columns)
            found.append(headerless_info(index + len(found), source, description, name, Units.GREY8))
    return found


def _is_numbered(group: list[FileSource]) -> bool:
    """Whether the names differ in one number only."""
    numbers = [re.findall(r"\d+", file.name) for file in group]
    varying = [len({row[n] for row in numbers}) for n in range(len(numbers[0]))]
    return len(group) >= MIN_STACK and sum(count > 1 for count in varying) == 1 and max(varying) == len(group)


def _size(file: FileSource) -> tuple[int, int]:
    from PIL.Image import DecompressionBombError

    try:
        with file.open() as stream, _open(stream) as picture:
            width, height = picture.size
            turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except DecompressionBombError as error:
        raise SeriesError(f"{file.name} has more pixels than any slice or X-ray.") from error
    except Exception as error:
        raise SeriesError(
            f"{file.name} is no picture that can be read (damaged, cut short or another type)."
        ) from error
    return (width, height) if turned else (height, width)


def _open(stream: Any) -> Any:
    from PIL import Image

    return Image.open(stream, formats=("PNG", "JPEG"))


def _pixels(file: FileSource) -> NDArray[np.uint8] | NDArray[np.uint32]:
    """Grey values as uint8, turned as the camera says; uint32 where the picture has more bits. Raises SeriesError."""
    try:
        with file.open() as stream:
            with _open(stream) as picture:
                picture.verify()  # a PNG's check sums, which decoding it does not look at
            stream.seek(0)
            with _open(stream) as picture:
                return _grey(picture)
    except Exception as error:
        raise SeriesError(f"{file.name} is damaged or cut short; get it again.") from error


def _highest(file: FileSource) -> int:
    try:
        return int(_pixels(file).max())
    except SeriesError:
        return 0


def _grey(picture: Any) -> NDArray[np.uint8] | NDArray[np.uint32]:
    from PIL import ImageOps

    picture = ImageOps.exif_transpose(picture)
    if picture.mode in _DEEP:
        return np.asarray(picture).astype(np.uint32)
    return np.asarray(picture.convert("RGB").convert("L") if picture.mode != "L" else picture, dtype=np.uint8)
