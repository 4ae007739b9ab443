"""DICOM files into series: grouped by their UIDs and what fits one array, sorted by position, judged from headers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PureWindowsPath

from inference.errors import InputShapeError, SeriesError
from inference.io.dicom_header import read_header
from inference.io.dicom_images import MEDIA_DIRECTORY, XRAYS, DicomFile
from inference.io.dicom_read import source_of
from inference.io.sources import DiskFile, FileSource
from inference.io.study import Problem, SeriesInfo
from inference.verdict import Colour, Reason, Verdict


def by_series(files: Sequence[DicomFile]) -> list[list[DicomFile]]:
    """Files that belong together, in the order of study date, series number and first appearance."""
    groups: dict[tuple[str, ...], list[DicomFile]] = {}
    for file in files:
        groups.setdefault(file.key, []).append(file)
    return sorted(groups.values(), key=lambda group: (group[0].study_date, group[0].series_number))


def is_copy(one: DicomFile, other: DicomFile) -> bool:
    """Whether two files without a place in a stack (films, scouts, multi-frame objects) are the same object twice.

    Slices of a stack are told by their positions, in :func:`inference.io.slices.arrange`.
    """
    if not one.is_alone or len(one.images) != len(other.images):
        return False
    pairs = [(a.header, b.header) for a, b in zip(one.images, other.images, strict=True)]
    if any(a.position != b.position for a, b in pairs):
        return False
    return all(a.content_hash and b.content_hash and a.content_hash() == b.content_hash() for a, b in pairs)


def series_info(index: int, uid: str, files: Sequence[DicomFile]) -> SeriesInfo:
    """What the headers of one stack tell; ``uid`` is unique in the study. Score and reason are filled in later."""
    first = files[0]
    images = tuple(image for file in files for image in file.images)
    header = images[0].header
    try:
        source = source_of(images)
    except InputShapeError as error:
        return _without_grid(index, uid, first, len(images), str(error))
    spacing = source.arrangement.spacing_mm or header.thickness_mm
    known = source.geometry.spacing_known and spacing is not None
    plane = header.pixel_spacing or (1.0, 1.0)
    return replace(
        _without_grid(index, uid, first, len(images)),
        spacing_mm=(float(spacing), plane[0], plane[1]) if known and spacing is not None else None,
        verdict=source.header_verdict,
        loadable=True,
        reason="",
        source=source,
        windows=source.scale.windows(first.windows, images[0]),
        is_localizer=first.is_localizer,
        is_xray=first.modality in XRAYS,
        monochrome1=images[0].coding.photometric == "MONOCHROME1" and not source.scale.inverted,
    )


def _without_grid(index: int, uid: str, file: DicomFile, slices: int, why: str = "") -> SeriesInfo:
    """The series as one that cannot be opened, for its headers make no grid."""
    header = file.images[0].header
    reason = Reason("no_grid", Colour.RED, f"the headers make no grid: {why}")
    return SeriesInfo(
        index=index,
        uid=uid,
        study_uid=file.study_uid,
        kind="dicom",
        modality=file.modality,
        description=file.description,
        slices=slices,
        rows=header.rows,
        columns=header.columns,
        spacing_mm=None,
        thickness_mm=header.thickness_mm,
        kernel=file.kernel,
        study_date=file.study_date,
        body_part=file.body_part,
        transfer_syntax=_syntax_name(file.images[0].coding.transfer_syntax),
        frame_of_reference_uid=header.frame_of_reference_uid,
        verdict=Verdict((reason,)),
        loadable=False,
        score=0.0,
        reason=reason.text,
        identity=file.identity,
        source=None,
    )


def _syntax_name(uid: str) -> str:
    from pydicom.uid import UID

    return UID(uid).name


def is_directory(file: FileSource) -> bool:
    """Whether the file is the index of a disc (DICOMDIR). Raises SeriesError and OSError."""
    header = read_header(file)
    return header.dataset is not None and (
        "DirectoryRecordSequence" in header.dataset or header.text(0x00080016) == MEDIA_DIRECTORY
    )


def referenced_files(path: Path, problems: list[Problem]) -> list[FileSource]:
    """The image files that a DICOMDIR names, missing ones and those outside its folder told in ``problems``.

    Raises
    ------
    SeriesError
        If the DICOMDIR is damaged.
    """
    from pydicom import dcmread

    try:
        with path.open("rb") as stream:
            records = dcmread(stream, force=True).get("DirectoryRecordSequence", None) or ()
        names = [_parts(record.get("ReferencedFileID", None)) for record in records]
    except Exception as error:
        raise SeriesError(f"{path.name} is damaged; open the folder that it lies in instead.") from error
    files: list[FileSource] = []
    for parts in names:
        if not parts:
            continue
        if ".." in parts or PureWindowsPath(parts[0]).anchor or "\0" in "".join(parts):
            problems.append(
                Problem(parts[-1], f"{parts[-1]} lies outside the folder of the DICOMDIR and was left out.")
            )
            continue
        found = _in_any_case(path.parent, parts)
        if found is None:
            problems.append(Problem(parts[-1], f"{parts[-1]} is named in the DICOMDIR but is not there."))
        else:
            files.append(DiskFile(found))
    return files


def _parts(value: object) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (value,)
    return tuple(str(part) for part in value)  # type: ignore[attr-defined]


def _in_any_case(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The file below ``folder``, whatever the case of its names (copies of discs change it)."""
    exact = folder.joinpath(*parts)
    if exact.is_file():
        return exact
    for part in parts:
        matches = [entry for entry in folder.iterdir() if entry.name.lower() == part.lower()] if folder.is_dir() else []
        if not matches:
            return None
        folder = matches[0]
    return folder if folder.is_file() else None
