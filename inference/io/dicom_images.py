"""One DICOM file as the scan sees it: its series, and one image per frame with header and pixel coding."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from functools import partial

from inference.errors import SeriesError
from inference.io.contrast import described_as_enhanced
from inference.io.dicom_coding import PixelCoding, coding_of, lossy_compression
from inference.io.dicom_elements import UNCOMPRESSED, RawHeader
from inference.io.dicom_fingerprint import FramePixels
from inference.io.dicom_frames import frame_headers, frame_windows
from inference.io.dicom_header import read_header
from inference.io.dicom_luts import ModalityTable, modality_table, with_table
from inference.io.dicom_windows import make_tables, make_windows
from inference.io.slices import SliceHeader
from inference.io.sources import FileSource
from inference.io.study import Identity, WindowLevel

PROJECTIONS = frozenset({"CR", "DX", "RG", "MG", "PX", "IO", "XA", "RF"})
"""Modalities whose images are single pictures, never a stack."""
XRAYS = frozenset({"CR", "DX", "RG"})
_OBJECTS = {
    "SR": "a structured report",
    "PR": "a presentation state",
    "KO": "a selection of key objects",
    "RTSTRUCT": "a set of contours",
    "RTPLAN": "a treatment plan",
    "RTDOSE": "a dose map",
    "SEG": "a segmentation",
    "REG": "a registration",
    "ECG": "a waveform",
    "DOC": "a document",
    "RWV": "a value map",
}
MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
_LEAST_FRAME_BYTES = 8
"""A compressed frame is one item at least, whose tag and length take so much."""


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One frame of one file."""

    file: FileSource
    frame: int
    header: SliceHeader
    coding: PixelCoding
    table: ModalityTable | None = None
    """In place of the rescale."""


@dataclass(frozen=True, eq=False)
class DicomFile:
    """One file that holds images."""

    images: tuple[Image, ...]
    key: tuple[str, ...]
    """Files of one key make one stack."""
    series_uid: str
    study_uid: str
    modality: str
    description: str
    series_number: int
    kernel: str
    study_date: str
    body_part: str
    identity: Identity
    windows: tuple[WindowLevel, ...]
    is_localizer: bool
    is_alone: bool
    """Whether it makes no stack with other files of its series, but for parts of one concatenation."""


def read_file(file: FileSource) -> DicomFile:
    """The images of one file, headers only.

    Raises
    ------
    NotDicom
        If it is no DICOM file.
    SeriesError
        If it holds no image, or is cut short.
    OSError
        If it cannot be read.
    """
    raw = read_header(file)
    modality = raw.text(0x00080060).upper()
    rows, columns = raw.short(0x00280010), raw.short(0x00280011)
    _refuse_without_image(file, raw, modality, rows * columns)
    coding = coding_of(raw, rows * columns)
    size = file.size
    if coding.transfer_syntax in UNCOMPRESSED and coding.offset is not None:
        if coding.offset + coding.frame_bytes * coding.frames > size:
            raise SeriesError(f"{file.name} is cut short: its last pixels are missing. Get it again from its source.")
    elif coding.offset is not None and coding.offset + max(16, _LEAST_FRAME_BYTES * coding.frames) > size:
        raise SeriesError(f"{file.name} is cut short: its pixels are missing. Get it again from its source.")
    elif coding.offset is None and coding.frame_bytes * coding.frames > (raw.pixel_bytes or 0):
        raise SeriesError(f"{file.name} is cut short: its last pixels are missing. Get it again from its source.")
    first = _slice_header(raw, modality, rows, columns, coding)
    has_table = raw.dataset is not None and bool(raw.dataset.get("ModalityLUTSequence", None))
    table = _table(raw, coding) if has_table else None
    try:
        headers = frame_headers(raw.dataset, first, coding.frames)
        windows, kernel, body_part = _display(raw)
    except Exception as error:
        raise SeriesError(f"{file.name} has damaged functional groups; get it again from its source.") from error
    if has_table:
        headers = [with_table(header, table) for header in headers]
    pixels = FramePixels(file, coding)
    images = tuple(
        Image(file, n, replace(header, content_hash=partial(_content_hash, pixels, n, header, table)), coding, table)
        for n, header in enumerate(headers)
    )
    return _described(raw, file, images, modality, windows, kernel, body_part)


def _table(raw: RawHeader, coding: PixelCoding) -> ModalityTable | None:
    """The Modality LUT, None where it cannot be read."""
    try:
        return modality_table(raw.dataset, signed=coding.signed, little_endian=raw.little_endian)
    except ValueError:
        return None


def _refuse_without_image(file: FileSource, raw: RawHeader, modality: str, pixels: int) -> None:
    if raw.text(0x00080016) == MEDIA_DIRECTORY or (
        raw.dataset is not None and "DirectoryRecordSequence" in raw.dataset
    ):
        raise SeriesError(f"{file.name} is the index of a disc, not an image.")
    if modality in _OBJECTS:
        raise SeriesError(f"{file.name} is {_OBJECTS[modality]} ({modality}), not an image.")
    if raw.has_float_pixels:
        raise SeriesError(f"{file.name} holds floating-point pixels (a parametric map), which are not shown.")
    if not raw.has_pixels:
        cut = pixels > 0
        raise SeriesError(f"{file.name} " + ("is cut short before its pixels." if cut else "holds no image."))
    if not pixels:
        raise SeriesError(f"{file.name} does not say how many rows and columns its image has.")
    if raw.short(0x00280100) not in (8, 16):
        raise SeriesError(f"{file.name} has {raw.short(0x00280100)}-bit pixels, which are not shown.")


