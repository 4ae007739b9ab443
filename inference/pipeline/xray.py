"""Chest X-rays: one projection, judged by every system that reads X-rays, with shares and no volumes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inference.errors import InferenceError, WeightsMissing
from inference.findings import Findings, Provenance, Recognition, RegionFigures, SystemOutput, Warning
from inference.io.image import as_xray
from inference.io.study import LoadedSeries, WindowLevel
from inference.io.voi import voi
from inference.pipeline.events import MaskName
from inference.systems.nested import NestedContext
from inference.systems.readiness import readiness
from inference.systems.registry import RunContext, SystemCard, cards, chosen_weights, create
from inference.verdict import Colour, Reason, Verdict
from inference.volume import Units, Volume

PROJECTION = Verdict(
    (
        Reason(
            "xray", Colour.AMBER,
            "X-ray: a projection. Shares of the lung field that was drawn, no volumes and no CT grade",
        ),
    )
)  # fmt: skip
CARD = SystemCard(
    name="x-ray", title="X-ray reading", version="1.0.0", kind="learned",
    tasks=("lungs", "opacity", "recognition"), labels=("unclassified",), input="a frontal chest X-ray", paper="",
    licence="as the systems that take part", trained_on="", weights=(),
    factory="inference.pipeline.xray:create_reading", stages=(("reading", 1.0),),
    limitations=(
        "An X-ray is a projection: what lies behind the heart or the diaphragm is not seen.",
        "Each class was photographed in hospitals of its own: part of any class probability may be the source.",
    ),
)  # fmt: skip
_MOST_TELLING = ("covid-mtnet", "specialised-streams")
_OF_HEAT = frozenset({"heat_elsewhere", "heat_beside_opacities"})
_UNTRUE_OF_XRAYS = frozenset({
    "no_hounsfield_units", "no_spacing", "sides_unknown", "below_detection_floor", "missed_lung_unknown",
})  # fmt: skip


def create_reading() -> XrayReading:
    """The reading as the worker builds it."""
    return XrayReading()


def recognised(loaded: LoadedSeries, wanted: bool | None = None) -> LoadedSeries:
    """The series marked as an X-ray, with the verdict that belongs to one, if its header or its look says so.

    ``wanted`` is what the reader says of an 8-bit picture, whatever it looks like.
    """
    info, volume = loaded.info, loaded.volume
    if volume.array.shape[0] != 1:
        return loaded
    picture = info.kind == "image" and volume.units is Units.GREY8
    if not info.is_xray and not (picture and (_looks(volume) if wanted is None else wanted)):
        return loaded
    return replace(loaded, info=as_xray(info), verdict=PROJECTION)


def grey_picture(loaded: LoadedSeries) -> Volume:
    """The X-ray as networks know X-rays: 8-bit grey through the file's own window, without millimetres."""
    volume, info = loaded.volume, loaded.info
    geometry = replace(volume.geometry, spacing_known=False, orientation_known=False)
    if volume.units is Units.GREY8 and not info.monochrome1:
        return replace(volume, geometry=geometry)
    window = info.windows[0] if info.windows else _spread(volume.array)
    grey = np.rint(255.0 * voi(volume.array.astype(np.float64), window)).astype(np.int16)
    return Volume((255 - grey).astype(np.int16) if info.monochrome1 else grey, geometry, Units.GREY8)


def readers(*, hashes: bool = True) -> tuple[SystemCard, ...]:
    """The systems that read X-rays and whose weights for it are here (and unaltered): those that draw lungs first."""
    ready = [card for card in cards() if card.kind == "learned" and readiness(card, "xray", hashes=hashes).ready]
    return tuple(sorted(ready, key=_place))


class XrayReading:
    """Every reader's opinion on one X-ray: masks of the one that draws, classes of the one that knows most."""

    @property
    def card(self) -> SystemCard:
        """Its card; it is in no list, since it only puts others together."""
        chosen = readers()
        names = " and ".join(card.name for card in chosen)
        limits = dict.fromkeys(
            limit for card in chosen for limit in card.limitations if not limit.startswith("Lungs are another")
        )
        return replace(
            CARD, title=f"X-ray reading by {names}" if names else CARD.title, limitations=(*CARD.limitations, *limits),
            stages=tuple((card.name, 1.0) for card in chosen) or CARD.stages,
            trained_on="; ".join(dict.fromkeys(text for card in chosen for text in _trained_on(card))),
        )  # fmt: skip

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        """Judge the picture. Raises WeightsMissing where no reader's weights are here, and Cancelled."""
        chosen = readers()
        said: dict[str, SystemOutput] = {}
        faults: list[str] = []
        for card in chosen:
            context.stage(card.name)
            try:
                said[card.name] = create(card.name).run(volume, _reader(context))
            except InferenceError as error:
                faults.append(str(error))
        if not said:
            raise WeightsMissing(faults[0] if faults else "No system's weights for X-rays are here.")
        notes = tuple(Warning("reader_left_out", fault) for fault in faults)
        return _together(said, notes)


