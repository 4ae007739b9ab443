"""The grade CT-0..CT-4, and how grades compare."""

from __future__ import annotations

from bisect import bisect_left

from inference.findings import DetectionFloor, RegionFigures
from inference.quantification.definitions import GRADE_EDGES, AssessmentSettings

GRADES = ("CT-0", "CT-1", "CT-2", "CT-3", "CT-4")
GRADE_WORDS = {"CT-0": "below the detection floor", "CT-1": "mild", "CT-2": "moderate", "CT-3": "severe",
               "CT-4": "critical"}  # fmt: skip


def grade(percentage: float, infected_ml: float | None, settings: AssessmentSettings | None = None) -> str:
    """The grade of a percentage (0..100). ``infected_ml`` None: no millilitres, the floor is the percentage alone.

    Nothing infected is CT-0 even with a floor of nothing.
    """
    floor = (settings or AssessmentSettings()).detection_floor
    if not percentage or percentage < floor.percent or (infected_ml is not None and infected_ml < floor.ml):
        return GRADES[0]
    return GRADES[1 + bisect_left(GRADE_EDGES, percentage)]


def grade_of(region: RegionFigures, settings: AssessmentSettings | None = None) -> str | None:
    """The grade of a region, None where it holds no lung."""
    if region.percentage is None:
        return None
    return grade(region.percentage, region.infected_ml, settings)


def rank(grade_name: str | None, qualifier: str = "") -> int:
    """An order of results: plain grades 0..4; "at least" and "withheld" alike above every plain grade.

    No grade at all (no lung found, nothing withheld) ranks below CT-0.
    """
    if qualifier:
        return len(GRADES)
    return -1 if grade_name is None else GRADES.index(grade_name)


def bins(floor: DetectionFloor | None = None) -> tuple[tuple[str, str], ...]:
    """Each grade and its bin in print, lowest first."""
    lowest = (floor or DetectionFloor()).words
    return (("CT-0", lowest), ("CT-1", "to 25 %"), ("CT-2", ">25 to 50 %"), ("CT-3", ">50 to 75 %"), ("CT-4", ">75 %"))
