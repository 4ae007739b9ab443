"""The sections of the severity panel that hold figures; each is filled from finished findings and computes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from inference.findings import Findings, RegionFigures, Severity
from inference.labels import Lesion, Lung
from inference.quantification.definitions import AssessmentSettings, sentences
from inference.quantification.grades import GRADE_WORDS
from inference.report import wording
from viewer.operations import showing
from viewer.state.session import Session
from viewer.widgets.figure_label import FigureGrid, FigureLabel, Section, Show, text_label
from viewer.widgets.grade_scale import GradeScale
from viewer.widgets.histogram_plot import HistogramPlot
from viewer.widgets.zone_bars import ZoneBars

_SIDES: dict[str, Lung | None] = {"right": Lung.RIGHT, "left": Lung.LEFT, "both": None}
_CLASS_NAMES = {
    Lesion.GROUND_GLASS: "Ground-glass", Lesion.CONSOLIDATION: "Consolidation", Lesion.EFFUSION: "Effusion",
    Lesion.UNCLASSIFIED: "Unclassified",
}  # fmt: skip
_TABLE: tuple[tuple[str, Callable[[RegionFigures], float | None], str], ...] = (
    ("Lung, ml", lambda region: region.lung_ml, "lung"),
    ("Opacity, ml", lambda region: region.infected_ml, "infected"),
    ("PO, %", lambda region: region.percentage, "infected"),
    ("High opacity, ml", lambda region: region.high_opacity_ml, "high"),
    ("PHO, %", lambda region: region.pho, "high"),
    ("Mean HU", lambda region: region.mean_hu, "lung"),
    ("SD HU", lambda region: region.sd_hu, "lung"),
    ("Opacity HU", lambda region: region.opacity_mean_hu, "infected"),
    ("Opacity SD HU", lambda region: region.opacity_sd_hu, "infected"),
    ("Effusion, ml", lambda region: region.effusion_ml, "effusion"),
)

AT_LEAST = "≥ "
"""Before a figure in which lung is missing."""


def number(value: float | None, decimals: int = 0) -> str:
    """A bare number with a true minus sign and no minus zero, a dash where unknown."""
    return "–" if value is None else f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "−")


class HeadlineSection(Section):
    """Percentage of infection with its range, the grade among its bins, and the scores."""

    def __init__(self, session: Session) -> None:
        known = sentences()
        super().__init__("INFECTION", f"{known['percentage_of_infection']}\n\n{known['lung']}")
        self._session = session
        self.percentage = FigureLabel("headline")
        self.range = FigureLabel()
        self.range.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.range.setWordWrap(True)
        self.grade = FigureLabel("grade")
        self.grade.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.scale = GradeScale()
        self.floor = text_label("", "dim")
        self.edge = text_label("", "amber")
        self.reason = text_label("", "amber")
        self.rows = FigureGrid([""])
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.percentage)
        beside = QVBoxLayout()
        beside.setSpacing(0)
        beside.addStretch(1)
        beside.addWidget(self.range)
        beside.addStretch(1)
        row.addLayout(beside, 1)
        self.body.addLayout(row)
        for widget in (self.grade, self.scale, self.floor, self.reason, self.edge, self.rows):
            self.body.addWidget(widget)

    def fill(self, findings: Findings) -> None:
        """Show the figures."""
        severity = findings.severity
        infected = partial(showing.show_infected, self._session)
        bound = AT_LEAST if severity.percentage_qualifier else ""
        self.percentage.set_figure(f"{bound}{wording.percent(severity.percentage_of_infection)}", infected)
        known = severity.sensitivity
        xray = findings.output.modality == "xray"
        one_slice = not xray and findings.output.lungs.geometry.shape[0] == 1
        of = "of the lung field drawn" if xray else "of the lung found" if severity.qualifier else "of the lung"
        of += " in this slice" if one_slice else ""
        of = f"at least, {of}" if bound else of
        if known is None:
            self.range.set_figure(of)
        else:
            tip = f"{wording.sensitivity(severity)}\n\n{sentences()['sensitivity']}"
            self.range.set_figure(f"{of}\n{known.low:.1f}–{known.high:.1f} %", infected, tip)
        floor = severity.detection_floor
        known_bins = sentences(AssessmentSettings(detection_floor=floor))["grade"]
        self.grade.set_figure(_grade(severity), infected if severity.grade else None, known_bins)
        self.scale.set_grade(severity.grade, severity.qualifier, floor)
        self.floor.setText(f"CT-0 is {floor.words}" + ("." if floor.is_published else ", as set."))
        self.reason.setText(severity.withheld_reason)
        self.reason.setVisible(bool(severity.withheld_reason))
        crosses = known is not None and known.crosses_bin_edge
        self.edge.setText("! The range crosses the edge of a grade." if crosses else "")
        self.edge.setVisible(crosses)
        ungraded = xray or one_slice  # a grade is of whole lungs
        self.rows.set_rows([] if ungraded else self._rows(severity))
        for graded in (self.grade, self.scale, self.floor, self.rows):
            graded.setVisible(not ungraded)

    def _rows(self, severity: Severity) -> list[tuple[str, list[tuple[str, Show | None]]]]:
        infected = partial(showing.show_infected, self._session)
        rows: list[tuple[str, list[tuple[str, Show | None]]]] = [
            ("Mean over slices", [(wording.mean_over_slices(severity), infected)])
        ]
        if severity.worse_lung_grade is not None and severity.right is not None and severity.left is not None:
            side = severity.worse_lung or "right"
            region = severity.right if side == "right" else severity.left
            name = f"Worse lung: {severity.worse_lung}" if severity.worse_lung else "Both lungs alike"
            text = f"{severity.worse_lung_grade}  {wording.percent(region.percentage)}"
            rows.append((name, [(text, partial(showing.show_infected, self._session, _SIDES[side]))]))
        prefix = AT_LEAST if severity.qualifier == "at least" else ""
        for name, score, most in (
            ("Zone score", severity.zone_score, 24),
            ("CT severity score", severity.ct_severity_score, 25),
            ("Total severity score", severity.total_severity_score, 20),
        ):
            if score is not None:
                rows.append((name, [(f"{prefix}{score} / {most}", infected)]))
        return rows


class RegionSection(Section):
    """The table of both lungs, the right and the left."""

    def __init__(self, session: Session) -> None:
        super().__init__("LUNGS", f"{sentences()['pho']}\n\n{sentences()['effusion']}")
        self._session = session
        self.table = FigureGrid(["both", "right", "left"])
        self.body.addWidget(self.table)

    def fill(self, findings: Findings) -> None:
        """Show the figures."""
        severity = findings.severity
        regions = {"both": severity.both, "right": severity.right, "left": severity.left}
        rows = []
        for name, take, shows in _TABLE:
            values = {side: None if region is None else take(region) for side, region in regions.items()}
            if all(value is None for value in values.values()):
                continue
            bounds = {
                side: AT_LEAST if name == "PO, %" and wording.is_at_least(severity, side) else "" for side in values
            }
            cells = [
                (_cell(name, value, bounds[side]), self._show(shows, side, value)) for side, value in values.items()
            ]
            rows.append((name, cells))
        self.table.set_rows(rows)

    def _show(self, what: str, side: str, value: float | None) -> Show | None:
        session, code = self._session, _SIDES[side]
        if not value:
            return None
        if what == "effusion":
            return partial(showing.show_class, session, Lesion.EFFUSION)
        if what == "high":
            return partial(showing.show_band, session, -200, None, code, in_opacity=True)
        if what == "lung":
            return partial(showing.show_lung, session, code)
        return partial(showing.show_infected, session, code)


class ZoneSection(Section):
    """The six zones."""

    def __init__(self, session: Session) -> None:
        super().__init__("ZONES", f"{sentences()['zones']}\n\n{sentences()['zone_score']}")
        self.bars = ZoneBars(lambda zone: showing.show_infected(session, zone=zone))
        self.body.addWidget(self.bars)

    def fill(self, findings: Findings) -> None:
        """Show the zones; nothing where sides are unknown."""
        self.setVisible(bool(findings.severity.zones))
        self.bars.set_zones(findings.severity.zones, findings.severity.not_aerated)


class ClassSection(Section):
    """Each class with its volume, share, density, and how its presence was judged."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            "CLASSES",
            "% is the share of the lung.\nPresent: a learned system's probability from 0 to 1, where it gives one; "
            "else whether any was marked, by a rule or a network.",
        )
        self._session = session
        self.table = FigureGrid(["ml", "%", "HU", "present"])
        self.body.addWidget(self.table)

    def fill(self, findings: Findings) -> None:
        """Show the classes that the system looks for."""
        rows, colours = [], []
        for label in Lesion:
            one = findings.manifestations.get(label.key)
            if one is None or one.source is None:
                continue
            found = bool(one.volume_ml or one.percent_of_lung)
            show = partial(showing.show_class, self._session, label) if found else None
            marked = ("yes" if found else "no") + (" (rule)" if one.source == "rule" else "")
            present = marked if one.probability is None else f"{one.probability:.2f}"
            texts = (number(one.volume_ml), number(one.percent_of_lung, 1), number(one.mean_hu), present)
            layer = self._session.layers.by_group[label.key].value
            rows.append((_CLASS_NAMES[label], [(text, show) for text in texts]))
            colours.append(layer.colour)
        self.table.set_rows(rows, colours)


