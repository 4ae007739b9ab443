"""The parts of every system, in the order in which they are trained.

Written for the sets of a gathered data folder and for the public ones; those that are not there are left out. The
``compact`` recipes are short enough for two cores. The ``paper`` recipes have the published size, loss and schedule
(:mod:`inference.training.recipe_papers`).
"""

from __future__ import annotations

from dataclasses import replace

from inference.errors import SeriesError
from inference.training.augmentation import GENTLE, GENTLE_XRAY, XRAY
from inference.training.recipe_papers import as_published
from inference.training.recipes import ACTIVATION, Recipe, Variant
from inference.training.schedules import Optimisation
from inference.training.uses import Use

CT_CLASSES = ("non_covid", "covid")
XRAY_CLASSES = ("normal", "bacterial", "viral", "covid")

LUNGS = (Use("covid20-slices-256"), Use("covid-19-ct-seg-20cases", share=0.5), Use("medseg-ct100", "lung drawn"))
# Disease-free slices exist only in the coarse stacks: diseased ones of those keep coarseness from meaning health.
LESIONS = (
    Use("covid20-slices-256"), Use("covid20-stacks-128", "no lesion", 0.5), Use("covid20-stacks-128", "lesion", 0.25),
    Use("ct100-slices-512", share=2.0), Use("covid-19-ct-seg-20cases", share=0.5), Use("medseg-ct100", share=2.0),
    Use("mosmeddata", "lesion"), Use("mosmeddata", "no lesion", 0.05),
)  # fmt: skip
CLASSES = (
    Use("ct100-slices-512", "classes", 8.0), Use("medseg-ct100", "classes", 2.0),
    Use("covid20-stacks-128", "no lesion", 0.15), Use("plethora-effusion", share=0.5),
)  # fmt: skip
EFFUSIONS = (Use("plethora-effusion"), Use("ct100-slices-512", "classes", 4.0), Use("medseg-ct100", "classes", 2.0))
RECOGNITION = (
    *(Use("recognition-slices", "labelled", source=one) for one in ("sars-cov-2", "publication", "img", "mosmed")),
    Use("covid-ct", "labelled"),
)
XRAYS = (Use("chest-xray", "labelled"), Use("covid-chestxray-dataset", "labelled"))
CHILDREN = (Use("chest-xray", "labelled", source="guangzhou-children"), Use("rsna-pneumonia", "labelled", 0.1))
XRAY_LUNGS = (Use("chest-xray-masks", "lung drawn"),)
# Films without disease are of other sources than those with outlines: few of each, from several.
_NORMAL_FILMS = (
    ("chest-xray-masks", "openist"), *(("chest-xray", one) for one in ("nih", "ieee", "guangzhou-children"))
)  # fmt: skip
XRAY_LESIONS = (
    Use("chest-xray-masks", "lesion known", 4.0, source="findings"),
    *(Use(name, "no lesion", 0.5, source=one) for name, one in _NORMAL_FILMS),
)  # fmt: skip

_SHORT = Optimisation(epochs=12, batch=16, rate=1e-3)
_BRIEF = replace(_SHORT, epochs=5, rate=2e-3, warmup=150, average=0.995)
_FINISH = Optimisation(epochs=20, batch=8, rate=1e-3, warmup=100, average=0.999)
_LONG = Optimisation(epochs=20, batch=8, rate=1.5e-3, warmup=100, average=0.998)
_JOINT_TASKS = Optimisation(epochs=3, batch=8, rate=1e-3, warmup=100, average=0.998)
_CLASSIFY = Optimisation(epochs=8, batch=32, rate=1e-3, weight_decay=0.05)
_RECOGNISE = replace(_CLASSIFY, epochs=30, rate=1.5e-3, warmup=100, average=0.998)
_LUNGS_BY = "consensus-lungs-lesions-compact"
_UPRIGHT = replace(GENTLE, turn_over=0.05, right_angles=0.0, aimed=0.0)
_FLUID = replace(_UPRIGHT, aimed=0.7, window=0.0, equalise=0.0)
_GRAINY = replace(GENTLE, grain=0.4)
_NOISY = [0.4, 0.6]
_XRAY = Optimisation(epochs=40, batch=16, rate=1e-3, weight_decay=0.05, warmup=50, average=0.99)


