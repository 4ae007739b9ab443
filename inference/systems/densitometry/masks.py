"""From the working grid back to every voxel of the volume, in the published codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.labels import Lesion, Lung
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask
from inference.systems.densitometry.scene import Pulse
from inference.volume import Reorientation

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Masks:
    """The four masks of an analysis on the volume's own grid."""

    lungs: Labels
    lesions: Labels
    rib_cage: Labels
    airways: Labels


@dataclass(frozen=True)
class Restorer:
    """Turns masks of the working grid into masks on the source grid.

    ``missing`` are canonical slices that the source lacks: nothing is left there.
    """

    grid: WorkingGrid
    turn: Reorientation
    sides_known: bool
    missing: tuple[int, ...]
    pulse: Pulse

    def lungs(self, sides: Labels) -> Labels:
        """Lungs alone, for an early look."""
        return self._finished(self._coded(self._sides(sides)))

    def masks(self, sides: Labels, opacity: Mask, solid: Mask, fluid: Mask, chest: Labels, airways: Mask) -> Masks:
        """All masks; opacity counts inside the lungs only, fluid and airways outside."""
        lungs = self._sides(sides)
        inside = lungs > 0
        lesions = np.zeros_like(lungs)
        self._write(fluid, lesions, Lesion.EFFUSION, ~inside)
        self._write(opacity, lesions, Lesion.GROUND_GLASS, inside)
        self._write(opacity & solid, lesions, Lesion.CONSOLIDATION, lesions == Lesion.GROUND_GLASS)
        cage = self._sides(chest)
        np.copyto(cage, lungs, where=inside)
        bronchi = np.zeros_like(lungs)
        self._write(airways, bronchi, 1, ~inside)
        return Masks(
            self._finished(self._coded(lungs)),
            self._finished(lesions),
            self._finished(self._coded(cage)),
            self._finished(bronchi),
        )

    def _sides(self, sides: Labels) -> Labels:
        """Sides on the canonical grid; where outlines overlap after interpolation, the first keeps the voxel."""
        out = np.zeros(self.grid.source_shape, np.uint8)
        self._write(sides == 1, out, 1, None)
        self._write(sides == 2, out, 2, out == 0)
        return out

    def _write(self, mask: Mask, out: Labels, code: int, over: Mask | None) -> None:
        self.grid.restore(mask, out, code, over, self.pulse)

    def _coded(self, sides: Labels) -> Labels:
        if self.sides_known:
            return sides
        return np.where(sides > 0, np.uint8(Lung.SIDE_UNKNOWN), np.uint8(0))

    def _finished(self, labels: Labels) -> Labels:
        for k in self.missing:
            labels[k] = 0
        self.pulse()
        return np.ascontiguousarray(self.turn.invert(labels))
