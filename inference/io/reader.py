"""What every reader offers: the voxels of one series, slice by slice, on the grid of its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from inference.errors import SeriesError
from inference.verdict import Verdict
from inference.volume import Units, VolumeGeometry

AIR_HU = -1024
"""Fills slices that the source lacks."""
PADDING_HU = -2000
"""Fills voxels that no source slice covers, and what is no number."""


class SliceDamaged(SeriesError):
    """One slice cannot be decoded; the others may be sound."""


class SliceReader(Protocol):
    """An open series. Closed by the one who opened it."""

    parallel: bool
    """Whether :meth:`read` may be called from several threads, in any order; else only in ascending order."""

    def read(self, k: int, out: NDArray[np.int16]) -> None:
        """Fill ``out`` (rows, columns) with slice ``k`` of the source grid. Raises SliceDamaged, or SeriesError."""

    def settle(self, k: int, pixels: NDArray[np.int16]) -> None:
        """Called once after the first image ``k`` was read: choose the fastest decoder that gives the same pixels."""

    def units(self) -> Units:
        """What the numbers mean, as far as the slices read so far tell."""

    def close(self) -> None:
        """Release files."""


class SeriesSource(Protocol):
    """What :attr:`inference.io.study.SeriesInfo.source` holds."""

    @property
    def geometry(self) -> VolumeGeometry:
        """The grid of the files; sheared where the gantry was tilted."""

    @property
    def missing(self) -> tuple[int, ...]:
        """Slices of the grid that the source lacks."""

    @property
    def patient_position(self) -> str:
        """(0018,5100), or ""."""

    @property
    def padding_hu(self) -> int | None:
        """The value of padding voxels, where the source names one."""

    def open(self) -> SliceReader:
        """Begin to read. Raises SeriesError."""

    def verdict(self, units: Units, lost: tuple[int, ...] = ()) -> Verdict:
        """What headers and units say about measuring; slices ``lost`` were damaged and count as a gap."""

    def tags(self, k: int) -> Mapping[str, Any] | None:
        """The DICOM data set of slice ``k`` without pixels; None where there is none."""