def recipes(system: str, variant: Variant) -> tuple[Recipe, ...]:
    """The parts of a system in the order in which they are trained. Raises SeriesError for an unknown one."""
    if system not in systems():
        raise SeriesError(f"No system {system} can be trained; there are {', '.join(systems())}.")
    parts = tuple(recipe for recipe in _COMPACT if recipe.system == system)
    return parts if variant == "compact" else tuple(as_published(recipe) for recipe in parts)


def systems() -> tuple[str, ...]:
    """Every system that has parts to train."""
    return tuple(dict.fromkeys(recipe.system for recipe in _COMPACT))


def _segment(system: str, part: str, network: str, uses: tuple[Use, ...], labels: tuple[str, ...]) -> Recipe:
    return Recipe(system, part, network, "compact", uses, _BRIEF, settings={"labels": list(labels)}, window=160)


def _recognise(system: str, network: str, size: int) -> Recipe:
    return Recipe(
        system, "recogniser", network, "compact", RECOGNITION, _RECOGNISE, size=size, labels=CT_CLASSES,
        settings={"labels": list(CT_CLASSES)}, augmentation=_UPRIGHT,
    )  # fmt: skip


def _on_xrays(recipe: Recipe, part: str, labels: tuple[str, ...], uses: tuple[Use, ...], start: str = "") -> Recipe:
    return replace(
        recipe, part=part, uses=uses, labels=labels, settings={"labels": list(labels)}, augmentation=XRAY,
        optimisation=_XRAY, start=start,
    )  # fmt: skip


def _streams() -> tuple[Recipe, ...]:
    """Lungs and lesions of any kind are the neighbouring domain from which the streams start.

    But for effusion, which equalised contrast hides between muscle and collapsed lung: its stream sees the soft-tissue
    picture besides, and starts afresh.
    """
    network = "specialised-streams/stream"
    first = _segment("specialised-streams", "lungs-lesions", network, LUNGS, ("lung", "lesion"))
    first = replace(first, optimisation=replace(_BRIEF, epochs=10, rate=3e-3, warmup=50))
    labels = ("ground_glass", "consolidation", "effusion")
    apart = tuple(
        replace(first, part=label.replace("_", "-"), uses=CLASSES, settings={"labels": [label]}, start=first.part)
        for label in labels[:2]
    )
    fluid = replace(
        first, part=labels[2], uses=EFFUSIONS, channels=("local", "soft"), augmentation=_FLUID,
        settings={"labels": [labels[2]], "in_channels": 2}, optimisation=replace(_LONG, epochs=40, rate=3e-3),
    )  # fmt: skip
    together = replace(first, part="all-classes", uses=CLASSES, settings={"labels": list(labels)}, start=first.part)
    return (first, *apart, fluid, together)


def _specialised() -> tuple[Recipe, ...]:
    first = replace(_recognise("specialised-streams", "specialised-streams/recogniser", 192), part="recogniser-first")
    second = replace(first, part="recogniser", start=first.part, optimisation=replace(_RECOGNISE, epochs=20))
    masked = replace(second, part="recogniser-lungs-first", start=second.part, masked=True, lungs_by=_LUNGS_BY)
    lungs = replace(masked, part="recogniser-lungs", start=masked.part)
    many = Recipe(
        "specialised-streams", "manifestations", "specialised-streams/manifestations", "compact", CLASSES, _CLASSIFY
    )
    xrays = _on_xrays(first, "xray-recogniser", XRAY_CLASSES, XRAYS)
    return (*_streams(), many, first, second, masked, lungs, xrays)


