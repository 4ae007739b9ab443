"""The walk behind :func:`inference.io.open.scan`: files to series, problems to sentences."""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal

from inference.errors import SeriesError
from inference.io.dicom_dataset import NotDicom
from inference.io.dicom_images import DicomFile, read_file
from inference.io.dicom_scan import by_series, is_copy, is_directory, referenced_files, series_info
from inference.io.image import scan_images
from inference.io.itk import scan_itk
from inference.io.nifti import scan_nifti
from inference.io.proposal import judge, propose, with_partners
from inference.io.sources import DiskFile, FileSource, folders_under, head, members, unreadable_problem
from inference.io.study import Problem, SeriesInfo, Study
from inference.pipeline.cancellation import CancellationToken

FileKind = Literal["dicom", "nifti", "nrrd", "metaimage", "image", "archive", "other"]

_OTHER = re.compile(
    r"\.(txt|csv|tsv|json|md|pdf|html?|xml|py|js|css|in[if]|exe|dll|jar|z?raw|bin|db|log|gif|bmp|ico|gz|tar|7z)$"
)
_SUFFIXES: dict[str, FileKind] = {
    ".nii": "nifti",
    **dict.fromkeys((".nrrd", ".nhdr"), "nrrd"),
    **dict.fromkeys((".mha", ".mhd"), "metaimage"),
    **dict.fromkeys((".png", ".jpg", ".jpeg"), "image"),
    ".zip": "archive",
}
_NAMED_LIKE_DICOM = (".dcm", ".dicom", ".ima")
_SLOW_SECONDS = 0.002
_READ_AHEAD = 8


