"""The X-ray sets of a gathered data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.training.datasets.files import grey, table
from inference.training.datasets.sample import Reader, Sample
from inference.training.datasets.shared_ct import SharedFolder, placed
from inference.transforms.rendering import Kind

_NORMAL = "openist"
"""All of its films are normal: nothing is infected in them."""


class ChestXrays(SharedFolder):
    """Frontal X-rays with a class, some with three experts' graded extent. Nothing is infected in normal ones."""

    def __init__(self) -> None:
        super().__init__("chest-xray")

    def samples(self, folder: Path) -> Iterator[Sample]:
        """File by file, as ``labels.csv`` lists them. ``lungs-weak`` is another model's output and not read."""
        for row in table(folder / "labels.csv"):
            patient, source, fold = placed(folder, row["file"])
            label = row["four_class"] or row["label"].replace("-", "_")
            image = grey(folder / row["file"])
            yield Sample(
                row["file"], source, patient, fold, Kind.XRAY, image, label=label, facts=_grades(row),
                lesion=_nothing(image) if label == "normal" else None,
            )  # fmt: skip


class XrayMasks(SharedFolder):
    """X-rays with lungs drawn by people, the lung field without the heart everywhere, and some with findings or normal.

    In the films with findings the lungs were drawn through the heart, so the heart is taken away there.
    """

    def __init__(self) -> None:
        super().__init__("chest-xray-masks")

    def samples(self, folder: Path) -> Iterator[Sample]:
        """File by file, as ``labels.csv`` lists them. Classes are counted inside the lung only."""
        for row in table(folder / "labels.csv"):
            image = folder / row["file"]
            film = grey(image)
            patient, source, fold = placed(folder, row["file"])
            heart = image.with_name(f"{image.stem}_heart.png")
            lung = _without(_drawn(image, "lung"), grey(heart) if heart.is_file() else None)
            findings = image.with_name(f"{image.stem}_findings.png")
            classes = grey(findings) if findings.is_file() else None
            normal = _nothing(film) if source == _NORMAL else None
            yield Sample(
                row["file"], source, patient, fold, Kind.XRAY, film, lung=lung, classes=classes,
                lesion=_infected(classes, lung) if classes else normal,
            )  # fmt: skip


def _drawn(image: Path, what: str) -> Reader:
    return grey(image.with_name(f"{image.stem}_{what}.png"))


def _without(lung: Reader, heart: Reader | None) -> Reader:
    def read() -> NDArray[np.uint8]:
        inside = lung() > 0
        return (inside & ~(heart() > 0) if heart else inside).astype(np.uint8)

    return read


def _nothing(film: Reader) -> Reader:
    return lambda: np.zeros(film().shape[:2], np.uint8)


def _infected(classes: Reader, lung: Reader) -> Reader:
    """Ground-glass and consolidation inside the lung field."""

    def read() -> NDArray[np.uint8]:
        drawn = classes()
        return (np.isin(drawn, (1, 2)) & (lung() > 0)).astype(np.uint8)

    return read


def _grades(row: dict[str, str]) -> dict[str, float]:
    names = {"extent": "geographic_extent_mean_0_8", "opacity": "opacity_mean_0_6"}
    return {short: float(row[name]) for short, name in names.items() if row.get(name)}
