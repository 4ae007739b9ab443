"""Public CT volumes as their owners publish them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.training.datasets.files import nifti_shape, nifti_slice, nifti_spacing, table
from inference.training.datasets.public import fold_of, holder
from inference.training.datasets.sample import MILLIMETRES, DataError, Reader, Sample, blank
from inference.transforms.rendering import Kind

_VOLUMES = (".nii.gz", ".nii")
_HU_FLOOR = -200.0
"""A volume that reaches below this is in Hounsfield units; the 8-bit ones begin at 0."""


class CovidTwenty:
    """COVID-19 CT Lung and Infection Segmentation Dataset: 20 cases with lungs and infection.

    Folders ``COVID-19-CT-Seg_20cases``, ``Lung_Mask`` and ``Infection_Mask``, files of one name in each.
    ``coronacases`` are in Hounsfield units, ``radiopaedia`` are 8-bit lung windows.
    """

    name = "covid-19-ct-seg-20cases"
    _images, _lungs, _lesions = "COVID-19-CT-Seg_20cases", "Lung_Mask", "Infection_Mask"

    def find(self, data: Path) -> Path | None:
        """Where the three folders are."""
        return holder(data, (self._images, self._lungs, self._lesions))

    def samples(self, folder: Path) -> Iterator[Sample]:
        """Case by case, every axial slice."""
        for volume in _niftis(folder / self._images):
            lungs, lesions = (_required(folder / part / volume.name) for part in (self._lungs, self._lesions))
            patient = case_patient(_stem(volume))
            kind = Kind.HU if _minimum(volume) < _HU_FLOOR else Kind.WINDOW
            facts = {MILLIMETRES: nifti_spacing(volume)[0]}
            for k in range(nifti_shape(volume)[2]):
                yield Sample(
                    f"{_stem(volume)}/{k:04d}", self.name, patient, fold_of(patient, folder), kind,
                    nifti_slice(volume, k), lung=nifti_slice(lungs, k), lesion=nifti_slice(lesions, k), facts=facts,
                )  # fmt: skip


def case_patient(name: str) -> str:
    """The patient of a case's name: ``coronacases_001``, ``radiopaedia_29_86490_1``. Two studies are one patient's."""
    if found := re.fullmatch(r"coronacases_(?:org_)?(\d+)", name):
        return f"coronacases-{found[1]}"
    found = re.search(r"radiopaedia\D.*?(\d{5})_", name)
    if found is None:
        raise DataError(f"{name} is no case of the 20 that this set has.")
    study = found[1]
    return "radiopaedia-86490-1" if study in {"86490", "86491"} else f"radiopaedia-{study}"


class MosMed:
    """MosMedData: 1,110 studies by grade (``studies/CT-0`` to ``CT-4``), 50 of them with masks (``masks``).

    Slices of masked studies have a lesion mask; those of CT-0, in which nothing was found, an empty one. The other
    studies have a grade for the whole volume only: :func:`graded` lists them.
    """

    name = "mosmeddata"

    def find(self, data: Path) -> Path | None:
        """Where ``studies`` and ``masks`` are."""
        return holder(data, ("studies/CT-0", "masks"))

    def samples(self, folder: Path) -> Iterator[Sample]:
        """Study by study, every axial slice of those with a label for slices."""
        for study, grade in graded(folder):
            marked = folder / "masks" / f"{_stem(study)}_mask.nii.gz"
            if grade and not marked.is_file():
                continue
            columns, rows, count = nifti_shape(study)
            patient = f"mosmed-{_stem(study)}"
            facts = {MILLIMETRES: nifti_spacing(study)[0], "grade": float(grade)}
            for k in range(count):
                yield Sample(
                    f"{_stem(study)}/{k:04d}", self.name, patient, fold_of(patient, folder), Kind.HU,
                    nifti_slice(study, k), facts=facts,
                    lesion=nifti_slice(marked, k) if marked.is_file() else blank((rows, columns)),
                )  # fmt: skip


def graded(folder: Path) -> Iterator[tuple[Path, int]]:
    """Every MosMed study with its grade, 0 to 4."""
    for grade in range(5):
        for study in _niftis(folder / "studies" / f"CT-{grade}"):
            yield study, grade


class CovidCtMd:
    """COVID-CT-MD: DICOM volumes of COVID-19, CAP and normal subjects; 79 with labels for slices.

    ``Index.csv`` says which row of ``Slice-level-labels.npy`` is whose; the columns run from head to feet. Slices of
    normal subjects hold no infection. Unlabelled subjects are left out.
    """

    name = "covid-ct-md"
    _groups = (("covid-19", "covid"), ("cap", "other_pneumonia"), ("normal", "normal"))

    def find(self, data: Path) -> Path | None:
        """Where ``Index.csv`` and the subjects' folders are."""
        folder = holder(data, ("Index.csv",))
        return folder if folder and self._labels(folder) else None

    def samples(self, folder: Path) -> Iterator[Sample]:
        """Subject by subject, slice by slice from head to feet."""
        labels = np.load(_required(self._labels(folder)), allow_pickle=False)
        index = {row["Folder/ID"]: int(row["Label Index"]) for row in table(folder / "Index.csv")}
        for group in sorted(one for one in folder.iterdir() if one.is_dir()):
            label = next((text for start, text in self._groups if group.name.lower().startswith(start)), None)
            if label is None:
                continue
            for subject in sorted(one for one in group.iterdir() if one.is_dir()):
                if subject.name in index or label == "normal":
                    row = labels[index[subject.name]] if subject.name in index else None
                    yield from self._subject(folder, subject, label, row)

    def subjects(self, folder: Path) -> Iterator[tuple[str, str, list[Reader]]]:
        """Every subject, labelled or not: patient, diagnosis, and its slices from head to feet."""
        for group in sorted(one for one in folder.iterdir() if one.is_dir()):
            label = next((text for start, text in self._groups if group.name.lower().startswith(start)), None)
            for subject in sorted(one for one in group.iterdir() if one.is_dir()) if label else ():
                slices = [_dicom(path) for path, _ in _by_location(subject)]
                yield f"covid-ct-md-{subject.name}", label or "", slices

    def _subject(
        self, folder: Path, subject: Path, label: str, infected: NDArray[np.generic] | None
    ) -> Iterator[Sample]:  # fmt: skip
        patient = f"covid-ct-md-{subject.name}"
        for k, (path, shape) in enumerate(_by_location(subject)):
            ill = infected is not None and bool(infected[k])
            yield Sample(
                f"{subject.name}/{k:04d}", self.name, patient, fold_of(patient, folder), Kind.HU, _dicom(path),
                lesion=None if ill else blank(shape), label=label if ill else "normal",
            )  # fmt: skip

    @staticmethod
    def _labels(folder: Path) -> Path | None:
        found = sorted(folder.glob("Slice?level?labels*.npy"))
        return found[-1] if found else None


