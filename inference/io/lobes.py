"""A lobe map from a file, checked and brought onto the grid that is measured."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import InputShapeError, SeriesError
from inference.io.study import LoadedSeries
from inference.labels import Lung
from inference.quantification.scores import LOBES
from inference.volume import LabelMap, VolumeGeometry

_LPS_AND_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_TOLERANCE_MM = 0.1
_RIGHT_LOBES = tuple(code for code, name in enumerate(LOBES, start=1) if name.startswith("right"))


def read_lobes(path: Path, loaded: LoadedSeries) -> LabelMap:
    """The lobe map on the grid of ``loaded.volume``: 1 right upper, middle, lower, 4 left upper, 5 left lower.

    Raises
    ------
    SeriesError
        If the file cannot be read.
    InputShapeError
        If it does not lie on the grid of the series (flips and swapped axes apart), holds other codes, or if the
        series has no orientation, so that lobes could not be told apart.
    """
    if not loaded.volume.geometry.orientation_known:
        raise InputShapeError("Lobe scores need a series whose orientation is known, and this one's is not.")
    array, geometry = _read(path)
    codes = np.unique(array)
    allowed = np.arange(len(LOBES) + 1)
    if not np.isin(codes, allowed).all() or not (codes > 0).any():
        raise InputShapeError(
            f"{path.name} is no lobe map: its values must be 0 to 5 "
            "(1 right upper, 2 right middle, 3 right lower, 4 left upper, 5 left lower)."
        )
    labels = array.astype(np.uint8)
    for grid in (loaded.volume.geometry, loaded.source_geometry):
        if _same_voxels(geometry, grid):
            return LabelMap(_onto(labels, geometry, loaded.volume.geometry), loaded.volume.geometry)
    raise InputShapeError(f"{path.name} does not lie on the grid of the series; resample it to the series first.")


def check_sides(lobes: LabelMap, lungs: LabelMap) -> None:
    """Raise InputShapeError if the map's right lobes lie mostly in the left lung, or the reverse."""
    right = np.isin(lobes.array, _RIGHT_LOBES)
    left = (lobes.array > 0) & ~right
    in_right, in_left = lungs.array == Lung.RIGHT, lungs.array == Lung.LEFT
    agree = np.count_nonzero(right & in_right) + np.count_nonzero(left & in_left)
    crossed = np.count_nonzero(right & in_left) + np.count_nonzero(left & in_right)
    if crossed > agree:
        raise InputShapeError("The lobe map has right and left the other way round; lobe scores would be wrong.")


def _same_voxels(one: VolumeGeometry, other: VolumeGeometry) -> bool:
    """Whether both grids hold the same points of the patient, whatever the order of their axes."""
    return one.reoriented(one.orientation).same_grid(other.reoriented(other.orientation), _TOLERANCE_MM)


def _onto(labels: NDArray[np.uint8], source: VolumeGeometry, target: VolumeGeometry) -> NDArray[np.uint8]:
    if _same_voxels(source, target):
        return np.ascontiguousarray(target.orientation.invert(source.orientation.apply(labels)))
    from scipy.ndimage import affine_transform

    origin = source.to_index(target.to_patient((0, 0, 0)))
    steps = [source.to_index(target.to_patient(np.eye(3)[axis])) - origin for axis in range(3)]
    moved = affine_transform(labels, np.stack(steps, axis=1), origin, target.shape, order=0, mode="constant")
    return np.asarray(moved, dtype=np.uint8)


def _read(path: Path) -> tuple[NDArray[Any], VolumeGeometry]:
    if not path.is_file():
        raise SeriesError(f"There is no lobe map {path}.")
    try:
        return _read_nifti(path) if path.name.lower().endswith((".nii", ".nii.gz")) else _read_itk(path)
    except (OSError, EOFError, zlib.error, ValueError, RuntimeError) as error:
        raise SeriesError(f"The lobe map {path.name} cannot be read; give a NIfTI, NRRD or MHA file.") from error


def _read_nifti(path: Path) -> tuple[NDArray[Any], VolumeGeometry]:
    import nibabel
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError

    try:
        image: Any = nibabel.load(path)
    except (ImageFileError, HeaderDataError) as error:
        raise ValueError(str(error)) from error
    array = np.asanyarray(image.dataobj)
    if array.ndim != 3:
        raise ValueError("not three dimensions")
    return array.T, VolumeGeometry(_shape(array.T), _LPS_AND_RAS @ image.affine)


def _read_itk(path: Path) -> tuple[NDArray[Any], VolumeGeometry]:
    import SimpleITK as sitk  # noqa: N813

    image: Any = sitk.ReadImage(str(path))
    array = np.asarray(sitk.GetArrayFromImage(image))
    if array.ndim != 3:
        raise ValueError("not three dimensions")
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return array, VolumeGeometry(_shape(array), affine)


def _shape(array: NDArray[Any]) -> tuple[int, int, int]:
    slices, rows, columns = array.shape
    return slices, rows, columns
