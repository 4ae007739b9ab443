"""Which system judges single pictures: one for CT slices, one for X-rays, and why not a better one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from inference.errors import WeightsMissing
from inference.systems.nested import NestedContext
from inference.systems.readiness import readiness, ready_card
from inference.systems.registry import Modality, SystemCard, cards

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inference.findings import SystemOutput
    from inference.pipeline.cancellation import CancellationToken
    from inference.systems.registry import RunOptions
    from inference.volume import Volume

CLASSES = ("normal", "bacterial", "viral", "covid")
"""What an X-ray is told apart into, by the system that has a network for it."""
_CLASSIFIER = "specialised-streams"
_KINDS = {"ct": "CT slices", "xray": "X-rays"}
_OF_WEIGHTS = frozenset({"part_left_out", "other_weights"})
"""A system's warnings that its weights are not whole."""


def system_for(modality: Modality, wanted: str | None, failed: Collection[str] = ()) -> tuple[SystemCard, list[str]]:
    """The system of that name, or the best that can run, for pictures of that modality; and why no better one.

    ``failed`` are systems that turned out not to run.

    Raises
    ------
    SeriesError
        If there is no system of that name, or it judges no such pictures.
    WeightsMissing
        If its weights, or those of every system, are absent or altered.
    """
    if wanted is not None:
        return ready_card(wanted, modality), []
    passed: dict[str, None] = {}
    for one in _candidates(modality):
        state = readiness(one, modality)
        if state.ready and one.name not in failed:
            return one, list(passed)
        if state.state.startswith("weights"):
            passed[state.sentence] = None
    raise WeightsMissing(f"No system can judge {_KINDS[modality]}. {' '.join(passed)}".strip())


def _candidates(modality: Modality) -> list[SystemCard]:
    """Every learned system, best first; for X-rays those that draw lungs before those that only recognise."""
    listed = [one for one in cards() if one.kind == "learned"]
    if modality == "xray":
        listed.sort(key=lambda one: -sum(part.modality == "xray" for part in one.parts))
    return listed


@dataclass
class Judges:
    """The systems of one run; ``notes`` say, each once, what could not run for want of whole weights."""

    wanted: str | None
    device: str
    cancel: CancellationToken
    notes: dict[str, None] = field(default_factory=dict)
    _used: dict[Modality, dict[str, None]] = field(default_factory=dict)
    _classified: bool = False
    _failed: set[str] = field(default_factory=set)

    def judge(self, grey: NDArray[np.uint8], modality: Modality, options: RunOptions) -> SystemOutput:
        """What is said of a picture; of an X-ray with the four classes, where the default system has none.

        Raises SeriesError for pictures that the system asked for does not judge, WeightsMissing, InputShapeError, and
        Cancelled.
        """
        while True:
            chosen, reasons = system_for(modality, self.wanted, self._failed)
            self.notes.update(dict.fromkeys(reasons))
            try:
                output = self._run(chosen, grey, options)
                break
            except WeightsMissing as fault:
                if self.wanted is not None:
                    raise
                self._failed.add(chosen.name)
                self.notes[str(fault)] = None
        self._used.setdefault(modality, {})[chosen.name] = None
        return self._with_classes(output, grey, options) if modality == "xray" and self.wanted is None else output

    def told(self) -> list[str]:
        """Who judged what, a sentence for each kind of picture."""
        said = []
        for modality in sorted(self._used):
            classes = f", their four classes by {_CLASSIFIER}" if modality == "xray" and self._classified else ""
            said.append(f"{_KINDS[modality]} are judged by {' and '.join(self._used[modality])}{classes}")
        return said

    def surroundings(self, options: RunOptions) -> NestedContext:
        """What a system runs in: nothing is shown, and it may be cancelled."""

        def look(*_: object) -> None:
            self.cancel.check()

        return NestedContext(self.device, "", options, look, look)

    def _with_classes(self, output: SystemOutput, grey: NDArray[np.uint8], options: RunOptions) -> SystemOutput:
        """The four classes, and the recogniser's opinion, of the system that has them, beside another's masks."""
        if set(CLASSES) <= set(output.classes):
            return output
        try:
            said = self._run(system_for("xray", _CLASSIFIER)[0], grey, options)
        except WeightsMissing as fault:
            self.notes[str(fault)] = None
            return output
        self._classified = True
        return replace(output, classes=said.classes, recognition=said.recognition)

    def _run(self, chosen: SystemCard, grey: NDArray[np.uint8], options: RunOptions) -> SystemOutput:
        from inference.systems.registry import create

        output = create(chosen.name).run(picture_volume(grey), self.surroundings(options))
        self.notes.update({one.text: None for one in output.warnings if one.code in _OF_WEIGHTS})
        return output


def picture_volume(grey: NDArray[np.uint8]) -> Volume:
    """A picture as the volume that systems take: one slice without millimetres and orientation."""
    import numpy as np

    from inference.volume import Units, Volume, VolumeGeometry

    geometry = VolumeGeometry((1, *grey.shape), np.eye(4), orientation_known=False, spacing_known=False)
    return Volume(grey[None].astype(np.int16), geometry, Units.GREY8)
