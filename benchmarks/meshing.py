"""How long the 3D surfaces take: ``python benchmarks/meshing.py [--slices 300]``.

Meshes two lungs and sixty lesions of a 512x512 study with Groundglass, and with plain VTK (discrete marching cubes at
full resolution, smoothed) as a viewer would without reduction; prints both, their ratio, and the longest moment for
which another thread (the window's) was held up.
"""

from __future__ import annotations

import argparse
import platform
import threading
import time

import numpy as np

from inference.volume import VolumeGeometry
from viewer.rendering.meshing import surfaces
from viewer.state.layers import labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=300)
    options = parser.parse_args()
    lungs, lesions, geometry = _masks(options.slices)
    wanted = tuple((label.key, label.mask, label.code) for label in labels())
    surfaces(lungs[:20], lesions[:20], VolumeGeometry(lungs[:20].shape, geometry.affine), wanted)  # imports
    watch = _Watch()
    start = time.perf_counter()
    made = surfaces(lungs, lesions, geometry, wanted)
    ours = time.perf_counter() - start
    stall = watch.stop()
    start = time.perf_counter()
    triangles = sum(_plain(mask, code, geometry) for mask, code in ((lungs, 1), (lungs, 2), (lesions, 1)))
    plain = time.perf_counter() - start
    print(f"{platform.platform()}, {options.slices}x512x512")
    print(f"Groundglass  {ours:6.2f} s  {sum(s.triangles for s in made):9,d} triangles  longest stall {stall:.0f} ms")
    print(f"plain VTK    {plain:6.2f} s  {triangles:9,d} triangles")
    print(f"ratio        {ours / plain:6.2f}")


class _Watch:
    """Measures the longest time for which this process let no other thread run."""

    def __init__(self) -> None:
        self._longest, self._running = 0.0, True
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        last = time.perf_counter()
        while self._running:
            time.sleep(0.001)
            now = time.perf_counter()
            self._longest, last = max(self._longest, now - last), now

    def stop(self) -> float:
        self._running = False
        self._thread.join()
        return self._longest * 1000


def _masks(slices: int) -> tuple[np.ndarray, np.ndarray, VolumeGeometry]:
    k, j, i = np.ogrid[0:slices, 0:512, 0:512]
    lungs = np.zeros((slices, 512, 512), np.uint8)
    for code, centre in ((1, 150), (2, 360)):
        half = slices / 2
        ellipsoid = ((k - half) / (0.86 * half)) ** 2 + ((j - 250) / 150) ** 2 + ((i - centre) / 90) ** 2
        lungs[ellipsoid < 1] = code
    lesions = np.zeros_like(lungs)
    rng = np.random.default_rng(0)
    for _ in range(60):
        centre, radius = rng.uniform([0.2 * slices, 150, 80], [0.8 * slices, 350, 220]), rng.uniform(4, 20)
        box = tuple(slice(int(c - radius - 1), int(c + radius + 2)) for c in centre)
        grid = np.ogrid[box]
        lesions[box][sum((a - c) ** 2 for a, c in zip(grid, centre, strict=True)) < radius**2] = 1
    lesions[lungs == 0] = 0
    return lungs, lesions, VolumeGeometry(lungs.shape, np.diag([0.7, 0.7, 300 / slices, 1.0]))


def _plain(mask: np.ndarray, code: int, geometry: VolumeGeometry) -> int:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkWindowedSincPolyDataFilter
    from vtkmodules.vtkFiltersGeneral import vtkDiscreteMarchingCubes

    image = vtkImageData()
    image.SetDimensions(mask.shape[2], mask.shape[1], mask.shape[0])
    image.SetSpacing(*geometry.spacing_mm[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(mask.ravel(), deep=False))
    cubes = vtkDiscreteMarchingCubes()
    cubes.SetInputData(image)
    cubes.SetValue(0, code)
    smooth = vtkWindowedSincPolyDataFilter()
    smooth.SetInputConnection(cubes.GetOutputPort())
    smooth.SetNumberOfIterations(16)
    smooth.Update()
    return int(smooth.GetOutput().GetNumberOfPolys())


if __name__ == "__main__":
    main()
