"""The figures as CSV tables (RFC 4180, UTF-8, a dot as decimal point, empty where unknown)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from inference.findings import ZONES, Findings, RegionFigures, Severity
from inference.io.export_files import replacing
from inference.labels import Lesion
from inference.software import NOTICE

Cell = str | int | float | None
PERCENTAGE = "Percentage of infection (PO)"
FIGURES: tuple[tuple[str, str, Callable[[RegionFigures], float | None]], ...] = (
    ("Lung volume", "ml", lambda region: region.lung_ml),
    ("Opacity", "ml", lambda region: region.infected_ml),
    (PERCENTAGE, "%", lambda region: region.percentage),
    ("High opacity (-200 HU and above)", "ml", lambda region: region.high_opacity_ml),
    ("Percentage of high opacity (PHO)", "%", lambda region: region.pho),
    ("Mean density", "HU", lambda region: region.mean_hu),
    ("SD of density", "HU", lambda region: region.sd_hu),
    ("Mean density of opacity", "HU", lambda region: region.opacity_mean_hu),
    ("SD of opacity density", "HU", lambda region: region.opacity_sd_hu),
    ("Pleural effusion", "ml", lambda region: region.effusion_ml),
)
"""The rows of the severity table: name, unit, and how to take the figure from a region."""


def regions(severity: Severity) -> tuple[tuple[str, RegionFigures], ...]:
    """The columns of the severity table: both, then right, left and the six zones where sides are known."""
    named: list[tuple[str, RegionFigures | None]] = [
        ("both", severity.both),
        ("right", severity.right),
        ("left", severity.left),
        *((zone, severity.zones.get(zone)) for zone in ZONES),
    ]
    return tuple((name, figures) for name, figures in named if figures is not None)


def severity_rows(severity: Severity) -> list[list[Cell]]:
    """The severity table with its heading row, a grade and what qualifies it; every row of one length."""
    columns = regions(severity)
    heading: list[Cell] = ["figure", "unit", *(name for name, _ in columns)]
    worse = {severity.worse_lung: severity.worse_lung_grade}
    rows: list[list[Cell]] = [
        heading,
        *([name, unit, *(take(figures) for _, figures in columns)] for name, unit, take in FIGURES),
        ["Mean over slices", "%", severity.mean_over_slices],
        ["Grade", "", severity.grade, *(worse.get(side) for side in ("right", "left") if len(columns) > 1)],
        ["Qualifier", "", severity.qualifier],
        ["Detection floor", "%", severity.detection_floor.percent],
        ["Detection floor", "ml", severity.detection_floor.ml],
        ["Qualifier of percentages", "", severity.percentage_qualifier],
        ["Reason", "", severity.withheld_reason],
        ["Zone score", "/24", severity.zone_score],
        ["Notice", "", NOTICE],
    ]
    return [row + [None] * (len(heading) - len(row)) for row in rows]


def write_severity(path: Path, findings: Findings) -> None:
    """Write the severity table: a row per figure, a column per region."""
    write_table(path, severity_rows(findings.severity))


def write_lesions(path: Path, findings: Findings) -> None:
    """Write a row per lesion: place in LPS mm, volume, mean HU, zone, the slice that holds most of it."""
    heading = ["number", "label", "volume_ml", "mean_hu", "centre_x_lps_mm", "centre_y_lps_mm", "centre_z_lps_mm"]
    rows: list[list[Cell]] = [[*heading, "zone", "peak_slice_index", "area_on_peak_slice_mm2", "voxels"]]
    for lesion in findings.lesions:
        label = Lesion(int(lesion.label)).key
        place = [lesion.zone, lesion.peak_slice, lesion.area_mm2, lesion.voxels]
        rows.append([lesion.number, label, lesion.volume_ml, lesion.mean_hu, *lesion.centre_lps_mm, *place])
    write_table(path, rows)


def write_slices(path: Path, findings: Findings) -> None:
    """Write a row per slice of the source grid; areas in mm2, or in pixels where no spacing is known."""
    known = findings.output.lungs.geometry.spacing_known
    unit = "mm2" if known else "pixels"
    areas = ("lung", "infected", "ground_glass", "consolidation", "unclassified", "effusion")
    rows: list[list[Cell]] = [
        ["index", "position_mm", *(f"{name}_{unit}" for name in areas), "percent", "right_percent", "left_percent"]
    ]
    for one in findings.slices:
        sizes = (one.lung, one.infected, one.ground_glass, one.consolidation, one.unclassified, one.effusion)
        rows.append([one.index, one.position_mm, *sizes, one.percent, one.right_percent, one.left_percent])
    write_table(path, rows)


def write_table(path: Path, rows: Iterable[Sequence[Cell]]) -> None:
    """Write rows of cells as CSV, whole or not at all. Raises ExportError if the file cannot be written."""
    with replacing(path) as beside, beside.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([_text(cell) for cell in row] for row in rows)


def _text(cell: Cell) -> str:
    if cell is None or cell != cell:
        return ""
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)
