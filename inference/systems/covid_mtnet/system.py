"""Paper 2 in order, for CT and for X-rays: recognition, lungs, refinement, infection, heat map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.explanation.volume import heat_of_class
from inference.findings import Recognition, SystemOutput, Target
from inference.labels import Lesion
from inference.models.outputs import RECOGNITION
from inference.systems.answers import labels_of, opinion_on, positive_of
from inference.systems.covid_mtnet.config import MtnetSettings
from inference.systems.covid_mtnet.postprocess import infection, refine
from inference.systems.growing import Mask
from inference.systems.learned import Analysis
from inference.systems.modality import is_xray
from inference.systems.model import Model
from inference.systems.registry import COVID_MTNET, RunContext, System, SystemCard
from inference.volume import Volume

_CT = {"recogniser": "recogniser", "lungs": "lungs", "lesions": "lesions"}
_XRAY = {"recogniser": "xray_recogniser", "lungs": "xray_lungs", "lesions": "xray_lesions"}


def create() -> System:
    """The system as :mod:`inference.systems.registry` builds it."""
    return CovidMtnet()


class CovidMtnet:
    """Recognition, lungs and unclassified opacity. Stateless between runs."""

    def __init__(self, settings: MtnetSettings | None = None) -> None:
        self.settings = settings or MtnetSettings.paper()

    @property
    def card(self) -> SystemCard:
        """The registered card."""
        return COVID_MTNET

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        """Analyse CT slices or an X-ray. Raises InputShapeError, WeightsMissing, Cancelled."""
        xray = is_xray(volume, context.options.modality)
        run = Analysis(COVID_MTNET, volume, context, xray=xray)
        parts = _XRAY if xray else _CT
        run.begin("body")
        recogniser, lung_model = run.model(parts["recogniser"]), run.model(parts["lungs"])
        trained = run.optional(parts["lesions"])
        run.begin("lung")
        said = run.segment(lung_model, run.stack.with_body(), "lung", shown="lungs")
        refined = np.stack([refine(one, self.settings) if one.any() else one for one in said.mask])
        lungs, bearing = run.settled(lung_model, refined)
        run.begin("recognition")
        judged = [0] if xray else bearing
        labels = labels_of(recogniser, RECOGNITION)
        target = positive_of(labels)
        values = run.classify(recogniser, judged, RECOGNITION)
        found = values[:, labels.index(target)]
        run.begin("lesion")
        adaptive = self._adaptive(run, refined, bearing, lung_model)
        infected = adaptive
        if trained is not None:
            infected = run.segment(trained, bearing, "lesion", threshold=self.settings.probability).mask & refined
            shares = _percent(adaptive, refined), _percent(infected, refined)
            text = "The adaptive threshold marks {} of the lung, the trained network {}; the network's is shown."
            run.warn("two_methods", text.format(*shares))
        run.begin("explanation")
        positive = [k for k, value in zip(judged, found, strict=True) if value > self.settings.probability]
        heat = heat_of_class(run, recogniser, positive, RECOGNITION, target)
        return run.output(
            lungs, np.where(infected, np.uint8(Lesion.UNCLASSIFIED), np.uint8(0)),
            sources={Lesion.UNCLASSIFIED.key: "rule" if trained is None else "learned"},
            recognition=self._opinion(found, target), heat=heat, heat_of=target,
            classes={label: float(value) for label, value in zip(labels, values[0], strict=True)} if xray else {},
        )  # fmt: skip

    def _opinion(self, found: NDArray[np.float32], target: str) -> Recognition:
        """The opinion on the study, from the probability of each slice."""
        asked: Target = "pneumonia_against_normal" if target == "pneumonia" else "covid_against_other"
        return opinion_on(found, self.settings.probability, asked)

    def _adaptive(self, run: Analysis, lungs: Mask, bearing: Sequence[int], model: Model) -> Mask:
        """Infection by the adaptive threshold, slice by slice, on the rendered picture."""
        out = np.zeros(lungs.shape, np.bool_)
        for n, k in enumerate(bearing):
            run.context.progress(n / len(bearing))
            grey = run.stack.images([k], model.entry)[0, 0]
            inside = run.stack.masked(lungs[k : k + 1], model.entry.size)[0]
            infected, _ = infection(grey, inside, self.settings)
            out[k] = (run.stack.place(infected.astype(np.float32)) > 0.5) & lungs[k]
        return out


def _percent(infected: Mask, lungs: Mask) -> str:
    return f"{100.0 * int(infected.sum()) / max(1, int(lungs.sum())):.1f} %"
