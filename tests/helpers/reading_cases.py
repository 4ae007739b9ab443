"""Small volumes with marked points, to follow a voxel through any file format by its place in the patient."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from inference.io.open import load, scan
from inference.io.study import LoadedSeries, Study
from inference.volume import Volume, VolumeGeometry
from tests.helpers.phantoms import code_affine

FRAME = "1.2.826.0.1.3680043.8.498.77"


@dataclass(frozen=True, eq=False)
class Marked:
    """A volume of noise near -850 with three bright voxels, and where those lie in LPS millimetres."""

    volume: Volume
    points: tuple[tuple[NDArray[np.float64], int], ...]


def marked(
    code: str = "LPS",
    *,
    oblique_deg: tuple[float, float, float] = (0.0, 0.0, 0.0),
    shape: tuple[int, int, int] = (22, 34, 40),
    spacing_mm: tuple[float, float, float] = (2.5, 1.5, 0.75),
    position: str = "HFS",
    seed: int = 4,
) -> Marked:
    """``code`` names the directions in which i, j and k grow; ``shape`` and ``spacing_mm`` are in that grid's order."""
    affine = code_affine(code, spacing_mm)
    affine[:3, :3] = Rotation.from_euler("xyz", oblique_deg, degrees=True).as_matrix() @ affine[:3, :3]
    affine[:3, 3] = (-31.25, 12.5, -200.75)
    geometry = VolumeGeometry(shape, affine, FRAME)
    array = np.random.default_rng(seed).integers(-900, -800, shape, dtype=np.int16)
    points = []
    for kji, value in (((3, 2, 20), 700), ((17, 5, 4), 800), ((12, 15, 9), 900)):
        array[kji] = value
        points.append((geometry.to_patient(kji), value))
    return Marked(Volume(array, geometry, patient_position=position), tuple(points))


def assert_points_found(loaded: LoadedSeries, case: Marked, tolerance: float = 0.02) -> None:
    """Each marked point of the patient holds its value, in the volume as in its canonical view."""
    for volume in (loaded.volume, loaded.volume.canonical()[0]):
        for point, value in case.points:
            index = volume.geometry.to_index(point)
            nearest = np.rint(index).astype(int)
            assert np.abs(index - nearest).max() < tolerance, f"{point} lies between voxels: {index}"
            assert volume.array[tuple(nearest)] == value


def open_only(path: Path, **options: Any) -> LoadedSeries:
    """Load the single series of ``path``."""
    study = scan(path)
    assert len(study.series) == 1, [series.description for series in study.series]
    return load(study.series[0], study=study, **options)


def texts(study: Study) -> str:
    """All problems in one string."""
    return " ".join(problem.text for problem in study.problems)