@lru_cache(maxsize=2)
def _by_location(subject: Path) -> tuple[tuple[Path, tuple[int, int]], ...]:
    """A subject's files and their shapes from head to feet: by falling slice location."""
    import pydicom

    headers = [(path, pydicom.dcmread(path, stop_before_pixels=True)) for path in sorted(subject.glob("*.dcm"))]
    ordered = sorted(headers, key=lambda both: -float(both[1].SliceLocation))
    return tuple((path, (int(header.Rows), int(header.Columns))) for path, header in ordered)


def _dicom(path: Path) -> Reader:
    def read() -> NDArray[np.float32]:
        import pydicom

        slice_ = pydicom.dcmread(path)
        scale, shift = float(slice_.get("RescaleSlope", 1)), float(slice_.get("RescaleIntercept", 0))
        return np.asarray(slice_.pixel_array * scale + shift, np.float32)

    return read


def _niftis(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.endswith(_VOLUMES)) if folder.is_dir() else []


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".nii")


def _required(path: Path | None) -> Path:
    if path is None or not path.exists():
        raise DataError(f"{path.name if path else 'A label file'} of the data set is missing.")
    return path


def _minimum(volume: Path) -> float:
    middle = nifti_shape(volume)[2] // 2
    return float(nifti_slice(volume, middle)().min())