def _slice_header(raw: RawHeader, modality: str, rows: int, columns: int, coding: PixelCoding) -> SliceHeader:
    spacing = raw.floats(0x00280030)
    position, orientation = raw.floats(0x00200032), raw.floats(0x00200037)
    thickness = raw.number(0x00180050)
    words = f"{raw.text(0x0008103E)} {' '.join(raw.strings(0x00080008))}"
    energy = re.search(r"(\d{2,3})(?:\.\d+)?\s*_?kev", words, re.IGNORECASE)
    return SliceHeader(
        position=(position[0], position[1], position[2]) if len(position) == 3 else None,
        orientation=orientation if len(orientation) == 6 else None,
        rows=rows,
        columns=columns,
        pixel_spacing=(spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else None,
        thickness_mm=thickness if thickness is not None and thickness > 0 else None,
        instance_number=raw.integer(0x00200013),
        image_type=raw.strings(0x00080008),
        frame_of_reference_uid=raw.text(0x00200052),
        modality=modality,
        rescale_slope=raw.number(0x00281053),
        rescale_intercept=None if _is_broken(raw, 0x00281053) else raw.number(0x00281052),
        rescale_type=raw.text(0x00281054) or None,
        units=raw.text(0x00541001),
        patient_position=raw.text(0x00185100).upper(),
        contrast_agent=raw.text(0x00180010) or " ".join(raw.contrast_codes),
        described_as_enhanced=described_as_enhanced(raw.text(0x0008103E)),
        gantry_tilt_degrees=raw.number(0x00181120),
        lossy=lossy_compression(raw),
        derivation_codes=raw.derivation_codes,
        kev=float(energy[1]) if energy else None,
        bits_stored=coding.bits_stored,
    )


def _is_broken(raw: RawHeader, tag: int) -> bool:
    """Whether an element that cannot be 0 is there and is no such number: without its slope a rescale says nothing."""
    return bool(raw.text(tag)) and not raw.number(tag)


def _display(raw: RawHeader) -> tuple[tuple[WindowLevel, ...], tuple[str, ...], str]:
    """Windows, kernel and body part."""
    windows, kernel, body_part = _windows(raw), raw.strings(0x00181210), raw.text(0x00180015)
    if raw.dataset is not None:
        kernel, body_part, windows = frame_windows(raw.dataset, kernel, body_part, windows)
    return windows, kernel, body_part


def _described(
    raw: RawHeader,
    file: FileSource,
    images: tuple[Image, ...],
    modality: str,
    windows: tuple[WindowLevel, ...],
    kernel: tuple[str, ...],
    body_part: str,
) -> DicomFile:
    first = images[0]
    series, study = raw.text(0x0020000D + 1), raw.text(0x0020000D)
    localizer = "LOCALIZER" in (value.upper() for value in first.header.image_type)
    alone = len(images) > 1 or localizer or modality in PROJECTIONS
    own = (raw.text(0x00209161) or raw.text(0x00080018) or file.name) if alone else ""
    grid = f"{first.header.rows}x{first.header.columns}x{first.coding.samples}"
    words = dict.fromkeys(filter(None, (raw.text(0x0008103E) or raw.text(0x00081030), raw.text(0x00181030))))
    return DicomFile(
        images=images,
        key=(study, series or file.folder, grid, "localizer" if localizer else "", own),
        series_uid=series,
        study_uid=study,
        modality=modality,
        description=next(iter(words), ""),
        series_number=raw.integer(0x00200011) or 0,
        kernel="\\".join(kernel),
        study_date=raw.text(0x00080020),
        body_part=body_part or ("CHEST" if _mentions_chest(" ".join(words)) else ""),
        identity=Identity(
            raw.text(0x00100010), raw.text(0x00100020), raw.text(0x00100030), raw.text(0x00100040), raw.text(0x00080050)
        ),
        windows=windows,
        is_localizer=localizer,
        is_alone=alone,
    )


def _mentions_chest(words: str) -> bool:
    return re.search(r"chest|thor|lung|pulm", words, re.IGNORECASE) is not None


def _windows(raw: RawHeader) -> tuple[WindowLevel, ...]:
    """The VOI LUTs of the header, which say more, then its windows."""
    names = raw.strings(0x00281055)
    function = raw.text(0x00281056).upper()
    tables: tuple[WindowLevel, ...] = ()
    if raw.dataset is not None:
        signed = raw.short(0x00280103) == 1 or (raw.number(0x00281052) or 0.0) < 0
        items = raw.dataset.get("VOILUTSequence", None)
        tables = make_tables(items, signed=signed, little_endian=raw.little_endian)
    return (*tables, *make_windows(raw.floats(0x00281050), raw.floats(0x00281051), names, function))


def _content_hash(pixels: FramePixels, frame: int, header: SliceHeader, table: ModalityTable | None) -> str:
    """A hash of one frame's pixels and their rescale; unique where the file cannot be read again."""
    alike = replace(pixels.coding, offset=None)
    digest = hashlib.blake2b(f"{header.rescale_slope} {header.rescale_intercept} {alike}".encode(), digest_size=16)
    if table is not None:
        digest.update(f"{table.first} {table.kind}".encode() + table.entries.tobytes())
    digest.update(pixels.fingerprint(frame))
    return digest.hexdigest()