class MissedSection(Section):
    """The white-lung rule's volumes."""

    def __init__(self, session: Session) -> None:
        super().__init__("POSSIBLY MISSED LUNG", sentences()["white_lung"])
        self._session = session
        self.table = FigureGrid(["ml", "% of side"])
        self.body.addWidget(self.table)

    def fill(self, findings: Findings) -> None:
        """Show what lies in the rib cage and was not claimed; nothing without a rib cage."""
        severity = findings.severity
        self.setVisible(bool(severity.possibly_missed_percent))
        rows = []
        for side, share in severity.possibly_missed_percent.items():
            show = partial(showing.show_missed, self._session, _SIDES[side]) if share else None
            volume = number(severity.possibly_missed_ml.get(side))
            rows.append((side.capitalize(), [(volume, show), (number(share, 1), show)]))
        self.table.set_rows(rows)


class DensitySection(Section):
    """The histogram and the compartments."""

    def __init__(self, session: Session) -> None:
        super().__init__("DENSITY", f"{sentences()['compartments']}\n\nBars show the square root of the count.")
        self._session = session
        self.plot = HistogramPlot(lambda low, high: showing.show_band(session, low, high))
        self.table = FigureGrid(["ml", "% lung", "% opacity"])
        self.body.addWidget(self.plot)
        self.body.addWidget(self.table)

    def fill(self, findings: Findings) -> None:
        """Show the densities; nothing without Hounsfield units."""
        severity = findings.severity
        self.setVisible(bool(severity.compartments))
        self.plot.set_severity(severity)
        rows = []
        for band in severity.compartments:
            show = (
                partial(showing.show_band, self._session, band.low_hu, band.high_hu) if band.percent_of_lung else None
            )
            inside = (
                partial(showing.show_band, self._session, band.low_hu, band.high_hu, in_opacity=True)
                if band.percent_of_opacity
                else None
            )
            cells = [
                (number(band.volume_ml), show),
                (number(band.percent_of_lung, 1), show),
                (number(band.percent_of_opacity, 1), inside),
            ]
            rows.append((f"{band.name.capitalize()}  {_bounds(band.low_hu, band.high_hu)}", cells))
        self.table.set_rows(rows)


def _bounds(low: int | None, high: int | None) -> str:
    """A band's limits, which stay on one line."""
    if low is None:
        text = f"< {number(high)}"
    else:
        text = f"≥ {number(low)}" if high is None else f"{number(low)} … {number(high)}"
    return text.replace(" ", "\u00a0")


def _cell(name: str, value: float | None, bound: str = "") -> str:
    small = name.endswith("ml") and value is not None and 0 < value < 9.95
    return (bound if value is not None else "") + number(value, 1 if name.endswith("%") or small else 0)


def _grade(severity: Severity) -> str:
    if severity.qualifier == "withheld":
        return "Grade withheld"
    if severity.grade is None:
        return "No grade: no lung found"
    return f"{severity.qualifier} {severity.grade} · {GRADE_WORDS[severity.grade]}".strip()