class Scan:
    """One scan of one path."""

    def __init__(
        self, path: Path, on_series: Callable[[SeriesInfo], None] | None, cancel: CancellationToken | None
    ) -> None:
        self._path = path
        self._on_series = on_series
        self._cancel = cancel
        self._problems: list[Problem] = []
        self._series: list[SeriesInfo] = []
        self._files: dict[tuple[str, ...], list[DicomFile]] = {}
        self._index: dict[tuple[str, ...], int] = {}
        self._grown: set[tuple[str, ...]] = set()
        self._seen = 0

    def run(self) -> Study:
        """Scan. Raises SeriesError and Cancelled."""
        for files in self._batches():
            self._take(files)
        for key in self._grown:
            index = self._index[key]
            self._series[index] = self._emit(judge(series_info(index, self._series[index].uid, self._files[key])))
        if not self._series:
            raise SeriesError(self._nothing())
        study = Study(self._path, tuple(self._series), None, tuple(self._problems), self._seen)
        study = with_partners(study)
        return replace(study, proposed=propose(study.series))

    def _batches(self) -> Iterable[list[FileSource]]:
        path = self._path
        if path.is_dir():
            return folders_under(path, self._problems, self._cancel)
        if not path.exists():
            raise SeriesError(f"There is no file or folder named {path.name}.")
        if not path.is_file():  # a pipe could keep us waiting for ever, a device never end
            raise SeriesError(f"{path.name} is neither a file nor a folder.")
        file = DiskFile(path)
        try:
            if zipfile.is_zipfile(path) and head(file, 2) == b"PK":
                return _by_folder(members(path, self._problems))
            if kind_of(file) == "dicom" and is_directory(file):
                return _by_folder(referenced_files(path, self._problems))
        except OSError as error:
            raise SeriesError(unreadable_problem(file, error).text) from error
        except NotDicom as error:
            raise SeriesError(_not_an_image(path.name)) from error
        if kind_of(file) == "other":
            raise SeriesError(_not_an_image(path.name))
        return [[file]]

    def _take(self, files: list[FileSource]) -> None:
        self._seen += len(files)
        kinds = [(file, kind_of(file)) for file in files]
        self._take_dicom([file for file, kind in kinds if kind == "dicom"])
        for file, kind in kinds:
            self._check()
            if kind in ("nifti", "nrrd", "metaimage"):
                self._take_volume(file, kind)
            elif kind == "archive":
                self._problems.append(Problem(file.name, f"{file.name} is an archive of its own; open it by itself."))
        pictures = [file for file, kind in kinds if kind == "image"]
        for info in scan_images(len(self._series), pictures, self._problems):
            self._series.append(self._emit(judge(info)))

    def _take_volume(self, file: FileSource, kind: Literal["nifti", "nrrd", "metaimage"]) -> None:
        index = len(self._series)
        try:
            info = scan_nifti(index, file) if kind == "nifti" else scan_itk(index, file, kind)
        except OSError as error:
            self._problems.append(unreadable_problem(file, error))
        except SeriesError as error:
            self._problems.append(Problem(file.name, str(error)))
        else:
            self._series.append(self._emit(judge(info)))

    def _take_dicom(self, files: list[FileSource]) -> None:
        fresh: list[DicomFile] = []
        for found in self._read_all(files):
            if any(is_copy(found, other) for other in self._files.get(found.key, ())):
                text = f"{found.images[0].file.name} is an exact copy of another file and was left out."
                self._problems.append(Problem(found.images[0].file.name, text))
            elif found.key in self._files:
                self._files[found.key].append(found)
                if found.key in self._index:
                    self._grown.add(found.key)
            else:
                self._files[found.key] = [found]
                fresh.append(found)
        for group in by_series(fresh):
            key = group[0].key
            index = len(self._series)
            self._index[key] = index
            info = series_info(index, self._unique(group[0].series_uid), self._files[key])
            self._series.append(self._emit(judge(info)))

    def _read_all(self, files: list[FileSource]) -> Iterator[DicomFile]:
        """Headers in order; several at a time where the disk answers slowly (a network drive), for there it helps."""
        trial, rest = files[:_READ_AHEAD], files[_READ_AHEAD:]
        started = time.perf_counter()
        for file in trial:
            yield from self._read(file)
        slow = len(trial) == _READ_AHEAD and time.perf_counter() - started > _SLOW_SECONDS * _READ_AHEAD * 2
        if not slow:
            for file in rest:
                yield from self._read(file)
            return
        with ThreadPoolExecutor(_READ_AHEAD, thread_name_prefix="read-headers") as pool:
            try:
                for result in pool.map(lambda file: list(self._read(file)), rest):
                    yield from result
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, file: FileSource) -> Iterator[DicomFile]:
        self._check()
        try:
            yield read_file(file)
        except NotDicom:
            if file.name.lower().endswith(_NAMED_LIKE_DICOM):
                text = f"{file.name} is named like a DICOM file but is none."
                self._problems.append(Problem(file.name, text))
        except SeriesError as error:
            if file.name.upper() != "DICOMDIR":
                self._problems.append(Problem(file.name, str(error)))
        except OSError as error:
            self._problems.append(unreadable_problem(file, error))

    def _unique(self, uid: str) -> str:
        taken = {info.uid for info in self._series}
        number, name = 2, uid or "unnamed"
        while name in taken:
            name, number = f"{uid or 'unnamed'}#{number}", number + 1
        return name

    def _emit(self, info: SeriesInfo) -> SeriesInfo:
        if self._on_series is not None:
            self._on_series(info)
        return info

    def _check(self) -> None:
        if self._cancel is not None:
            self._cancel.check()

    def _nothing(self) -> str:
        name = self._path.name or str(self._path)
        if len(self._problems) == 1:
            return self._problems[0].text
        if self._problems:
            more = len(self._problems) - 1
            return f"{name} holds no image that can be read: {self._problems[0].text} ({more} more such files.)"
        if self._seen == 0:
            return f"{name} is empty; open the folder that holds the images."
        if self._path.is_dir() or zipfile.is_zipfile(self._path):
            return f"{name} holds {self._seen} files, none of them an image that Groundglass reads."
        return _not_an_image(name)


def kind_of(file: FileSource) -> FileKind:
    """What a file is by its name; whatever has no telling suffix may be DICOM."""
    name = file.name.lower()
    if name.endswith(".nii.gz"):
        return "nifti"
    return "other" if _OTHER.search(name) else _SUFFIXES.get(Path(name).suffix, "dicom")


def _not_an_image(name: str) -> str:
    return f"{name} is no image that Groundglass reads; open DICOM, NIfTI, NRRD, MetaImage, PNG, JPEG or a zip of them."


def _by_folder(files: list[FileSource]) -> Iterator[list[FileSource]]:
    folders: dict[str, list[FileSource]] = {}
    for file in files:
        folders.setdefault(file.folder, []).append(file)
    yield from folders.values()
