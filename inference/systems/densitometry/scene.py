"""What every stage looks at: the averaged volume, its grid, the body's axis and the way down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid


@dataclass(frozen=True)
class Scene:
    """``hu`` is float32 on the working grid, ``spine`` the spine's column per slice, ``down`` gravity as ``(j, i)``."""

    hu: NDArray[np.float32]
    spine: NDArray[np.float64]
    down: tuple[float, float]
    grid: WorkingGrid
    config: DensitometryConfig
