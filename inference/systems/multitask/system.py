"""Paper 3: every slice goes once through the shared encoder, and all three tasks answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.explanation.volume import heat_of_class
from inference.findings import SystemOutput
from inference.labels import Lesion
from inference.models.outputs import RECOGNITION, RECONSTRUCTION
from inference.systems.answers import labels_of, positive_of
from inference.systems.learned import Analysis
from inference.systems.model import Answers
from inference.systems.multitask.config import MultitaskSettings
from inference.systems.multitask.postprocess import recognise
from inference.systems.registry import MULTITASK, RunContext, System, SystemCard
from inference.volume import Volume


def create() -> System:
    """The system as :mod:`inference.systems.registry` builds it."""
    return Multitask()


class Multitask:
    """Recognition and unclassified opacity. Stateless between runs."""

    def __init__(self, settings: MultitaskSettings | None = None) -> None:
        self.settings = settings or MultitaskSettings.paper()

    @property
    def card(self) -> SystemCard:
        """The registered card."""
        return MULTITASK

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        """Analyse CT slices. Raises InputShapeError, WeightsMissing, Cancelled."""
        run = Analysis(MULTITASK, volume, context)
        run.begin("body")
        network = run.model("network")
        run.begin("lung")
        lungs, bearing, _ = run.lungs()
        run.begin("lesion")
        labels = labels_of(network, RECOGNITION)
        target = positive_of(labels)
        grown = run.growing(network, "lesion", shown="lesions", threshold=self.settings.probability)
        classes: list[NDArray[np.float32]] = []

        def each(batch: Sequence[int], answers: Answers) -> None:
            grown.add(batch, answers)
            classes.append(answers[RECOGNITION][:, labels.index(target)])

        run.ask(network, bearing, each)
        said = grown.done()
        run.thresholds["lesion_probability"] = self.settings.probability
        found = np.concatenate(classes) if classes else np.zeros(0, np.float32)
        recognition = recognise(found, self.settings)
        run.begin("explanation")
        positive = [k for k, value in zip(bearing, found, strict=True) if value > self.settings.probability]
        heat = heat_of_class(run, network, positive, RECOGNITION, target)
        lesions = np.where(said.mask & (lungs > 0), np.uint8(Lesion.UNCLASSIFIED), np.uint8(0))
        return run.output(
            lungs, lesions, sources={Lesion.UNCLASSIFIED.key: "learned"}, recognition=recognition,
            probabilities={Lesion.UNCLASSIFIED.key: said.highest}, heat=heat, heat_of=target,
        )  # fmt: skip

    def reconstruct(self, volume: Volume, context: RunContext, number: int) -> NDArray[np.float32]:
        """The network's own drawing of canonical slice ``number``: (rows, columns), grey 0..1 of the rendering."""
        return self.seen_and_drawn(volume, context, number)[1]

    def seen_and_drawn(
        self, volume: Volume, context: RunContext, number: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Canonical slice ``number`` as the network sees it and as it draws it, both (rows, columns), grey 0..1."""
        run = Analysis(MULTITASK, volume, context)
        run.begin("lesion")
        network = run.model("network")
        drawn: list[NDArray[np.float32]] = []
        run.ask(network, [number], lambda batch, answers: drawn.append(answers[RECONSTRUCTION][0, 0]))
        seen = run.stack.place(run.stack.images([number], network.entry)[0, 0])
        return np.asarray(np.clip(seen, 0.0, 1.0)), np.asarray(np.clip(run.stack.place(drawn[0]), 0.0, 1.0))
