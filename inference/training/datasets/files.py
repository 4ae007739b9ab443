"""Readers that open a file only when they are called."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.training.datasets.sample import DataError, Reader


def grey(path: Path) -> Reader:
    """A reader of an 8-bit picture, colour turned to grey."""

    def read() -> NDArray[np.uint8]:
        if not path.is_file():
            raise DataError(f"The file {path} of the data set is missing.")
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise DataError(f"The file {path} is not a picture that can be read.")
        return np.asarray(image, dtype=np.uint8)

    return read


def mask(path: Path) -> Reader:
    """A reader of a black and white mask: 1 where the file is brighter than half."""
    read = grey(path)
    return lambda: (read() > 127).astype(np.uint8)


def nifti_slice(path: Path, k: int) -> Reader:
    """A reader of axial slice ``k`` of a NIfTI file, as the array lies on disk turned to rows by columns."""
    return lambda: np.ascontiguousarray(_nifti(str(path))[:, :, k].T)


def nifti_shape(path: Path) -> tuple[int, int, int]:
    """Columns, rows and slices of a NIfTI file, from its header."""
    import nibabel

    shape = nibabel.load(str(path)).shape
    if len(shape) != 3:
        raise DataError(f"The file {path} is not a volume.")
    return int(shape[0]), int(shape[1]), int(shape[2])


def nifti_spacing(path: Path) -> tuple[float, float, float]:
    """Millimetres between columns, rows and slices of a NIfTI file."""
    import nibabel

    zooms = nibabel.load(str(path)).header.get_zooms()
    return float(zooms[0]), float(zooms[1]), float(zooms[2])


@lru_cache(maxsize=4)
def _nifti(path: str) -> NDArray[Any]:
    import nibabel

    return np.asanyarray(nibabel.load(path).dataobj)


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file. Raises DataError where it is missing."""
    if not path.is_file():
        raise DataError(f"The list {path} of the data set is missing.")
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))
