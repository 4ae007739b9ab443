"""The demo study in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.demo.anatomy import BOTTOM_MM, build, fine_axes
from inference.demo.painter import Painter
from inference.demo.parameters import DemoParameters
from inference.demo.scanner import Scanner
from inference.labels import INFECTED, Lesion, Lung
from inference.pipeline.cancellation import CancellationToken
from inference.volume import Reorientation, Volume, VolumeGeometry

SLAB = 8
_BUILT = 0.4
"""The share of the time after which painting begins."""

_TURNS = {
    "HFS": (False, False, False),
    "HFP": (False, True, True),
    "FFS": (True, False, True),
    "FFP": (True, True, False),
}
"""Which of the axes (feet to head, front to back, right to left) run backwards on the scanner's grid."""


@dataclass(frozen=True, eq=False)
class DemoThorax:
    """A thorax and its truth, all on the grid that a scanner would deliver for the patient's position."""

    parameters: DemoParameters
    volume: Volume
    lungs: NDArray[np.uint8]
    """Codes of :class:`inference.labels.Lung`: vessels, small bronchi and opacities in; airways and fluid out."""
    lesions: NDArray[np.uint8]
    """Codes of :class:`inference.labels.Lesion`."""
    airways: NDArray[np.bool_]
    """Air in the trachea and in bronchi from 2 mm bore."""

    def lung_ml(self, *sides: Lung) -> float:
        """Volume of the given lungs, of both without argument."""
        return float(np.isin(self.lungs, sides or tuple(Lung)).sum() * self.volume.geometry.voxel_ml)

    def lesion_ml(self, lesion: Lesion) -> float:
        """Volume of one class."""
        return float((self.lesions == lesion).sum() * self.volume.geometry.voxel_ml)

    def percent_infected(self, *sides: Lung) -> float:
        """Percentage of infection of the given lungs, of both without argument."""
        lung = np.isin(self.lungs, sides or tuple(Lung))
        return float(100.0 * (np.isin(self.lesions, INFECTED) & lung).sum() / max(int(lung.sum()), 1))


def geometry(parameters: DemoParameters, frame_of_reference_uid: str = "") -> tuple[VolumeGeometry, Reorientation]:
    """The series' grid, and the turn that brings the patient's own axes (S, P, L) onto it and back."""
    axes = fine_axes(parameters)
    affine = np.diag([parameters.pixel_mm, parameters.pixel_mm, parameters.slice_mm, 1.0])
    affine[:3, 3] = axes.x[0], axes.y[0], BOTTOM_MM
    own = VolumeGeometry(axes.shape, affine, frame_of_reference_uid)
    turn = Reorientation((0, 1, 2), _TURNS[parameters.patient_position])
    return own.reoriented(turn), turn


def generate(
    parameters: DemoParameters | None = None,
    *,
    on_progress: Callable[[float], None] | None = None,
    cancel: CancellationToken | None = None,
) -> DemoThorax:
    """Make a demo study; the same parameters give the same voxels. ``on_progress`` hears shares from 0 to 1.

    About half a minute for 512 x 512 x 160 and a few seconds for :meth:`DemoParameters.small`.

    Raises
    ------
    Cancelled
        If ``cancel`` is set while the slices are painted.
    """
    parameters = parameters or DemoParameters()
    anatomy_rng, noise_rng = (np.random.default_rng([parameters.seed, stream]) for stream in (1, 2))
    anatomy = build(parameters, anatomy_rng)
    painter, scanner = Painter(anatomy), Scanner(anatomy.fine, noise_rng, parameters.noise_hu)
    grid, turn = geometry(parameters)
    hu = np.empty(grid.shape, np.int16)
    lungs, lesions = np.empty(grid.shape, np.uint8), np.empty(grid.shape, np.uint8)
    airways = np.empty(grid.shape, np.bool_)
    own_hu, own_lungs, own_lesions, own_airways = (turn.apply(a) for a in (hu, lungs, lesions, airways))
    for first in range(0, parameters.slices, SLAB):
        slices = slice(first, min(first + SLAB, parameters.slices))
        if cancel is not None:
            cancel.check()
        slab = painter.paint(slices)
        image = scanner.blur(slab.hu)
        heights = anatomy.fine.z[slices]
        scanner.add_noise(image, [_load(z) for z in heights], [_streaks(z) for z in heights])
        np.clip(np.rint(image, out=image), -1024.0, 3071.0, out=image)
        own_hu[slices] = image
        own_lungs[slices], own_lesions[slices], own_airways[slices] = slab.lungs, slab.lesions, slab.airways
        if on_progress is not None:
            on_progress(_BUILT + (1.0 - _BUILT) * slices.stop / parameters.slices)
    return DemoThorax(
        parameters, Volume(hu, grid, patient_position=parameters.patient_position), lungs, lesions, airways
    )


def _load(z: float) -> float:
    """The noise of a slice relative to the lungs': more through shoulders and liver."""
    return float(1.0 + 0.55 * np.clip((z - 60.0) / 40.0, 0, 1) + 0.35 * np.clip((-80.0 - z) / 60.0, 0, 1))


def _streaks(z: float) -> float:
    """Horizontal stripes between the shoulders."""
    return float(0.8 * np.clip((z - 80.0) / 30.0, 0, 1))
