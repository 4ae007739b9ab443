"""Capability cards of every system, and how to build one. Imports no system, so listing costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol

from inference.errors import SeriesError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inference.findings import SystemOutput
    from inference.pipeline.events import MaskName
    from inference.volume import Volume

Task = Literal["lungs", "opacity", "ground_glass", "consolidation", "effusion", "recognition"]


@dataclass(frozen=True)
class WeightFile:
    """A shipped weight file: its name under ``resources/weights`` and the SHA-256 it must have."""

    name: str
    sha256: str


@dataclass(frozen=True)
class SystemCard:
    """What a system is and does, as ``groundglass systems`` prints it.

    ``kind`` is ``rule-based`` or ``learned``: a rule-based system has no weights and gives no probabilities.
    ``factory`` is ``"module:function"``; the function takes no argument and returns a :class:`System`.
    ``stages`` are the stage names its events use, in order, with the share of the time each takes.
    """

    name: str
    title: str
    version: str
    kind: Literal["rule-based", "learned"]
    tasks: tuple[Task, ...]
    labels: tuple[str, ...]
    input: str
    paper: str
    licence: str
    trained_on: str
    weights: tuple[WeightFile, ...]
    factory: str
    stages: tuple[tuple[str, float], ...]
    limitations: tuple[str, ...] = ()


class RunContext(Protocol):
    """What a system may ask of its surroundings while it runs."""

    @property
    def device(self) -> str:
        """``cpu``, ``cuda`` or ``mps``."""

    @property
    def config(self) -> str:
        """``compact``, ``paper`` or ``""``."""

    def stage(self, name: str) -> None:
        """Say that the named stage begins (the one before ends). Raises Cancelled if asked to stop."""

    def progress(self, fraction: float) -> None:
        """Say how much of the present stage is done, 0..1. Raises Cancelled if asked to stop."""

    def publish(self, name: MaskName, labels: NDArray[np.uint8], first: int, last: int) -> None:
        """Show a partial mask: the whole array on the volume's own grid, of which slices first..last are new."""


class System(Protocol):
    """A second opinion. Stateless between runs."""

    @property
    def card(self) -> SystemCard:
        """The card it is registered under."""

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        """Analyse a volume (read-only). Raises InputShapeError when its units or grid do not fit, and Cancelled."""


DENSITOMETRY = SystemCard(
    name="densitometry",
    title="Densitometry (rule-based baseline)",
    version="1.0.0",
    kind="rule-based",
    tasks=("lungs", "ground_glass", "consolidation", "effusion"),
    labels=("ground_glass", "consolidation", "effusion"),
    input="CT volume in Hounsfield units, axial or reformatted, at least 20 slices",
    paper="",
    licence="Apache-2.0",
    trained_on="nothing: fixed rules on Hounsfield units",
    weights=(),
    factory="inference.systems.densitometry.system:create",
    stages=(("body", 0.1), ("airways", 0.1), ("lung", 0.35), ("vessels", 0.2), ("lesion", 0.15), ("effusion", 0.1)),
    limitations=(
        "Rules on density: tumour, oedema, atelectasis and motion can look like infection.",
        "Gives no probabilities.",
    ),
)

_CARDS: dict[str, SystemCard] = {DENSITOMETRY.name: DENSITOMETRY}


def cards() -> tuple[SystemCard, ...]:
    """Every registered card, best first: the first whose weights are present is the default."""
    return tuple(_CARDS.values())


def card(name: str) -> SystemCard:
    """The card of that name. Raises SeriesError, naming the near ones, if there is none."""
    if name in _CARDS:
        return _CARDS[name]
    from difflib import get_close_matches

    near = get_close_matches(name, _CARDS, n=1)
    hint = f" Did you mean {near[0]}?" if near else f" There are: {', '.join(_CARDS)}."
    raise SeriesError(f"There is no system named {name}.{hint}")


def create(name: str) -> System:
    """Build the system of that name (imports its module only now)."""
    module, function = card(name).factory.split(":")
    factory: Callable[[], System] = getattr(import_module(module), function)
    return factory()
