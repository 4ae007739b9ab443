"""Smooth surfaces of masks, in patient millimetres. Slow (about a second): call it off the GUI thread.

Each mask is cropped, averaged down to about the wanted cell size, contoured at one half (flying edges), smoothed by a
windowed sinc (which keeps volume), and decimated. Vertices are LPS mm, whatever the orientation of the grid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.volume import VolumeGeometry

LUNG_CELL_MM = 2.4
LESION_CELL_MM = 1.5
_LUNG_BLUR_CELLS = 1.3
"""Vessels and bronchi leave the lung mask at the hilum; finer detail than this shows them as needles."""
_LESION_BLUR_CELLS = 0.6
_MARGIN = 3
_LARGEST_FIELD = 24_000_000


@dataclass(frozen=True)
class Surface:
    """One mesh: its key (``right_lung``, ``ground_glass`` ...), the vtkPolyData and a coarser one for turning."""

    key: str
    mesh: Any
    coarse: Any

    @property
    def triangles(self) -> int:
        """Number of triangles of the full mesh."""
        return int(self.mesh.GetNumberOfPolys())


def surfaces(
    lungs: NDArray[np.uint8],
    lesions: NDArray[np.uint8],
    geometry: VolumeGeometry,
    wanted: tuple[tuple[str, str, int], ...],
    check: Callable[[float], None] = lambda fraction: None,
) -> tuple[Surface, ...]:
    """The surfaces of the labels ``wanted`` (key, ``lungs`` or ``lesions``, code) that occur.

    ``check(fraction)`` is called between steps; it may raise to stop.
    """
    masks = {"lungs": lungs, "lesions": lesions}
    made = []
    for number, (key, mask_name, code) in enumerate(wanted):
        check(number / len(wanted))
        lung = mask_name == "lungs"
        cell, blur = (LUNG_CELL_MM, _LUNG_BLUR_CELLS) if lung else (LESION_CELL_MM, _LESION_BLUR_CELLS)
        surface = _surface(key, masks[mask_name], code, geometry, cell, blur)
        if surface is not None:
            made.append(surface)
    return tuple(made)


def _surface(
    key: str, mask: NDArray[np.uint8], code: int, geometry: VolumeGeometry, cell_mm: float, blur_cells: float
) -> Surface | None:
    box = _bounds(mask, code)
    if box is None:
        return None
    wanted = mask[box] == code
    steps = [max(1, round(cell_mm / spacing)) for spacing in geometry.spacing_mm]
    while wanted.size / np.prod(steps) > _LARGEST_FIELD:
        steps = [step + 1 for step in steps]
    field = _block_means(wanted, steps, blur_cells)
    # voxel n of the field averages source voxels start + (n - margin) * step ...: its centre in source indices is
    start = np.array([part.start for part in box], dtype=float)
    offset = start + (np.array(steps) - 1) / 2 - _MARGIN * np.array(steps)
    to_patient = geometry.affine @ _index_transform(offset, steps)
    mesh = _contour(field, to_patient, passes=16)
    if mesh.GetNumberOfPolys() == 0:
        return None
    coarse = _decimated(mesh, 0.85) if mesh.GetNumberOfPolys() > 4000 else mesh
    return Surface(key, mesh, coarse)


def _bounds(mask: NDArray[np.uint8], code: int) -> tuple[slice, slice, slice] | None:
    """The bounding box of a code, found slice by slice so that no full-size temporary is made."""
    rows = np.zeros(mask.shape[1], dtype=bool)
    columns = np.zeros(mask.shape[2], dtype=bool)
    slices = []
    for k in range(mask.shape[0]):
        plane = mask[k] == code
        if plane.any():
            slices.append(k)
            rows |= plane.any(axis=1)
            columns |= plane.any(axis=0)
    if not slices:
        return None
    js, is_ = np.flatnonzero(rows), np.flatnonzero(columns)
    return slice(slices[0], slices[-1] + 1), slice(int(js[0]), int(js[-1]) + 1), slice(int(is_[0]), int(is_[-1]) + 1)


def _block_means(wanted: NDArray[np.bool_], steps: list[int], blur_cells: float) -> NDArray[np.float32]:
    """Blurred means over blocks of ``steps`` voxels, with empty blocks on every side so that surfaces close."""
    padding = [
        (_MARGIN * step, _MARGIN * step + (-size) % step) for size, step in zip(wanted.shape, steps, strict=True)
    ]
    field = np.pad(wanted, padding).astype(np.float32)
    for axis, step in enumerate(steps):
        if step > 1:
            shape = list(field.shape)
            shape[axis : axis + 1] = [shape[axis] // step, step]
            field = field.reshape(shape).mean(axis=axis + 1, dtype=np.float32)
    from scipy.ndimage import gaussian_filter

    smoothed: NDArray[np.float32] = gaussian_filter(field, blur_cells, mode="constant")
    return smoothed


def _index_transform(offset_kji: NDArray[np.float64], steps_kji: list[int]) -> NDArray[np.float64]:
    matrix = np.diag([*(float(step) for step in reversed(steps_kji)), 1.0])
    matrix[:3, 3] = offset_kji[::-1]
    return matrix


def _contour(field: NDArray[np.float32], to_patient: NDArray[np.float64], passes: int) -> Any:
    from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D, vtkPolyDataNormals, vtkWindowedSincPolyDataFilter

    image = vtkImageData()
    image.SetDimensions(field.shape[2], field.shape[1], field.shape[0])
    image.GetPointData().SetScalars(numpy_to_vtk(field.ravel(), deep=False))
    contour = vtkFlyingEdges3D()
    contour.SetInputData(image)
    contour.SetValue(0, 0.5)
    contour.ComputeNormalsOff()
    contour.ComputeScalarsOff()
    smooth = vtkWindowedSincPolyDataFilter()
    smooth.SetInputConnection(contour.GetOutputPort())
    smooth.SetNumberOfIterations(passes)
    smooth.SetPassBand(0.08)
    smooth.BoundarySmoothingOff()
    smooth.NormalizeCoordinatesOn()
    smooth.Update()
    placed = smooth.GetOutput()
    if placed.GetNumberOfPoints():
        points = vtk_to_numpy(placed.GetPoints().GetData()) @ to_patient[:3, :3].T + to_patient[:3, 3]
        placed.GetPoints().SetData(numpy_to_vtk(np.ascontiguousarray(points, np.float32), deep=True))
    normals = vtkPolyDataNormals()
    normals.SetInputData(placed)
    normals.ConsistencyOn()
    normals.AutoOrientNormalsOn()
    normals.SplittingOff()
    normals.Update()
    return normals.GetOutput()


def _decimated(mesh: Any, reduction: float) -> Any:
    from vtkmodules.vtkFiltersCore import vtkQuadricClustering

    bounds = mesh.GetBounds()
    longest = max(bounds[2 * axis + 1] - bounds[2 * axis] for axis in range(3))
    divisions = [max(8, int(40 * (bounds[2 * axis + 1] - bounds[2 * axis]) / longest)) for axis in range(3)]
    cluster = vtkQuadricClustering()
    cluster.SetInputData(mesh)
    cluster.SetNumberOfDivisions(*divisions)
    cluster.AutoAdjustNumberOfDivisionsOff()
    cluster.Update()
    small = cluster.GetOutput()
    return small if small.GetNumberOfPolys() < mesh.GetNumberOfPolys() * (1 - reduction / 2) else mesh
