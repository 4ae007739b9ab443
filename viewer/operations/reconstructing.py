"""The slice on show, as the multitask network sees it and as it draws it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.jobs.runner import Jobs
from viewer.state.navigation import number_of_index
from viewer.state.session import Notice, Session

SYSTEM = "multitask"


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Pictures (rows, columns) of grey 0..1 in radiological convention; ``aspect`` is a pixel's height over its width.

    ``number`` of ``count`` is the slice, from the head.
    """

    seen: NDArray[np.float32]
    drawn: NDArray[np.float32]
    aspect: float
    number: int
    count: int

    @property
    def difference(self) -> NDArray[np.float32]:
        """How far the drawing is from the picture, 0..1."""
        return np.asarray(np.abs(self.seen - self.drawn), np.float32)

    @property
    def mean_difference(self) -> float:
        """The mean difference in per cent of the grey scale, where the network saw anything but black."""
        body = self.seen > 0
        return 100.0 * float(self.difference[body].mean()) if body.any() else 0.0


def why_not(session: Session) -> str:
    """Why no reconstruction can be made now, in one sentence; "" if it can."""
    loaded = session.loaded.value
    if loaded is None:
        return "Open a chest CT first."
    if loaded.info.is_xray:
        return "The multitask network draws CT slices, not X-rays."
    if any(job.can_retry and not job.ending for job in session.jobs.value):
        return "An analysis is running; wait until it has ended."
    return ""


def reconstruct(session: Session, jobs: Jobs, show: Callable[[Reconstruction], None]) -> bool:
    """Let the network draw the axial slice on show; ``show`` gets the pictures. Returns whether it started."""
    loaded = session.loaded.value
    if (reason := why_not(session)) or loaded is None:
        session.notice.emit(Notice(reason, "warning"))
        return False
    geometry = loaded.volume.canonical()[0].geometry
    index = int(np.clip(np.rint(geometry.to_index(session.crosshair.value)[0]), 0, geometry.shape[0] - 1))
    height, width = geometry.spacing_mm[1:]
    number, count = number_of_index("axial", geometry.shape[0], index), geometry.shape[0]
    return jobs.reconstruct(
        index, lambda made: show(Reconstruction(made.seen, made.drawn, height / width, number, count))
    ) is not None  # fmt: skip
