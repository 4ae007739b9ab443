"""The white-lung rule: dense lung that the system did not take for lung must not make a study look mild."""

from __future__ import annotations

from collections.abc import Mapping
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


def white_lung(
    counts: Tally, lungs: RegionFigures, sides_known: bool, voxel_ml: float | None, settings: AssessmentSettings
) -> WhiteLung:
    """Judge the rib-cage volume that neither lung nor effusion claims.

    Above ``missed_percent`` of one side the grade becomes "at least". It is withheld where that would say nothing:
    more than ``withhold_percent`` missed, the found lung below the detection floor, or two grades higher if the
    missed lung were all infected.
    """
    voxels, shares = {}, {}
    for name, codes in _sides(sides_known).items():
        cage = sum(int(counts.cage[code]) for code in codes)
        if cage:
            voxels[name] = sum(int(counts.missed[code]) for code in codes)
            shares[name] = 100 * voxels[name] / cage
    ml = {name: number * voxel_ml for name, number in voxels.items()} if voxel_ml is not None else {}
    over = {name: percent for name, percent in shares.items() if percent > settings.missed_percent}
    if not over:
        return WhiteLung("", "", ml, shares)
    missed = sum(voxels.values())
    worst = share(lungs.infected_voxels + missed, lungs.lung_voxels + missed) or 0.0
    worst_grade = grade(worst, None, settings)
    found = grade_of(lungs, settings)
    where = " and ".join(f"{percent:.0f} % of the {_NAMES[name]}" for name, percent in over.items())
    reason = f"Possibly missed lung: {where} is neither lung nor effusion."
    step = 0 if found is None else GRADES.index(worst_grade) - GRADES.index(found)
    if found in (None, GRADES[0]) or step >= 2 or max(over.values()) > settings.withhold_percent:
        reason += f" The lung that was found is {found or 'empty'}; if the rest is infected too, it is {worst_grade}."
        return WhiteLung("withheld", reason, ml, shares)
    return WhiteLung("at least", reason + " The true grade may be higher.", ml, shares)


_NAMES = {"right": "right side", "left": "left side", "both": "rib cage"}


def _sides(known: bool) -> dict[str, tuple[Lung, ...]]:
    return {"right": (Lung.RIGHT,), "left": (Lung.LEFT,)} if known else {"both": tuple(Lung)}
