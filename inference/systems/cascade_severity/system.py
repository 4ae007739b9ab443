"""Paper 4 in order: U-Net for the lungs, the masked slice into the FPN for the lesions, the rule, the heat map."""

from __future__ import annotations

import numpy as np

from inference.explanation.volume import heat_of_mask
from inference.findings import SystemOutput
from inference.labels import Lesion
from inference.systems.cascade_severity.config import CascadeConfig
from inference.systems.cascade_severity.postprocess import recognise
from inference.systems.learned import Analysis
from inference.systems.registry import CASCADE_SEVERITY, RunContext, System, SystemCard
from inference.volume import Volume


def create() -> System:
    """The system as :mod:`inference.systems.registry` builds it."""
    return CascadeSeverity()


class CascadeSeverity:
    """Lungs and unclassified opacity. Stateless between runs."""

    def __init__(self, config: CascadeConfig | None = None) -> None:
        self.config = config or CascadeConfig.paper()

    @property
    def card(self) -> SystemCard:
        """The registered card."""
        return CASCADE_SEVERITY

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        """Analyse CT slices. Raises InputShapeError, WeightsMissing, Cancelled."""
        run = Analysis(CASCADE_SEVERITY, volume, context)
        run.begin("body")
        lesion_model = run.model("lesions")
        run.begin("lung")
        lungs, bearing, _ = run.lungs()
        run.begin("lesion")
        inside = lungs > 0
        said = run.segment(
            lesion_model, bearing, "lesion", inside=inside, shown="lesions", threshold=self.config.probability
        )
        infected = said.mask & inside
        run.thresholds["lesion_probability"] = self.config.probability
        recognition = recognise({k: int(infected[k].sum()) for k in bearing}, self.config)
        run.begin("explanation")
        heat = heat_of_mask(run, lesion_model, [k for k in bearing if infected[k].any()], "lesion", infected, inside)
        lesions = np.where(infected, np.uint8(Lesion.UNCLASSIFIED), np.uint8(0))
        return run.output(
            lungs, lesions, sources={Lesion.UNCLASSIFIED.key: "learned"}, recognition=recognition,
            probabilities={Lesion.UNCLASSIFIED.key: said.highest}, heat=heat, heat_of="opacity",
        )  # fmt: skip
