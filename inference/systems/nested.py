"""The surroundings of a system that runs inside another run: beside the networks, as a member, or as a reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inference.systems.registry import RunOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inference.pipeline.events import MaskName


def _unseen(name: MaskName, labels: NDArray[np.uint8], first: int, last: int) -> None:
    return


@dataclass(frozen=True)
class NestedContext:
    """A :class:`inference.systems.registry.RunContext` whose stages are nothing but progress.

    ``advance`` hears how much is done, 0..1, and may raise Cancelled. ``show`` gets the partial masks, which nobody
    sees otherwise. ``shared`` is what systems of the same run need not find twice.
    """

    device: str
    config: str
    options: RunOptions
    advance: Callable[[float], None]
    show: Callable[[MaskName, NDArray[np.uint8], int, int], None] = _unseen
    shared: dict[object, object] = field(default_factory=dict)

    def stage(self, name: str) -> None:
        """Begin again at nothing done."""
        self.advance(0.0)

    def progress(self, fraction: float) -> None:
        """Hand the share on."""
        self.advance(fraction)

    def publish(self, name: MaskName, labels: NDArray[np.uint8], first: int, last: int) -> None:
        """Hand the mask on."""
        self.show(name, labels, first, last)
