"""The white-lung rule: dense lung that the system did not take for lung must not make a study look mild."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from inference.findings import RegionFigures
from inference.labels import Lung
from inference.quantification.definitions import AssessmentSettings
from inference.quantification.grades import GRADES, grade, grade_of
from inference.quantification.regions import share
from inference.quantification.tally import Tally

Qualifier = Literal["", "at least", "withheld"]


@dataclass(frozen=True)
class WhiteLung:
    """What the rule says: volumes (ml) and shares of the rib cage (%) by ``right``, ``left`` or ``both``."""

    qualifier: Qualifier
    reason: str
    ml: Mapping[str, float]
    percent: Mapping[str, float]


Side = Literal["right", "left"]


def not_aerated(
    counts: Tally, sides_known: bool, warned: Collection[str], settings: AssessmentSettings
) -> tuple[Side, ...]:
    """The sides of which no lung can be measured, because no air is there.

    Those whose lung is less than ``aerated_percent`` of their rib cage; where no rib cage is known, of the other lung,
    and less than the fluid; and those that the system calls so (warning ``right_lung_not_aerated``) and that hold more
    fluid than lung.
    """
    if not sides_known:
        return ()
    lung, fluid = counts.lung.sum(axis=(0, 2)), counts.effusion.sum(axis=0)
    found: list[Side] = []
    sides: tuple[tuple[Side, Lung, Lung], ...] = (("right", Lung.RIGHT, Lung.LEFT), ("left", Lung.LEFT, Lung.RIGHT))
    for name, code, other in sides:
        room = int(counts.cage[code]) if counts.cage.any() else int(lung[other])
        hardly_any = 100 * int(lung[code]) < settings.aerated_percent * room
        drowned = fluid[code] + (fluid[Lung.SIDE_UNKNOWN] if hardly_any else 0) > lung[code]
        if (hardly_any and (drowned or counts.cage.any())) or (f"{name}_lung_not_aerated" in warned and drowned):
            found.append(name)
    return tuple(found)


def white_lung(
    counts: Tally,
    lungs: RegionFigures,
    sides_known: bool,
    voxel_ml: float | None,
    settings: AssessmentSettings,
    empty: tuple[Side, ...] = (),
) -> WhiteLung:
    """Judge the rib-cage volume that neither lung nor effusion claims, and the ``empty`` sides (:func:`not_aerated`).

    Above ``missed_percent`` of one side the grade becomes "at least". It is withheld where that would say nothing:
    more than ``withhold_percent`` missed, the found lung below the detection floor, or two grades higher if the
    missed lung were all infected. An empty side alone makes the grade "at least", withheld below the detection floor.
    """
    voxels, shares = {}, {}
    for name, codes in _sides(sides_known).items():
        cage = sum(int(counts.cage[code]) for code in codes)
        if cage:
            voxels[name] = sum(int(counts.missed[code]) for code in codes)
            shares[name] = 100 * voxels[name] / cage
    ml = {name: number * voxel_ml for name, number in voxels.items()} if voxel_ml is not None else {}
    over = {name: percent for name, percent in shares.items() if percent > settings.missed_percent}
    found = grade_of(lungs, settings)
    if not over:
        if not empty or found is None:
            return WhiteLung("", "", ml, shares)
        return WhiteLung("withheld" if found == GRADES[0] else "at least", _without_air(empty), ml, shares)
    missed = sum(voxels.values())
    worst = share(lungs.infected_voxels + missed, lungs.lung_voxels + missed) or 0.0
    worst_grade = grade(worst, None, settings)
    where = " and ".join(f"{percent:.0f} % of the {_NAMES[name]}" for name, percent in over.items())
    reason = f"Possibly missed lung: {where} is neither lung nor effusion."
    step = 0 if found is None else GRADES.index(worst_grade) - GRADES.index(found)
    if found in (None, GRADES[0]) or step >= 2 or max(over.values()) > settings.withhold_percent:
        reason += f" The lung that was found is {found or 'empty'}; if the rest is infected too, it is {worst_grade}."
        return WhiteLung("withheld", reason, ml, shares)
    return WhiteLung("at least", reason + " The true grade may be higher.", ml, shares)


def _without_air(sides: tuple[Side, ...]) -> str:
    return (
        f"No air is left in the {' and the '.join(sides)} side: lung under fluid, or collapsed, cannot be measured. "
        "The percentages are of the lung that was found; the true ones may be higher."
    )


_NAMES = {"right": "right side", "left": "left side", "both": "rib cage"}


def _sides(known: bool) -> dict[str, tuple[Lung, ...]]:
    return {"right": (Lung.RIGHT,), "left": (Lung.LEFT,)} if known else {"both": tuple(Lung)}
