"""What every stage looks at: the averaged volume, the body in it, its axis and the way down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid

Pulse = Callable[[], None]
"""Called between short pieces of work; raises Cancelled to stop."""


@dataclass(frozen=True)
class Scene:
    """``hu`` (float32) and ``body`` lie on the working grid, whose axes run feet to head, front to back, right to left
    where ``oriented``; ``spine`` is the spine's column per slice, ``down`` gravity as ``(j, i)``."""

    hu: NDArray[np.float32]
    body: NDArray[np.bool_]
    spine: NDArray[np.float64]
    down: tuple[float, float]
    oriented: bool
    grid: WorkingGrid
    config: DensitometryConfig
    pulse: Pulse

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """The working grid's pitch."""
        return self.grid.spacing_mm

    def lateral_mm(self) -> NDArray[np.float64]:
        """How far each column lies from the spine, positive to high ``i``: ``(slices, columns)``."""
        return np.asarray((np.arange(self.grid.shape[2])[None, :] - self.spine[:, None]) * self.spacing_mm[2])

    def beneath_mm(self, mask: NDArray[np.bool_]) -> NDArray[np.float32]:
        """How much of the mask each voxel's column holds from there down, itself included, in mm."""
        axis = 1 if self.down[0] else 2
        forwards = sum(self.down) > 0
        ordered = np.flip(mask, axis) if forwards else mask
        depth = np.cumsum(ordered, axis=axis, dtype=np.int16)
        return np.asarray((np.flip(depth, axis) if forwards else depth) * np.float32(self.spacing_mm[axis]))
