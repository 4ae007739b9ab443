"""Paper 1 in order: recognition, manifestations, streams. Later stages run even when recognition is negative."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.explanation.volume import heat_of_class
from inference.findings import SystemOutput
from inference.labels import Lesion
from inference.models.outputs import MANIFESTATIONS, RECOGNITION
from inference.systems.answers import labels_of, opinion_on, positive_of, strongest
from inference.systems.growing import Segmented
from inference.systems.learned import Analysis
from inference.systems.modality import is_xray
from inference.systems.registry import SPECIALISED_STREAMS, RunContext, System, SystemCard
from inference.systems.specialised_streams.config import STREAMS, StreamsSettings
from inference.systems.specialised_streams.postprocess import joined
from inference.volume import Volume


def create() -> System:
    """The system as :mod:`inference.systems.registry` builds it."""
    return SpecialisedStreams()


class SpecialisedStreams:
    """Recognition, probabilities of the manifestations, and a mask for each. Stateless between runs."""

    def __init__(self, settings: StreamsSettings | None = None) -> None:
        self.settings = settings or StreamsSettings.paper()

    @property
    def card(self) -> SystemCard:
        """The registered card."""
        return SPECIALISED_STREAMS

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        """Analyse CT slices, or recognise an X-ray. Raises InputShapeError, WeightsMissing, Cancelled."""
        xray = is_xray(volume, context.options.modality)
        run = Analysis(SPECIALISED_STREAMS, volume, context, xray=xray)
        return self._xray(run) if xray else self._ct(run)

    def _ct(self, run: Analysis) -> SystemOutput:
        limit = self.settings.probability
        run.begin("body")
        recogniser = run.model("recogniser")
        run.begin("lung")
        lungs, bearing, _ = run.lungs()
        run.begin("recognition")
        recognition, positive, target = run.recognised([recogniser], bearing, limit, lungs > 0)
        run.begin("manifestations")
        said = self._manifestations(run, bearing)
        run.begin("lesion")
        streams = self._streams(run, bearing)
        run.thresholds["lesion_probability"] = limit
        run.begin("explanation")
        heat = heat_of_class(run, recogniser, positive, RECOGNITION, target, lungs=lungs > 0)
        return run.output(
            lungs, joined(streams, lungs), sources={label.key: "learned" for label in streams},
            probabilities=said, recognition=recognition, heat=heat, heat_of=target,
        )  # fmt: skip

    def _manifestations(self, run: Analysis, bearing: Sequence[int]) -> dict[str, float]:
        """The study's probability of each manifestation; none where the network was not trained."""
        model = run.optional("manifestations")
        if model is None:
            run.warn("no_manifestations", "No network for manifestations was trained: there are no probabilities.")
            return {}
        values = run.classify(model, bearing, MANIFESTATIONS)
        found = {label: strongest(values[:, n]) for n, label in enumerate(labels_of(model, MANIFESTATIONS))}
        return {label: probability for label, probability in found.items() if probability is not None}

    def _streams(self, run: Analysis, bearing: Sequence[int]) -> dict[Lesion, Segmented]:
        """Every stream that was trained, specialised ones first; what none was trained for is said."""
        found: dict[Lesion, Segmented] = {}
        everything = run.optional("all_classes")
        for name, label in STREAMS.items():
            own = None if self.settings.all_classes else run.optional(name)
            model = own or everything
            if model is None or name not in labels_of(model, "mask"):
                run.warn(
                    f"no_{name}_stream",
                    f"No stream for {name.replace('_', '-')} was trained on such pictures: it is not looked for.",
                )
                continue
            found[label] = run.segment(model, bearing, name, threshold=self.settings.probability, levels=True)
        return found

    def _xray(self, run: Analysis) -> SystemOutput:
        run.begin("recognition")
        recogniser = run.model("xray_recogniser")
        labels = labels_of(recogniser, RECOGNITION)
        target = positive_of(labels)
        values = run.classify(recogniser, [0], RECOGNITION)
        recognition = opinion_on(values[:, labels.index(target)], self.settings.probability)
        run.begin("explanation")
        heat = heat_of_class(run, recogniser, [0], RECOGNITION, target)
        empty = np.zeros(run.stack.shape, np.uint8)
        return run.output(
            empty, empty.copy(), sources={}, recognition=recognition, heat=heat, heat_of=target,
            classes={label: float(value) for label, value in zip(labels, values[0], strict=True)},
        )  # fmt: skip
