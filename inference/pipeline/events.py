"""What a running analysis says. Small frozen values: they cross the worker's pipe, so no event holds a volume.

Masks travel through shared memory: a system *publishes* an array, the runner copies it into the shared buffer of that
name and sends :class:`PartialResult`, and the receiver looks at the buffer it owns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inference.findings import Findings
    from inference.verdict import Verdict

MaskName = Literal["lungs", "lesions"]


@dataclass(frozen=True)
class StageStarted:
    """A stage (``read``, ``lung``, ``lesion`` ...) began; ``number`` of ``count``, from 1."""

    stage: str
    number: int
    count: int


@dataclass(frozen=True)
class Progress:
    """``fraction`` of the whole analysis, 0..1, and the seconds left where they can be told."""

    fraction: float
    seconds_left: float | None = None


@dataclass(frozen=True)
class PartialResult:
    """The shared mask ``name`` now holds the result of the slices ``first..last`` (source grid, inclusive)."""

    name: MaskName
    first: int
    last: int


@dataclass(frozen=True)
class StageFinished:
    """A stage ended after ``seconds``."""

    stage: str
    seconds: float


@dataclass(frozen=True)
class Succeeded:
    """The end: the findings, and the verdict now that the lungs are known. Masks travel as shared arrays."""

    findings: Findings
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class Reconstructed:
    """The end: a slice as a network saw it and as it drew it again, grey 0..1, (rows, columns). Shared arrays."""

    seen: NDArray[np.float32]
    drawn: NDArray[np.float32]


@dataclass(frozen=True)
class Failed:
    """The end: one sentence for the reader. ``code`` is the error's class name, ``WorkerDied`` for a dead worker.

    ``verdict`` is there when the lungs turned it red (``GeometryRefused``).
    """

    code: str
    message: str
    verdict: Verdict | None = None


@dataclass(frozen=True)
class WasCancelled:
    """The end: the user stopped it. Nothing is kept of it."""


Ending = Succeeded | Reconstructed | Failed | WasCancelled
Event = StageStarted | Progress | PartialResult | StageFinished | Ending
