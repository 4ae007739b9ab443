"""The default second opinion: best networks, true Hounsfield units as veto and splitter, densitometry as a check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inference.explanation.volume import heat_of_class, heat_of_mask
from inference.findings import Recognition, SystemOutput
from inference.labels import INFECTED, Lesion
from inference.models.outputs import RECOGNITION
from inference.systems.consensus.check import Check
from inference.systems.consensus.config import ConsensusSettings
from inference.systems.consensus.postprocess import (
    agreed,
    beyond_lungs,
    fat,
    like_fluid,
    near_to,
    other_gas,
    smoothed,
    split,
    steadied,
    still_large,
    veto,
)
from inference.systems.growing import Mask, Segmented, nearest
from inference.systems.learned import Analysis, Looks
from inference.systems.model import Answers, Model
from inference.systems.registry import CONSENSUS, RunContext, System, SystemCard
from inference.systems.runtime import prepare_network
from inference.systems.sides import sides_like
from inference.systems.specks import without_specks
from inference.transforms.lung_window import shows_lung
from inference.volume import Units, Volume

_CLASSES = {"ground_glass": Lesion.GROUND_GLASS, "consolidation": Lesion.CONSOLIDATION}
_RECOGNISERS = "recogniser", "recogniser_lungs"
_MUCH_MORE = 2.0
Source = Literal["learned", "rule"]


def create() -> System:
    """The system as :mod:`inference.systems.registry` builds it."""
    return Consensus()


class Consensus:
    """Lungs, opacities by class where they can be told, and a recogniser's view. Stateless between runs."""

    def __init__(self, settings: ConsensusSettings | None = None) -> None:
        self.settings = settings or ConsensusSettings.paper()

    @property
    def card(self) -> SystemCard:
        """The registered card."""
        return CONSENSUS

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        """Analyse CT slices in Hounsfield units or 8-bit grey. Raises InputShapeError, WeightsMissing, Cancelled."""
        return _Run(volume, context, self.settings).analyse()


