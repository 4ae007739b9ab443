"""Paper 5 in order: recognise slices, apply the rule, explain, and segment a positive study."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.explanation.volume import heat_of_class
from inference.findings import SystemOutput
from inference.labels import Lesion
from inference.models.outputs import RECOGNITION
from inference.systems.answers import labels_of, positive_of, strongest
from inference.systems.growing import Segmented
from inference.systems.jcs.config import JcsSettings
from inference.systems.jcs.postprocess import recognise
from inference.systems.learned import Analysis
from inference.systems.registry import JCS, RunContext, System, SystemCard
from inference.volume import Volume


def create() -> System:
    """The system as :mod:`inference.systems.registry` builds it."""
    return Jcs()


class Jcs:
    """Recognition with its activation map, and opacities where it is positive. Stateless between runs."""

    def __init__(self, settings: JcsSettings | None = None) -> None:
        self.settings = settings or JcsSettings.paper()

    @property
    def card(self) -> SystemCard:
        """The registered card."""
        return JCS

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        """Analyse CT slices. Raises InputShapeError, WeightsMissing, Cancelled.

        A study that is not recognised is not segmented, unless the options say so; a warning tells.
        """
        run = Analysis(JCS, volume, context)
        run.begin("body")
        recogniser, segmenter = run.model("recogniser"), run.model("lesions")
        run.begin("lung")
        lungs, bearing, _ = run.lungs()
        run.begin("recognition")
        labels = labels_of(recogniser, RECOGNITION)
        target = positive_of(labels)
        found = run.classify(recogniser, bearing, RECOGNITION)[:, labels.index(target)]
        recognition = recognise(found.tolist(), self.settings, strongest(found))
        run.thresholds["slice_probability"] = self.settings.probability
        run.begin("lesion")
        said: Segmented | None = None
        if recognition.positive or context.options.segment_anyway:
            said = run.segment(segmenter, bearing, labels_of(segmenter, "mask")[-1], shown="lesions")
            run.thresholds["lesion_probability"] = segmenter.entry.threshold
        else:
            run.warn("not_segmented", "The study was not recognised, so nothing was segmented and nothing measured.")
        run.begin("explanation")
        positive = [k for k, value in zip(bearing, found, strict=True) if value > self.settings.probability]
        heat = heat_of_class(run, recogniser, positive, RECOGNITION, target, "paper-5")
        return run.output(
            lungs, _lesions(lungs, said), sources={Lesion.UNCLASSIFIED.key: "learned"} if said else {},
            probabilities={Lesion.UNCLASSIFIED.key: said.highest} if said else {}, recognition=recognition,
            heat=heat, heat_of=target, segmented=said is not None,
        )  # fmt: skip


def _lesions(lungs: NDArray[np.uint8], said: Segmented | None) -> NDArray[np.uint8]:
    if said is None:
        return np.zeros_like(lungs)
    return np.where(said.mask & (lungs > 0), np.uint8(Lesion.UNCLASSIFIED), np.uint8(0))