def _mtnet() -> tuple[Recipe, ...]:
    lungs = replace(
        _segment("covid-mtnet", "ct-lungs", "covid-mtnet/segmenter", LUNGS, ("lung",)), segmentation="dice"
    )  # fmt: skip
    lesions = replace(lungs, part="ct-lesions", uses=LESIONS, settings={"labels": ["lesion"]}, start="ct-lungs")
    on_xrays = replace(
        lungs, part="xray-lungs-first", uses=XRAY_LUNGS, augmentation=XRAY, optimisation=replace(_XRAY, epochs=20),
        window=0,
    )  # fmt: skip
    fields = replace(
        on_xrays, part="xray-lungs", start=on_xrays.part, augmentation=GENTLE_XRAY,
        optimisation=replace(_XRAY, epochs=30, batch=8, average=0.998),
    )  # fmt: skip
    infected = replace(
        on_xrays, part="xray-lesions", uses=XRAY_LESIONS, settings={"labels": ["lesion"]}, start=on_xrays.part,
        optimisation=replace(_XRAY, epochs=10),
    )  # fmt: skip
    recogniser = replace(_recognise("covid-mtnet", "covid-mtnet/recogniser", 160), part="ct-recogniser")
    pneumonia = _on_xrays(recogniser, "xray-pneumonia", ("normal", "pneumonia"), CHILDREN)
    classes = _on_xrays(recogniser, "xray-recogniser", XRAY_CLASSES, XRAYS, "xray-pneumonia")
    return lungs, lesions, on_xrays, fields, infected, pneumonia, classes, recogniser


def _multitask() -> tuple[Recipe, ...]:
    """All three tasks, and the pairs of their table 2. Reconstruction counts as it is, in grey levels 0..1."""
    tasks = {
        "network": ("reconstruction", "segmentation", "classification"),
        "segmentation-classification": ("segmentation", "classification"),
        "reconstruction-segmentation": ("reconstruction", "segmentation"),
        "reconstruction-classification": ("reconstruction", "classification"),
    }
    uses = (*LESIONS, *(replace(use, share=0.5) for use in RECOGNITION))
    return tuple(
        Recipe(
            "multitask", part, "multitask/network", "compact", uses, _JOINT_TASKS, labels=CT_CLASSES,
            settings={"tasks": list(chosen), "classes": list(CT_CLASSES)}, segmentation="minus-dice",
        )
        for part, chosen in tasks.items()
    )  # fmt: skip


def _cascade() -> tuple[Recipe, ...]:
    lungs = replace(
        _segment("cascade-severity", "lungs", "cascade-severity/lungs", LUNGS, ("lung",)), segmentation="cross-entropy"
    )
    lesions = replace(
        lungs, part="lesions", network="cascade-severity/lesions", settings={"labels": ["lesion"]}, masked=True,
        segmentation="bce-dice", optimisation=_LONG, augmentation=_GRAINY,
    )  # fmt: skip
    return lungs, lesions


def _jcs() -> tuple[Recipe, ...]:
    """The recogniser also sees slices with lesions drawn but no class: they teach where to look (equation 4)."""
    supervising = (Use("covid20-slices-256", share=0.3), Use("covid20-stacks-128", "lesion", 0.15))
    recogniser = _recognise("jcs", "jcs/recogniser", 224)
    recogniser = replace(
        recogniser, uses=(*recogniser.uses, *supervising), mixing=0.5, weights=((ACTIVATION, 1.0),),
        optimisation=replace(_RECOGNISE, epochs=10),
    )  # fmt: skip
    alone = Recipe(
        "jcs", "segmenter-alone", "jcs/segmenter", "compact", LESIONS, _BRIEF, settings={"recogniser": None}, window=160
    )
    return recogniser, replace(alone, part="segmenter", settings={}, start="recogniser"), alone


def _consensus() -> tuple[Recipe, ...]:
    """Strong augmentation; gentle, windows aimed at disease; noise; the same for long. The plain network has two."""
    first = replace(
        _segment("consensus", "lungs-lesions-first", "consensus/joint", LESIONS, ("lung", "lesion")),
        settings={"labels": ["lung", "lesion"], "decoder": [96, 48, 24, 16]}, optimisation=_SHORT,
    )  # fmt: skip
    second = replace(first, part="lungs-lesions-second", start=first.part, optimisation=_FINISH, augmentation=GENTLE)
    third = replace(
        second, part="lungs-lesions-third", start=second.part, augmentation=_GRAINY,
        optimisation=replace(_LONG, epochs=6, rate=1e-3, warmup=50), settings={**second.settings, "noise": _NOISY},
    )  # fmt: skip
    joint = replace(third, part="lungs-lesions", start=third.part, optimisation=replace(_FINISH, epochs=24))
    plain = [replace(one, system="baseline", settings={"labels": ["lung", "lesion"]}) for one in (first, second)]
    return first, second, third, joint, *plain


_COMPACT = (*_consensus(), *_specialised(), *_mtnet(), *_multitask(), *_cascade(), *_jcs())
