"""A slice as the multitask network sees it and as it draws it again: what its encoder keeps of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.systems.multitask.system import Multitask
from inference.systems.registry import RunOptions
from inference.volume import Volume


def reconstruct(
    volume: Volume, number: int, *, device: str = "auto"
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Canonical slice ``number``, seen and drawn, (rows, columns), grey 0..1.

    Raises WeightsMissing, and InputShapeError for numbers that no network can judge.
    """
    return Multitask().seen_and_drawn(volume, _Alone(device), number)


_NO_OPTIONS = RunOptions()


@dataclass(frozen=True)
class _Alone:
    """The surroundings of one picture: nobody watches its progress."""

    device: str
    config: str = ""
    options: RunOptions = _NO_OPTIONS

    def stage(self, name: str) -> None:
        return

    def progress(self, fraction: float) -> None:
        return

    def publish(self, name: object, labels: object, first: int, last: int) -> None:
        return