class _Run:
    """One analysis: holds what its stages share."""

    def __init__(self, volume: Volume, context: RunContext, settings: ConsensusSettings) -> None:
        self.run = Analysis(CONSENSUS, volume, context)
        self.volume, self.settings = volume, settings
        self.sources: dict[str, Source] = {}
        self.steadies = volume.units is Units.HU

    def analyse(self) -> SystemOutput:
        run = self.run
        run.begin("body")
        run.model("lesions")
        run.begin("lung")
        with Check(self.volume, run.context, self._prepare_heat) as check:
            lungs, bearing, said = self._lungs_and_lesions(check)
            check.begin()
            return self._rest(lungs, bearing, said, check)

    def _prepare_heat(self) -> None:
        entry = next(filter(None, map(self.run.listed, (*_RECOGNISERS[::-1], "lesions"))), None)
        if self.run.context.options.explain and entry is not None:
            prepare_network(entry, self.run.device)

    def _rest(self, lungs: NDArray[np.uint8], bearing: list[int], said: Segmented | None, check: Check) -> SystemOutput:
        """Everything that follows once the lungs are shown, beside the rules on the same volume."""
        run, lesion_model = self.run, self.run.model("lesions")
        run.begin("lesion")
        inside = lungs > 0
        cascaded = said is None
        if said is None:
            said = run.segment(lesion_model, bearing, "lesion", inside=inside, shown="lesions",
                               threshold=self.settings.probability, levels=self.steadies)  # fmt: skip
        run.thresholds["lesion_probability"] = self.settings.probability
        opacity = self._steadied(said) & inside
        lesions = self._classes(opacity, bearing)
        run.publish("lesions", lesions, 0, len(run.stack) - 1)
        streamed = self._streamed_fluid(lungs, bearing)
        run.begin("recognition")
        recognition, positive, target = self._recognition(inside, bearing)
        run.begin("densitometry")
        checked = check.result()
        self._compared(checked, lungs, lesions)
        self._fluid(checked, streamed, lungs, lesions)
        run.begin("explanation")
        alone = False
        if target:
            model = run.optional(_RECOGNISERS[1]) or run.model(_RECOGNISERS[0])
            heat = heat_of_class(run, model, positive, RECOGNITION, target, lungs=inside)
            alone = model.entry.masked
        else:
            infected = lesions > 0
            shown = [k for k in bearing if infected[k].any()]
            heat = heat_of_mask(run, lesion_model, shown, "lesion", infected, inside if cascaded else None)
        return run.output(
            lungs, lesions, sources=self.sources, recognition=recognition, heat=heat,
            heat_of=target or "opacity", rib_cage=checked.rib_cage if checked else None,
            airways=checked.airways if checked else None, heat_inside=alone,
        )  # fmt: skip

    def _lungs_and_lesions(self, check: Check) -> tuple[NDArray[np.uint8], list[int], Segmented | None]:
        """Lungs, the slices that hold any, and the lesions where one network answers both at once."""
        run = self.run
        lung_model, lesion_model = run.model("lungs"), run.model("lesions")
        if lung_model.entry.name != lesion_model.entry.name:
            lungs, bearing, _ = run.lungs()
            return lungs, bearing, None
        grown = run.growing(lung_model, "lung", shown="lungs")
        marked = run.growing(lung_model, "lesion", threshold=self.settings.probability, levels=self.steadies)

        def each(batch: Sequence[int], answers: Answers) -> None:
            grown.add(batch, answers)
            marked.add(batch, answers)
            if grown.previewed:
                check.begin()

        looks: Looks = "in turn" if self._averages_neighbours() else "both"
        run.look_between(lung_model, run.stack.with_body(), each, grown, looks)
        found = grown.done()
        if looks == "in turn":
            found = replace(found, mask=agreed(found.mask))
        lungs, bearing = run.settled(lung_model, run.share_lungs(lung_model, found).mask)
        return lungs, bearing, marked.done()

    def _averages_neighbours(self) -> bool:
        """Whether slices lie so close that an opacity's probability is as much the neighbours' as its own."""
        apart = self.run.stack.canonical.geometry.spacing_mm[0]
        return self.steadies and apart <= self.settings.in_turn * self.settings.steadying_mm

    def _steadied(self, said: Segmented) -> Mask:
        """The opacities; in a scan, whose slices follow one another, averaged along the body."""
        if said.levels is None:
            return said.mask
        self.run.thresholds["opacity_smoothing_mm"] = self.settings.steadying_mm
        spacing = self.run.stack.canonical.geometry.spacing_mm[0]
        return steadied(said.levels, list(said.peak), spacing, self.settings)

    def _classes(self, opacity: Mask, bearing: list[int]) -> NDArray[np.uint8]:
        """Classes from Hounsfield units; without them from streams where both were trained, else none."""
        run, settings = self.run, self.settings
        out = np.zeros(opacity.shape, np.uint8)
        opaque = [k for k in bearing if opacity[k].any()]
        trained = {} if self.volume.units is Units.HU else self._streams()
        if self.volume.units is Units.HU:
            run.thresholds.update(veto_hu=settings.veto_hu, consolidation_hu=settings.consolidation_hu)
            pixel = run.stack.canonical.geometry.spacing_mm[1:]
            for k in opaque:
                hu = run.stack.source(k)
                out[k] = split(smoothed(hu, pixel, settings), veto(hu, opacity[k], pixel, settings), settings)
            self.sources.update({label.key: "rule" for label in _CLASSES.values()})
        elif len(trained) == len(_CLASSES):
            asked = opaque[:: max(1, round(settings.class_step_mm / run.stack.canonical.geometry.spacing_mm[0]))]
            said = {
                label: run.segment(trained[label], asked, name, levels=True, looks="once")
                for name, label in _CLASSES.items()
            }
            for k, like in zip(opaque, nearest(asked, opaque), strict=True):
                out[k] = _more_certain(said, like, opacity[k])
            self.sources.update({label.key: "learned" for label in _CLASSES.values()})
        else:
            out[opacity] = Lesion.UNCLASSIFIED
            self.sources[Lesion.UNCLASSIFIED.key] = "learned"
        return out

    def _streams(self) -> dict[Lesion, Model]:
        """The networks that tell classes apart, as far as there are any."""
        found = {label: self.run.optional(name) for name, label in _CLASSES.items()}
        return {label: model for label, model in found.items() if model is not None}

    def _streamed_fluid(self, lungs: NDArray[np.uint8], bearing: list[int]) -> Mask | None:
        """Effusion as the stream sees it, as far as it can be one; None where no stream was trained."""
        run = self.run
        model = run.optional("effusion")
        if model is None:
            return None
        canonical, grown = run.stack.canonical, run.growing(model, "effusion")
        spacing = canonical.geometry.spacing_mm
        asked = bearing[:: max(1, round(self.settings.fluid_step_mm / spacing[0]))]
        if asked == bearing:
            run.look_between(model, bearing, grown.add, grown, "once")
        else:
            run.ask(model, asked, grown.add, looks="once")
        marked = grown.done().mask
        if asked:
            marked[bearing] = marked[nearest(asked, bearing)]
        self.sources[Lesion.EFFUSION.key] = "learned"
        run.thresholds["effusion_probability"] = model.entry.threshold
        return like_fluid(canonical.array, marked, lungs, spacing, self.settings)

    def _fluid(
        self, rules: SystemOutput | None, streamed: Mask | None, lungs: NDArray[np.uint8], lesions: NDArray[np.uint8]
    ) -> None:
        """Lay fluid over the rest: what density rules find anywhere, what the stream finds where no haze is."""
        if rules is None:
            return
        turn, spacing = self.volume.geometry.orientation, self.run.stack.canonical.geometry.spacing_mm
        fluid = turn.apply(rules.lesions.array) == Lesion.EFFUSION
        if streamed is not None and rules.rib_cage is not None:
            cage = near_to(turn.apply(rules.rib_cage.array) > 0, streamed, spacing, self.settings.pleura_mm)
            added = streamed & cage & (lesions != Lesion.GROUND_GLASS)
            fluid |= still_large(added, fluid, spacing, self.settings)
        lesions[fluid] = Lesion.EFFUSION  # also over opacity: some slices taught the network to mark fluid as such
        lungs[fluid] = 0
        self.sources.setdefault(Lesion.EFFUSION.key, "rule")
        self.run.thresholds.update({k: v for k, v in rules.thresholds.items() if k.startswith("effusion_")})

    def _recognition(self, lungs: Mask, bearing: list[int]) -> tuple[Recognition | None, list[int], str]:
        """The recognisers' opinion, its positive slices and what they looked for; nothing where none was trained.

        One sees whole slices, the other the lung alone: the heat map is that of the other, where it is there. Slices
        that hold next to no lung, at its ends, are not asked about.
        """
        models = [model for model in map(self.run.optional, _RECOGNISERS) if model is not None]
        if not models:
            return None, [], ""
        shown = self.run.stack.masked(lungs[bearing], models[-1].entry.size)
        asked = [k for k, enough in zip(bearing, shows_lung(shown), strict=True) if enough] or bearing
        apart = self.run.stack.canonical.geometry.spacing_mm[0]
        step = max(1, round(self.settings.recognition_step_mm / apart)) if self.steadies else 1
        return self.run.recognised(models, asked, models[-1].entry.threshold, lungs, "once", step)

    def _compared(self, rules: SystemOutput | None, lungs: NDArray[np.uint8], lesions: NDArray[np.uint8]) -> None:
        """Take lung from the rules where the network misses most of a slice's, and leave out what is none to them.

        Where the two differ by much the reader is told.
        """
        if rules is None:
            return
        turn = self.volume.geometry.orientation
        theirs, their_lungs = turn.apply(rules.lesions.array), turn.apply(rules.lungs.array)
        for k in np.flatnonzero((their_lungs > 0).sum((1, 2)) > _MUCH_MORE * (lungs > 0).sum((1, 2))):
            lungs[k] = their_lungs[k]
        beyond = beyond_lungs(their_lungs, self.run.stack.canonical.geometry.spacing_mm[0], self.settings)
        lungs[beyond] = 0
        lesions[beyond] = 0
        fatty = fat(self.run.stack.canonical.array, lungs, their_lungs)
        lungs[fatty] = lesions[fatty] = 0
        if rules.airways is not None:
            self._without_other_gas(lungs, lesions, their_lungs, turn.apply(rules.airways.array))
        mine, other = _percent(lesions, lungs), _percent(theirs, their_lungs)
        if mine is not None and other is not None and abs(mine - other) > self.settings.difference:
            self.run.warn(
                "differs_from_densitometry",
                f"The networks mark {mine:.0f} % of the lung as infected, density rules {other:.0f} %: look yourself.",
            )

    def _without_other_gas(
        self, lungs: NDArray[np.uint8], lesions: NDArray[np.uint8], theirs: NDArray[np.uint8],
        airways: NDArray[np.uint8],
    ) -> None:  # fmt: skip
        """Take out airways and the gas of bowel: aerated, and no lung to the rules. Sides follow theirs."""
        gas = other_gas(self.run.stack.canonical.array, lungs, theirs, airways)
        share = float(gas.sum()) / max(1, int((lungs > 0).sum()))
        if share > self.settings.most_gas:
            self.run.warn(
                "lungs_differ_from_densitometry",
                f"{100 * share:.0f} % of the lung that the network marks is aerated but no lung to the density rules: "
                "check the outlines.",
            )
            return
        kept = without_specks((lungs > 0) & ~gas)
        lungs[~kept] = 0
        lesions[~kept] = 0
        if self.run.stack.sides_known:
            lungs[:] = sides_like(lungs > 0, theirs, self.run.stack.canonical.geometry.spacing_mm)


def _more_certain(streams: dict[Lesion, Segmented], k: int, here: Mask) -> NDArray[np.uint8]:
    """In each opaque pixel the class of the stream that is more certain in slice ``k``; ground-glass where none is."""
    dense, hazy = (streams[label].levels for label in (Lesion.CONSOLIDATION, Lesion.GROUND_GLASS))
    if dense is None or hazy is None:
        return here * np.uint8(Lesion.UNCLASSIFIED)
    classes = np.where(dense[k] > hazy[k], np.uint8(Lesion.CONSOLIDATION), np.uint8(Lesion.GROUND_GLASS))
    return np.where(here, classes, np.uint8(0))


def _percent(lesions: NDArray[np.uint8], lungs: NDArray[np.uint8]) -> float | None:
    lung = int((lungs > 0).sum())
    return 100.0 * int((np.isin(lesions, INFECTED) & (lungs > 0)).sum()) / lung if lung else None
