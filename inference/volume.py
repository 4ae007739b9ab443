"""Volumes, label maps and the geometry that places them in the patient.

Conventions, used everywhere in Groundglass:

* Arrays are indexed ``[k, j, i]``: slice, row, column. ``shape`` is always ``(slices, rows, columns)``.
* Points in the patient are LPS millimetres (DICOM PS3.3 C.7.6.2.1.1): x grows to the patient's left, y to the back
  (posterior), z to the head (superior).
* ``affine`` is 4x4 and maps the *column* vector ``(i, j, k, 1)`` - mind the order: column, row, slice - at voxel
  centres to LPS millimetres. NIfTI's RAS appears only inside :mod:`inference.io.nifti`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import InputShapeError

PADDING_CEILING_HU = -1500
"""Values at or below this are padding, whatever the header says: no scanner's air is so low (-2000, -3024)."""

Point = tuple[float, float, float]
"""LPS millimetres."""

_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))


class Units(Enum):
    """What the numbers of a volume mean."""

    HU = "HU"
    GREY8 = "8-bit grey"
    UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class VolumeGeometry:
    """Where the voxels of an array lie in the patient. Immutable; compares by value.

    Parameters
    ----------
    shape
        ``(slices, rows, columns)``.
    affine
        4x4 float64, ``(i, j, k, 1)`` to LPS millimetres at voxel centres.
    frame_of_reference_uid
        DICOM (0020,0052), or ``""`` where the source has none. Geometries of different frames never share a point.
    orientation_known
        False for PNG, JPEG and NIfTI with both codes 0: then there is no left and no right, and no letter is drawn.
    spacing_known
        False where pixels have no millimetres: then there are no millilitres.

    Raises
    ------
    InputShapeError
        If the affine is not an invertible 4x4 matrix, or the shape not three positive numbers.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    frame_of_reference_uid: str = ""
    orientation_known: bool = True
    spacing_known: bool = True

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise InputShapeError(f"A volume needs three positive dimensions, not {self.shape}.")
        if affine.shape != (4, 4) or not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
            raise InputShapeError("The volume's affine is not an invertible 4x4 matrix.")
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VolumeGeometry):
            return NotImplemented
        return self.same_grid(other) and self.frame_of_reference_uid == other.frame_of_reference_uid

    def __hash__(self) -> int:
        return hash((self.shape, self.frame_of_reference_uid))

    def same_grid(self, other: VolumeGeometry, tolerance_mm: float = 1e-3) -> bool:
        """Whether both have the same shape and put every voxel in the same place (frames of reference apart)."""
        if self.shape != other.shape:
            return False
        corners = np.array(
            [
                [i, j, k, 1.0]
                for k in (0, self.shape[0] - 1)
                for j in (0, self.shape[1] - 1)
                for i in (0, self.shape[2] - 1)
            ]
        )
        return bool(np.abs(corners @ (self.affine - other.affine).T).max() <= tolerance_mm)

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of neighbouring voxel centres along ``(k, j, i)``, the array's own order, in mm."""
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(lengths[2]), float(lengths[1]), float(lengths[0])

    @cached_property
    def voxel_ml(self) -> float:
        """Volume of one voxel in millilitres: the determinant of the affine, right for sheared grids too."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    @cached_property
    def inverse(self) -> NDArray[np.float64]:
        """4x4, LPS millimetres to ``(i, j, k, 1)``."""
        return np.asarray(np.linalg.inv(self.affine))

    @cached_property
    def is_orthogonal(self) -> bool:
        """Whether the three grid directions are perpendicular (no gantry-tilt shear), within 0.1 degree."""
        d = self.affine[:3, :3] / np.linalg.norm(self.affine[:3, :3], axis=0)
        return bool(np.abs(d.T @ d - np.eye(3)).max() < 0.0018)

    def to_patient(self, kji: Any) -> NDArray[np.float64]:
        """LPS mm of array indices ``(k, j, i)``; shape ``(..., 3)`` in, ``(..., 3)`` out; fractions allowed."""
        index = np.asarray(kji, dtype=np.float64)[..., ::-1]
        return np.asarray(index @ self.affine[:3, :3].T + self.affine[:3, 3])

    def to_index(self, lps: Any) -> NDArray[np.float64]:
        """Fractional array indices ``(k, j, i)`` of points in LPS mm; shape ``(..., 3)`` in and out."""
        point = np.asarray(lps, dtype=np.float64)
        return np.asarray((point @ self.inverse[:3, :3].T + self.inverse[:3, 3])[..., ::-1])

    def contains(self, lps: Any) -> bool:
        """Whether the point lies in the grid (to half a voxel beyond the outer centres)."""
        index = self.to_index(lps)
        return bool(np.all(index >= -0.5) and np.all(index <= np.array(self.shape) - 0.5))

    @property
    def centre(self) -> Point:
        """LPS mm of the grid's middle."""
        x, y, z = self.to_patient((np.array(self.shape) - 1) / 2)
        return float(x), float(y), float(z)

    @cached_property
    def orientation(self) -> Reorientation:
        """How to turn the array so that its axes run nearest to (inferior-superior, anterior-posterior, right-left)."""
        directions = np.abs(self.affine[:3, :3] / np.linalg.norm(self.affine[:3, :3], axis=0))
        best = max(permutations(range(3)), key=lambda p: sum(directions[row, p[row]] for row in range(3)))
        # best[row] is the index axis (i=0, j=1, k=2) that runs nearest to patient axis `row` (x, y, z)
        axes = tuple(2 - best[row] for row in (2, 1, 0))
        flips = tuple(bool(self.affine[row, best[row]] < 0) for row in (2, 1, 0))
        return Reorientation(axes, flips)  # type: ignore[arg-type]

    @cached_property
    def canonical(self) -> VolumeGeometry:
        """The geometry of the same grid in canonical orientation, as :meth:`Volume.canonical` turns it."""
        return self.reoriented(self.orientation)

    def reoriented(self, orientation: Reorientation) -> VolumeGeometry:
        """The geometry of ``orientation.apply(array)``."""
        columns, origin = [], self.affine[:3, 3].copy()
        for axis, flip in zip(orientation.axes, orientation.flips, strict=True):
            direction = self.affine[:3, 2 - axis]
            if flip:
                origin = origin + direction * (self.shape[axis] - 1)
                direction = -direction
            columns.append(direction)
        affine = np.eye(4)
        affine[:3, :3] = np.stack(columns[::-1], axis=1)
        affine[:3, 3] = origin
        shape = tuple(self.shape[axis] for axis in orientation.axes)
        return replace(self, shape=shape, affine=affine)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Reorientation:
    """A permutation and flips of array axes. Lossless, a view and no copy; :meth:`invert` is exact.

    ``axes[n]`` is the source axis that becomes axis ``n``; ``flips[n]`` says whether new axis ``n`` runs backwards.
    """

    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]

    def apply(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view of ``array`` in the new orientation."""
        turned = np.transpose(array, self.axes)
        return turned[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]

    def invert(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view of a reoriented ``array`` in the source orientation."""
        turned = array[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]
        return np.transpose(turned, np.argsort(self.axes))


@dataclass(frozen=True, eq=False)
class Volume:
    """One 3D image.

    Parameters
    ----------
    array
        int16, ``(slices, rows, columns)``: Hounsfield units where ``units`` is HU, 0..255 where GREY8.
    geometry
        Its place in the patient.
    units
        What the numbers mean.
    padding_hu
        The value that fills voxels outside the scan field, where the source names one.
    missing_slices
        Indices ``k`` that the source lacks (a gap). They hold air and are never measured.
    patient_position
        DICOM (0018,5100): HFS, HFP, FFS, FFP ..., or "" where unknown (then supine is assumed, and said).
    """

    array: NDArray[np.int16]
    geometry: VolumeGeometry
    units: Units = Units.HU
    padding_hu: int | None = None
    missing_slices: tuple[int, ...] = ()
    patient_position: str = ""

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape:
            raise InputShapeError(f"Voxels of shape {self.array.shape} do not fit a geometry of {self.geometry.shape}.")
        if self.array.dtype != np.int16:
            raise InputShapeError(f"Voxels are int16, not {self.array.dtype}.")

    def canonical(self) -> tuple[Volume, Reorientation]:
        """A view with axes nearest to (S, P, L): k from feet to head, j from front to back, i from right to left.

        Returns the view and the reorientation whose ``invert`` brings masks back to this volume's own grid.
        """
        turn = self.geometry.orientation
        missing = self.missing_slices
        if missing and turn.axes[0] != 0:
            missing = ()
        elif turn.flips[0]:
            missing = tuple(sorted(self.geometry.shape[0] - 1 - k for k in missing))
        return replace(
            self, array=turn.apply(self.array), geometry=self.geometry.reoriented(turn), missing_slices=missing
        ), turn


@dataclass(frozen=True, eq=False)
class LabelMap:
    """A mask with one small number per voxel, on the grid of the volume it belongs to. ``array`` is uint8."""

    array: NDArray[np.uint8]
    geometry: VolumeGeometry

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape:
            raise InputShapeError(f"Labels of shape {self.array.shape} do not fit a geometry of {self.geometry.shape}.")
        if self.array.dtype != np.uint8:
            raise InputShapeError(f"Labels are uint8, not {self.array.dtype}.")


@dataclass(frozen=True, eq=False)
class Heatmap:
    """An activation map, float32 in 0..1, on the grid of the volume it explains; ``target`` says of what."""

    array: NDArray[np.float32]
    geometry: VolumeGeometry
    target: str = field(default="")

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape:
            raise InputShapeError(
                f"A heat map of shape {self.array.shape} does not fit a geometry of {self.geometry.shape}."
            )


def anatomical_letters(direction: Any) -> str:
    """The orientation letters of a direction in LPS, strongest first, as scanners print them: ``"L"``, ``"PL"``.

    A component under 0.2 of the length is left out (about 11 degrees).
    """
    vector = np.asarray(direction, dtype=np.float64)
    vector = vector / np.linalg.norm(vector)
    order = sorted(range(3), key=lambda axis: -abs(vector[axis]))
    return "".join(_LETTERS[axis][int(vector[axis] > 0)] for axis in order if abs(vector[axis]) >= 0.2)
