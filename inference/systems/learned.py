"""What every learned system does alike: find its weights, look at slices in batches, and put its answer together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inference.errors import WeightsMissing
from inference.explanation.sanity import beside_opacities, heat_shares, misplaced
from inference.findings import Provenance, Recognition, SystemOutput, Warning, Weights
from inference.labels import Lesion, Lung
from inference.models.outputs import RECOGNITION
from inference.systems import runtime
from inference.systems.answers import labels_of, opinion_on, positive_of, second_look, together, turned_look
from inference.systems.device import device_of
from inference.systems.growing import Growing, Mask, Segmented, nearest
from inference.systems.model import Answers, Model
from inference.systems.registry import Part, RunContext, SystemCard, chosen_weights, usable_weights
from inference.systems.sides import split_sides
from inference.systems.slices import SliceStack
from inference.systems.specks import without_specks
from inference.systems.weights import Entry
from inference.transforms.rendering import Kind
from inference.volume import Heatmap, LabelMap, Volume

_BATCH = 8
_COARSE_MM = 8.0
_MOST_COARSE = 8
_SOFT = "soft"
"""The channel that only Hounsfield units fill."""

Looks = Literal["both", "once", "in turn"]
"""Whether a network that was trained so is asked about mirror images: about each slice's as well, about none, or about
odd slices' alone, which halves the work where neighbours' answers are averaged anyway."""


class Analysis:
    """One run of a learned system: its volume, its networks, and what it has to say besides.

    ``xray`` makes it look at X-ray parts. Raises InputShapeError for a volume that no network can judge.
    """

    def __init__(self, card: SystemCard, volume: Volume, context: RunContext, *, xray: bool = False) -> None:
        self.card, self.volume, self.context = card, volume, context
        self.device = device_of(context.device)
        self.stack = SliceStack(volume, xray=xray)
        self.warnings: list[Warning] = []
        self.thresholds: dict[str, float] = {}
        self._used: dict[str, Weights] = {}
        self._timing: dict[str, float] = {}
        self._stage, self._since = "", perf_counter()

    @property
    def xray(self) -> bool:
        """Whether the picture is an X-ray."""
        return self.stack.kind is Kind.XRAY

    def begin(self, stage: str) -> None:
        """Begin a stage of the card; the one before ends. Raises Cancelled."""
        now = perf_counter()
        if self._stage:
            self._timing[self._stage] = self._timing.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = stage, now
        if stage:
            self.context.stage(stage)

    def warn(self, code: str, text: str) -> None:
        """Say something to the reader."""
        self.notify(Warning(code, text))

    def notify(self, warning: Warning) -> None:
        """Say something to the reader, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    def model(self, part: str) -> Model:
        """The network that fills a part. Raises WeightsMissing where none can."""
        found = self.optional(part)
        if found is None:
            wanted = self._part(part)
            raise WeightsMissing(
                f"{self.card.name} cannot run: its weights {wanted.weights[0]}-{self.context.config or 'compact'} "
                "are missing; install Groundglass again, or choose another system."
            )
        return found

    def optional(self, part: str) -> Model | None:
        """The network that fills a part, or None where none is listed, or where it needs Hounsfield units and has none.

        Of several the first whose files are whole; a part that is not required is left out where none is, and the
        reader is told either way. Raises WeightsMissing for the files of a required part.
        """
        wanted = self._part(part)
        entry, first = (choose(wanted, self.context.config) for choose in (usable_weights, chosen_weights))
        if entry is None or first is None or (_SOFT in entry.channels and self.stack.kind is not Kind.HU):
            return None
        try:
            model = runtime.open_model(entry, self.device)
        except WeightsMissing as fault:
            if wanted.required:
                raise
            self.warn("part_left_out", f"{fault} {self.card.title} runs without it.")
            return None
        if entry.name != first.name:
            self.warn("other_weights", f"The weights {first.name} are missing or altered: {entry.name} serve instead.")
        for notice in model.notices:
            self.notify(notice)
        self._used[model.file.name] = Weights(model.file.name, model.file.sha256)
        return model

    def listed(self, part: str) -> Entry | None:
        """What the manifest says of the weights that fill a part; None where none can."""
        return usable_weights(self._part(part), self.context.config)

    def ask(
        self, model: Model, numbers: Sequence[int], each: Callable[[Sequence[int], Answers], None],
        inside: Mask | None = None, *, share: tuple[float, float] = (0.0, 1.0), looks: Looks = "both",
    ) -> None:  # fmt: skip
        """Show slices to a network in batches; ``each`` gets the numbers and the probabilities of every batch.

        ``inside`` (canonical grid) blackens what lies outside it. ``share`` is where in the stage's progress this
        begins and ends. Raises Cancelled between two batches.
        """
        entry = model.entry
        looks = looks if entry.mirrored else "once"
        for first in range(0, len(numbers), _BATCH):
            batch = numbers[first : first + _BATCH]
            self.context.progress(share[0] + (share[1] - share[0]) * first / len(numbers))
            grey = self.stack.images(batch, entry, inside)
            images = (grey - entry.mean) / entry.deviation
            each(batch, self._answers(model, images, np.asarray(batch) % 2 == 1, looks))

    def _answers(self, model: Model, images: NDArray[np.float32], odd: NDArray[np.bool_], looks: Looks) -> Answers:
        if looks == "in turn":
            return turned_look(model, images, odd, self.notify)
        answers = model(images, self.notify)
        return second_look(model, images, answers, self.notify) if looks == "both" else answers

    def look_between(
        self, model: Model, numbers: Sequence[int], each: Callable[[Sequence[int], Answers], None], grown: Growing,
        looks: Looks = "both",
    ) -> None:  # fmt: skip
        """Show some of the slices first, all along the body, then those between and beside what they hold.

        ``grown`` grows by ``each``; after the first round it is shown whole, if coarse. Slices of which both
        neighbours in the first round hold nothing are not looked at.
        """
        spacing = self.stack.canonical.geometry.spacing_mm[0]
        step = max(1, min(_MOST_COARSE, int(_COARSE_MM / spacing)))
        first = numbers[::step]
        share = len(first) / max(1, len(numbers))
        self.ask(model, first, each, share=(0.0, share), looks=looks)
        if step == 1:
            return
        grown.preview()
        holds = [grown.holds(k) for k in first]
        wanted: list[int] = []
        for n, start in enumerate(range(0, len(numbers), step)):
            if holds[n] or (n + 1 < len(holds) and holds[n + 1]):
                wanted += numbers[start + 1 : start + step]
        self.ask(model, wanted, each, share=(share, 1.0), looks=looks)

    def segment(
        self, model: Model, numbers: Sequence[int], label: str, *, inside: Mask | None = None,
        shown: Literal["lungs", "lesions"] | None = None, threshold: float | None = None, levels: bool = False,
        looks: Looks = "both",
    ) -> Segmented:  # fmt: skip
        """The mask of one label of a network's map head; ``shown`` publishes it as it grows.

        Raises WeightsMissing where the network has no such label.
        """
        grown = self.growing(model, label, shown=shown, threshold=threshold, levels=levels)
        self.ask(model, numbers, grown.add, inside, looks=looks)
        return grown.done()

    def growing(
        self, model: Model, label: str, *, shown: Literal["lungs", "lesions"] | None = None,
        threshold: float | None = None, levels: bool = False,
    ) -> Growing:  # fmt: skip
        """A mask to which batches of answers are added, for networks that are asked once for several things."""
        code = np.uint8(Lung.SIDE_UNKNOWN if shown == "lungs" else Lesion.UNCLASSIFIED)

        def show(mask: Mask, first: int, last: int) -> None:
            if shown is not None:
                self.publish(shown, mask * code, first, last)

        limit = model.entry.threshold if threshold is None else threshold
        return Growing(self.stack, model, label, show if shown else None, limit, levels)

    def classify(
        self, model: Model, numbers: Sequence[int], head: str, looks: Looks = "both", inside: Mask | None = None
    ) -> NDArray[np.float32]:
        """Probabilities of a vector head, (slices, labels)."""
        parts: list[NDArray[np.float32]] = []
        self.ask(model, numbers, lambda batch, answers: parts.append(answers[head]), inside, looks=looks)
        labels = len(labels_of(model, head))
        return np.concatenate(parts) if parts else np.zeros((0, labels), np.float32)

    def recognised(
        self,
        models: Sequence[Model],
        numbers: Sequence[int],
        limit: float,
        lungs: Mask,
        looks: Looks = "both",
        step: int = 1,
    ) -> tuple[Recognition, list[int], str]:
        """The opinion of recognisers on the study, the slices that are positive, and the label that was looked for.

        A masked recogniser is shown the ``lungs`` alone. With ``step`` over 1 only every so many slices are looked at,
        and those between are like the nearest.
        """
        asked = list(numbers[::step])
        target = positive_of(labels_of(models[0], RECOGNITION))
        said = []
        for model in models:
            index = labels_of(model, RECOGNITION).index(target)
            inside = lungs if model.entry.masked else None
            said.append(self.classify(model, asked, RECOGNITION, looks, inside)[:, index])
        place = {k: n for n, k in enumerate(asked)}
        found = together(said)[[place[like] for like in nearest(asked, numbers)]]
        positive = [k for k, value in zip(numbers, found, strict=True) if value > limit]
        return opinion_on(found, limit), positive, target

    def lungs(self, part: str = "lungs") -> tuple[NDArray[np.uint8], list[int], Segmented]:
        """Codes of the lungs (canonical grid), the slices that hold any, and the raw answer; published."""
        model = self.model(part)
        known = self.shared_lungs(model)
        if known is None:
            grown = self.growing(model, "lung", shown="lungs")
            self.look_between(model, self.stack.with_body(), grown.add, grown)
            known = self.share_lungs(model, grown.done())
        codes, bearing = self.settled(model, known.mask)
        return codes, bearing, known

    def shared_lungs(self, model: Model) -> Segmented | None:
        """The lungs that the same weights have found in this volume, for another system of the same run."""
        shared = getattr(self.context, "shared", {})
        found: Segmented | None = shared.get((model.file.name, model.file.sha256, id(self.volume)))
        return found

    def share_lungs(self, model: Model, said: Segmented) -> Segmented:
        """What the network found, without specks, which other systems of the same run need not find again."""
        found = replace(said, mask=without_specks(said.mask))
        shared = getattr(self.context, "shared", None)
        if shared is not None:
            shared[model.file.name, model.file.sha256, id(self.volume)] = found
        return found

    def settled(self, model: Model, lungs: Mask) -> tuple[NDArray[np.uint8], list[int]]:
        """Codes of a lung mask and the slices that hold any; published."""
        self.thresholds["lung_probability"] = model.entry.threshold
        codes = self.sided(lungs)
        self.publish("lungs", codes, 0, len(self.stack) - 1)
        return codes, [k for k in range(len(self.stack)) if lungs[k].any()]

    def sided(self, lungs: Mask) -> NDArray[np.uint8]:
        """A lung mask with its sides, or "unknown" where the volume has no orientation."""
        if not self.stack.sides_known:
            return lungs * np.uint8(Lung.SIDE_UNKNOWN)
        return split_sides(lungs, self.stack.canonical.geometry.spacing_mm)

    def publish(self, name: Literal["lungs", "lesions"], canonical: NDArray[np.uint8], first: int, last: int) -> None:
        """Show a mask that may still grow; ``first`` and ``last`` are canonical slices."""
        turned = self.stack.canonical.geometry.shape != self.volume.geometry.shape or bool(
            self.volume.geometry.orientation.flips[0] or self.volume.geometry.orientation.axes[0] != 0
        )
        span = (0, self.volume.array.shape[0] - 1) if turned else (first, last)
        self.context.publish(name, self.stack.back(canonical), *span)

    def output(
        self, lungs: NDArray[np.uint8], lesions: NDArray[np.uint8], *,
        sources: Mapping[str, Literal["learned", "rule"]], probabilities: Mapping[str, float] | None = None,
        recognition: Recognition | None = None, heat: NDArray[np.float32] | None = None, heat_of: str = "",
        classes: Mapping[str, float] | None = None, rib_cage: LabelMap | None = None, airways: LabelMap | None = None,
        segmented: bool = True, heat_inside: bool = False,
    ) -> SystemOutput:  # fmt: skip
        """Everything together, on the volume's own grid. ``heat_inside``: the heat's network sees no more."""
        for mask in (lungs, lesions):
            mask[list(self.stack.canonical.missing_slices)] = 0
        if not lungs.any():
            self.warn("no_lungs", "No lungs were found: there is nothing to measure.")
        if heat is not None:
            shares = heat_shares(heat, lungs, lesions)
            doubt = beside_opacities(shares, heat, lungs, lesions) if heat_inside else misplaced(shares)
            self.warnings += [doubt] if doubt is not None else []
        self.publish("lesions", lesions, 0, len(self.stack) - 1)
        self.begin("")
        geometry = self.volume.geometry
        return SystemOutput(
            lungs=LabelMap(self.stack.back(lungs), geometry),
            lesions=LabelMap(self.stack.back(lesions), geometry),
            sides_known=self.stack.sides_known,
            provenance=Provenance(
                self.card.name, self.card.version, self.device, self.context.config or "compact",
                tuple(self._used.values()),
            ),
            thresholds=self.thresholds,
            sources=sources,
            probabilities=dict(probabilities or {}),
            recognition=recognition,
            heatmap=None if heat is None else Heatmap(self.stack.back(heat), geometry, heat_of),
            rib_cage=rib_cage,
            airways=airways,
            warnings=tuple(self.warnings),
            timing_s=self._timing,
            classes=dict(classes or {}),
            segmented=segmented,
        )  # fmt: skip

    def _part(self, name: str) -> Part:
        return next(part for part in self.card.parts if part.name == name)
