"""The CT sets of a gathered data folder, whose ``folds.csv`` splits every patient once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from inference.training.datasets.files import grey, mask, nifti_shape, nifti_slice, nifti_spacing, table
from inference.training.datasets.sample import MILLIMETRES, DataError, Sample
from inference.transforms.rendering import Kind, kind_of

FOLDS = "folds.csv"
LESION_PIXELS = "lesion_pixels"
"""Fact of a slice of the stacks: how many pixels of lesion it has at the stack's own size."""


@lru_cache(maxsize=4)
def folds(data: Path) -> dict[tuple[str, str], tuple[str, str, str]]:
    """(folder, item) to (patient, source, fold), from the folder's ``folds.csv``."""
    rows = table(data / FOLDS)
    return {(row["folder"], row["item"]): (row["patient"], row["source"], row["fold"]) for row in rows}


def placed(folder: Path, item: str) -> tuple[str, str, str]:
    """Patient, source and fold of one item. Raises DataError for an item that the list does not place."""
    try:
        return folds(folder.parent)[folder.name, item]
    except KeyError:
        raise DataError(
            f"{FOLDS} does not say in which fold {folder.name}/{item} is; it must not be trained on."
        ) from None


@dataclass(frozen=True)
class SharedFolder:
    """Finds a named folder beside ``folds.csv``."""

    name: str

    def find(self, data: Path) -> Path | None:
        """The folder, where the data folder has it and splits it."""
        folder = data / self.name
        return folder if folder.is_dir() and (data / FOLDS).is_file() else None


class CovidSlices(SharedFolder):
    """256 px slices of the COVID-19 CT lung and infection set, in their publisher's rendering; all hold lesion."""

    def __init__(self) -> None:
        super().__init__("covid20-slices-256")

    def samples(self, folder: Path) -> Iterator[Sample]:
        """Case by case, slice by slice."""
        for case in _folders(folder):
            patient, source, fold = placed(folder, case.name)
            for image in sorted(case.glob("*_ct.jpg")):
                yield Sample(
                    f"{case.name}/{_number(image)}", source, patient, fold, Kind.RENDERED, grey(image),
                    lung=mask(_beside(image, "lung.png")), lesion=mask(_beside(image, "lesion.png")),
                )  # fmt: skip


class CovidStacks(SharedFolder):
    """Whole stacks of the same patients at 128 px, also slices without lesion; no lung masks."""

    def __init__(self) -> None:
        super().__init__("covid20-stacks-128")

    def samples(self, folder: Path) -> Iterator[Sample]:
        """Stack by stack. What a stack's greys are is judged over the whole stack."""
        for case in _folders(folder):
            patient, source, fold = placed(folder, case.name)
            images = sorted(case.glob("*_ct.jpg"))
            kind = kind_of(grey(image)() for image in images)
            for image in images:
                lesion = mask(_beside(image, "lesion.png"))
                yield Sample(
                    f"{case.name}/{_number(image)}", source, patient, fold, kind, grey(image), lesion=lesion,
                    facts={LESION_PIXELS: float(lesion().sum())},
                )  # fmt: skip


class CtHundred(SharedFolder):
    """512 px slices of the COVID-19 CT segmentation set (lung window). ``lesion`` holds effusion too."""

    def __init__(self) -> None:
        super().__init__("ct100-slices-512")

    def samples(self, folder: Path) -> Iterator[Sample]:
        """Slice by slice; twelve have classes."""
        for image in sorted(folder.glob("*_ct.png")):
            patient, source, fold = placed(folder, _number(image))
            classes = _beside(image, "classes.png")
            yield Sample(
                _number(image), source, patient, fold, Kind.WINDOW, grey(image),
                lesion=mask(_beside(image, "lesion.png")), classes=grey(classes) if classes.is_file() else None,
            )  # fmt: skip


class Effusions(SharedFolder):
    """Chest CTs in Hounsfield units with pleural effusion marked. Nothing says where lung or infection is."""

    def __init__(self) -> None:
        super().__init__("plethora-effusion")

    def samples(self, folder: Path) -> Iterator[Sample]:
        """Volume by volume, every axial slice."""
        for volume in sorted(folder.glob("*_ct.nii.gz")):
            name = volume.name.removesuffix("_ct.nii.gz")
            patient, source, fold = placed(folder, name)
            marked = volume.with_name(f"{name}_effusion.nii.gz")
            facts = {MILLIMETRES: nifti_spacing(volume)[0]}
            for k in range(nifti_shape(volume)[2]):
                yield Sample(
                    f"{name}/{k:04d}", source, patient, fold, Kind.HU, nifti_slice(volume, k),
                    effusion=nifti_slice(marked, k), facts=facts,
                )  # fmt: skip


class RecognitionSlices(SharedFolder):
    """CT slices with the class only. Its groups are no patients, and the source betrays the class."""

    def __init__(self) -> None:
        super().__init__("recognition-slices")

    def samples(self, folder: Path) -> Iterator[Sample]:
        """File by file, as ``groups.csv`` lists them."""
        for row in table(folder / "groups.csv"):
            patient, source, fold = placed(folder, row["file"])
            label = "covid" if row["label"] == "covid" else "non_covid"
            read = grey(folder / row["file"])
            yield Sample(row["file"], source, patient, fold, kind_of([read()]), read, label=label)


def _folders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir())


def _number(image: Path) -> str:
    return image.name.split("_")[0]


def _beside(image: Path, ending: str) -> Path:
    return image.with_name(f"{_number(image)}_{ending}")