def without_ct_figures(findings: Findings) -> Findings:
    """The findings of an X-ray without what only a volume has: grade, zones, scores, slices, ranges."""
    severity = replace(
        findings.severity, both=_shares_only(findings.severity.both), right=None, left=None, zones={}, zone_scores={},
        mean_over_slices=None, grade=None, qualifier="", worse_lung=None, worse_lung_grade=None, zone_score=None,
        compartments=(), sensitivity=None, possibly_missed_ml={}, possibly_missed_percent={}, withheld_reason="",
        histogram=None, opacity_histogram=None, ct_severity_score=None, total_severity_score=None,
    )  # fmt: skip
    drawn = bool(findings.output.lungs.array.any())
    untrue = _UNTRUE_OF_XRAYS if drawn else _UNTRUE_OF_XRAYS | {"no_lungs", "no_lung", *_OF_HEAT}
    warnings = [warning for warning in findings.warnings if warning.code not in untrue]
    if not drawn:
        warnings.append(Warning("nothing_drawn", "No lung field was drawn, so there is no percentage."))
    return replace(
        findings, severity=severity, warnings=tuple(warnings), output=replace(findings.output, modality="xray")
    )


def _shares_only(region: RegionFigures) -> RegionFigures:
    return RegionFigures(region.lung_voxels, region.infected_voxels, None, None, region.percentage)


def _together(said: dict[str, SystemOutput], notes: tuple[Warning, ...]) -> SystemOutput:
    """Masks and heat of the first that drew lungs, classes of the one with most of them, everyone's opinion."""
    from inference.explanation.sanity import heat_shares, misplaced

    outputs = list(said.values())
    drawn = next((one for one in outputs if one.lungs.array.any()), outputs[0])
    classes = max(outputs, key=lambda one: len(one.classes))
    opinions = {name: one.recognition for name, one in said.items() if one.recognition is not None}
    heat = classes.heatmap or drawn.heatmap
    warnings = dict.fromkeys(
        warning for one in outputs for warning in one.warnings
        if warning.code not in _OF_HEAT and (one is drawn or warning.code != "no_lungs")
    )  # fmt: skip
    if heat is not None and drawn.lungs.array.any():
        shares = heat_shares(heat.array, drawn.lungs.array, drawn.lesions.array)
        warnings.update(dict.fromkeys(warning for warning in (misplaced(shares),) if warning is not None))
    return replace(
        drawn, classes=classes.classes, recognition=classes.recognition or drawn.recognition, heatmap=heat,
        opinions=_others(opinions, classes.recognition), provenance=_origin(said), modality="xray",
        warnings=(*warnings, *notes),
        thresholds={key: value for one in reversed(outputs) for key, value in one.thresholds.items()},
    )  # fmt: skip


def _others(opinions: dict[str, Recognition], shown: Recognition | None) -> dict[str, Recognition]:
    return {name: opinion for name, opinion in opinions.items() if opinion is not shown}


def _origin(said: dict[str, SystemOutput]) -> Provenance:
    """One provenance of all who took part."""
    origins = [one.provenance for one in said.values()]
    weights = dict.fromkeys(file for origin in origins for file in origin.weights)
    return replace(
        origins[0], system=" + ".join(origin.system for origin in origins),
        version=" + ".join(dict.fromkeys(origin.version for origin in origins)), weights=tuple(weights),
    )  # fmt: skip


def _trained_on(card: SystemCard) -> tuple[str, ...]:
    """What the card's parts for X-rays were trained on."""
    entries = [chosen_weights(part) for part in card.parts if part.modality == "xray"]
    return tuple(entry.trained_on for entry in entries if entry is not None and entry.trained_on)


def _place(card: SystemCard) -> int:
    return _MOST_TELLING.index(card.name) if card.name in _MOST_TELLING else len(_MOST_TELLING)


def _reader(context: RunContext) -> NestedContext:
    """The surroundings of one reader: its stages are progress of ours, its masks are shown."""

    def show(name: MaskName, labels: NDArray[np.uint8], first: int, last: int) -> None:
        if labels.any():
            context.publish(name, labels, first, last)

    options = replace(context.options, modality="xray")
    return NestedContext(context.device, context.config, options, context.progress, show)


def _looks(volume: Volume) -> bool:
    from inference.systems.modality import looks_like_xray

    return looks_like_xray(np.clip(volume.array[0], 0, 255))


def _spread(values: NDArray[np.int16]) -> WindowLevel:
    low, high = (float(value) for value in np.percentile(values, (1, 99)))
    return WindowLevel(max(high - low, 1.0), (low + high) / 2)
