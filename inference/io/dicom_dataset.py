"""Headers and data sets as pydicom reads them: quietly, and for what the fast walk leaves to it."""

from __future__ import annotations

import struct
import threading
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from inference.errors import SeriesError
from inference.io.deflated import refuse_bomb
from inference.io.dicom_elements import (
    CONTRAST_CODES,
    DEFLATED,
    DERIVATION_CODES,
    EXPLICIT_BIG,
    FLOAT_PIXELS,
    LONG_VR,
    PIXEL_DATA,
    SEQUENCES,
    SHORT_VR,
    UNDEFINED,
    WANTED,
    RawHeader,
)
from inference.io.sources import FileSource

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_QUIET = threading.Lock()


class NotDicom(SeriesError):
    """The file is no DICOM file at all."""


def read_dataset(stream: BinaryIO, tags: list[int] | None = None, *, pixels: bool = False) -> tuple[Dataset, int]:
    """The data set, without pixels unless asked for, and where reading ended.

    Quiet: what is wrong with a file is told once, by us.
    """
    from pydicom import dcmread

    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted: list[Any] | None = list(tags) if tags is not None else None
        return dcmread(stream, stop_before_pixels=not pixels, force=True, specific_tags=wanted), stream.tell()


def read_by_pydicom(file: FileSource, data: bytes) -> RawHeader:
    """The header of a file that begins with ``data``. Raises NotDicom, SeriesError for a damaged one, and OSError."""
    if not _could_be_dicom(data):
        raise NotDicom(f"{file.name} is no DICOM file.")
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if DEFLATED.encode() in data:
        refuse_bomb(file)
    tags: list[int] = sorted({*WANTED, *SEQUENCES, DERIVATION_CODES, CONTRAST_CODES, 0x00041220})
    with file.open() as stream:
        try:
            dataset, after = read_dataset(stream, tags)
            stream.seek(after)
            tail = stream.read(12)
            elements = _raw_elements(dataset)
            derived, contrast = (_codes(dataset, tag) for tag in (DERIVATION_CODES, CONTRAST_CODES))
        except OSError:
            raise
        except Exception as error:
            raise SeriesError(f"{file.name} has a damaged DICOM header; get it again from its source.") from error
    implicit, little = dataset.original_encoding
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", "") or "")
    if not syntax:
        syntax = str(ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else EXPLICIT_BIG)
    if not elements and "DirectoryRecordSequence" not in dataset:
        raise NotDicom(f"{file.name} is no DICOM file.")
    header = RawHeader(elements, syntax, bool(little), False, False, None, None, dataset, derived, contrast)
    return _with_pixels(header, tail, after, file)


def _raw_elements(dataset: Dataset) -> dict[int, bytes]:
    """The wanted elements as bytes."""
    from pydicom.dataelem import RawDataElement

    elements: dict[int, bytes] = {}
    for tag in WANTED:
        item: Any = dataset.get_item(tag) if tag in dataset else None
        if isinstance(item, RawDataElement) and isinstance(item.value, bytes):
            elements[tag] = item.value
    return elements


def _codes(dataset: Dataset, sequence: int) -> tuple[str, ...]:
    """The code values of a sequence's items."""
    items: Any = dataset[sequence].value if sequence in dataset else ()
    return tuple(str(item.get("CodeValue", "")) for item in items or ())


def _with_pixels(header: RawHeader, tail: bytes, offset: int, file: FileSource) -> RawHeader:
    """The header with the place of the pixels; ``tail`` is what follows the last element before them."""
    if header.transfer_syntax == DEFLATED:
        tail, offset = _deflated_tail(file)
    if len(tail) < 8:
        return header
    order = "<" if header.little_endian else ">"
    group, element, vr = struct.unpack_from(f"{order}HH2s", tail)
    tag = group << 16 | element
    if tag not in (PIXEL_DATA, *FLOAT_PIXELS):
        return header
    start, length = offset + 8, struct.unpack_from(f"{order}I", tail, 4)[0]
    if vr in LONG_VR and len(tail) == 12:
        start, length = offset + 12, struct.unpack_from(f"{order}I", tail, 8)[0]
    direct = tag == PIXEL_DATA and header.transfer_syntax != DEFLATED
    return replace(
        header,
        has_pixels=tag == PIXEL_DATA,
        has_float_pixels=tag in FLOAT_PIXELS,
        pixel_offset=start if direct else None,
        pixel_bytes=length if length != UNDEFINED else None,
    )


def _deflated_tail(file: FileSource) -> tuple[bytes, int]:
    """The bytes that begin Pixel Data in a deflated file, found by their tag."""
    with file.open() as stream:
        dataset, _ = read_dataset(stream, pixels=True)
    size = len(dataset.PixelData) if "PixelData" in dataset else -1
    return (struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, size), 0) if size >= 0 else (b"", 0)


def _could_be_dicom(data: bytes) -> bool:
    """Preamble and prefix, or a first element as old files without preamble have it."""
    if data[128:132] == b"DICM":
        return True
    if len(data) < 12:
        return False
    for order in ("<", ">"):
        group, element = struct.unpack_from(f"{order}HH", data)
        if group in (0x0002, 0x0008) and element <= 0x0070:
            length = struct.unpack_from(f"{order}I", data, 4)[0]
            if data[4:6] in SHORT_VR or data[4:6] in LONG_VR or length < 1024:
                return True
    return False
