"""The geometry verdict's rules and its published table. The result type is :mod:`inference.verdict`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.io.slices import Arrangement, SliceHeader
from inference.io.study import Kind
from inference.verdict import Colour, Verdict
from inference.volume import Units, Volume, VolumeGeometry


@dataclass(frozen=True)
class Row:
    """One row of the published table."""

    code: str
    colour: Colour
    description: str
    help: str


TABLE: tuple[Row, ...] = ()


def from_headers(headers: Sequence[SliceHeader], arrangement: Arrangement) -> Verdict:
    """The verdict of a DICOM series before any pixel is read; a gap is amber and provisional."""
    return Verdict()


def from_grid(kind: Kind, geometry: VolumeGeometry, units: Units = Units.HU) -> Verdict:
    """The verdict of a file without DICOM headers: NIfTI, NRRD, MetaImage, or a PNG or JPEG picture."""
    return Verdict()


def from_voxels(verdict: Verdict, volume: Volume) -> Verdict:
    """``verdict`` with what the voxels say: whether the numbers are Hounsfield units."""
    return verdict


def from_lungs(verdict: Verdict, volume: Volume, lungs: NDArray[np.uint8]) -> Verdict:
    """``verdict`` once the lungs are known. ``lungs``: uint8 on the volume's grid, above 0 in a lung."""
    return verdict


def air_hu(volume: Volume) -> float | None:
    """Median of the air outside the body, or else of the darkest air inside; None where there is none."""
    return None


def describe(code: str) -> str:
    """A few words for a row's code or for a check of ``checks_passed``."""
    return code
