"""The severity panel in each of its states, what its numbers say and where a click on them leads."""

import csv
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from inference.findings import Warning
from inference.labels import INFECTED, Lesion, Lung
from inference.report import wording
from inference.verdict import Colour, Reason, Verdict
from inference.volume import LabelMap, VolumeGeometry
from tests.helpers.analysed import AMBER, PATIENT
from tests.helpers.severity_session import GREEN, analysed, found, opened, voxel
from viewer.state.session import JobState, Session
from viewer.widgets.severity_panel import SeverityPanel
from viewer.widgets.severity_sections import number

RED = Verdict(
    (Reason("gap", Colour.RED, "6 slices are missing inside the lung", "A complete reconstruction."),), ("ct",)
)


@pytest.fixture
def panel(qtbot):
    def make(session: Session) -> SeverityPanel:
        widget = SeverityPanel(session)
        qtbot.addWidget(widget)
        widget.resize(300, 700)
        widget.show()
        return widget

    return make


def test_with_nothing_open_it_asks_for_a_study(panel):
    widget = panel(Session())
    assert not widget.shows_figures
    assert widget.message.title.text() == "Nothing open"
    assert widget.as_text() == "" and widget.as_csv() == ""
    assert widget.copy_text.isHidden()


def test_before_analysis_it_says_so_and_shows_the_geometry_checks(panel):
    widget = panel(opened(AMBER))
    assert widget.message.title.text() == "Not analysed yet"
    assert ("!", "Slices are 5.0 mm thick and 2.0 mm apart") in widget.message.fitness.rows


def test_while_a_system_runs_it_fills_with_rough_figures(panel):
    session = opened()
    widget = panel(session)
    session.jobs.value = (JobState(1, "Densitometry", can_retry=True),)
    assert widget.message.title.text() == "Analysing" and widget.message.rough.texts() == []
    output = found().output
    session.show_masks(output.lungs.array, None)
    names = [row[0] for row in widget.message.rough.texts()]
    assert names == ["Right lung", "Left lung", "Lungs"]
    session.show_masks(output.lungs.array, output.lesions.array)
    assert [row[0] for row in widget.message.rough.texts()][-1] == "Infected"
    session.findings.value = found()
    assert widget.shows_figures


def test_a_cancelled_analysis_leaves_the_panel_as_before(panel):
    session = opened()
    widget = panel(session)
    session.jobs.value = (JobState(1, "Densitometry", can_retry=True),)
    session.jobs.value = (JobState(1, "Densitometry", can_retry=True, ending="cancelled"),)
    assert widget.message.title.text() == "Not analysed yet"


def test_the_headline_is_the_percentage_with_its_range_and_grade(panel):
    session = analysed()
    severity = session.findings.value.severity
    headline = panel(session).figures.headline
    assert headline.percentage.text() == wording.percent(severity.percentage_of_infection)
    assert f"{severity.sensitivity.low:.1f}–{severity.sensitivity.high:.1f} %" in headline.range.text()
    assert "not a confidence interval" in headline.range.toolTip()
    assert headline.grade.text().startswith(severity.grade)
    assert headline.scale.filled == [severity.grade]
    assert "25 %" in headline.scale.toolTip() and "3 ml" in headline.scale.toolTip()


def test_the_tables_hold_the_findings_figures(panel):
    session = analysed()
    severity = session.findings.value.severity
    figures = panel(session).figures
    rows = {row[0]: row[1:] for row in figures.regions.table.texts()}
    assert rows["Lung, ml"] == [f"{region.lung_ml:.0f}" for region in (severity.both, severity.right, severity.left)]
    assert rows["PO, %"] == [f"{region.percentage:.1f}" for region in (severity.both, severity.right, severity.left)]
    classes = {row[0]: row[1:] for row in figures.classes.table.texts()}
    assert set(classes) == {"Ground-glass", "Consolidation", "Effusion"}
    assert classes["Effusion"][1] == "–"
    assert f"LESIONS ({len(session.findings.value.lesions)})" in figures.lesions._heading.text()


def test_a_rule_shows_no_probability_and_a_learned_class_does(panel):
    widget = panel(analysed())
    present = {row[0]: row[4] for row in widget.figures.classes.table.texts()}
    assert present["Ground-glass"] == "yes (rule)" and set(present.values()) <= {"yes (rule)", "no (rule)"}
    learned = analysed(sources={"ground_glass": "learned"}, probabilities={"ground_glass": 0.97})
    rows = {row[0]: row[4] for row in panel(learned).figures.classes.table.texts()}
    assert rows["Ground-glass"] == "0.97"


def test_amber_puts_a_line_and_a_mark_on_every_section_of_figures(panel):
    widget = panel(analysed(AMBER))
    assert all(section.is_marked for section in widget.figures.measured)
    assert not widget.figures.amber_line.isHidden()
    assert "5.0 mm thick" in widget.figures.amber_text.text()
    green = panel(analysed(GREEN))
    assert not any(section.is_marked for section in green.figures.measured)
    assert green.figures.amber_line.isHidden() and green.figures.amber_text.isHidden()


def test_numbers_have_a_true_minus_and_no_minus_zero():
    assert [number(value) for value in (-0.3, -0.6, 0.4, None)] == ["0", "−1", "0", "–"]
    assert number(-0.04, 1) == "0.0" and number(-0.06, 1) == "−0.1"


def test_red_replaces_the_figures_by_the_reason_and_what_would_help(panel):
    session = analysed()
    widget = panel(session)
    session.verdict.value = RED
    assert not widget.shows_figures
    assert widget.message.title.text() == "Not measured"
    for words in ("6 slices are missing inside the lung", "A complete reconstruction", "can still be read"):
        assert words in widget.message.text.text()
    assert widget.as_text() == "" and widget.as_csv() == ""
    assert widget.copy_csv.isHidden()
    heading = widget.message.fitness._heading.text()
    assert "✕ 1" in heading and "!" not in heading


def test_a_withheld_grade_is_not_shown_and_its_reason_is(panel):
    session = analysed()
    findings = session.findings.value
    reason = "Possibly missed lung: 47 % of the right side is neither lung nor effusion."
    severity = replace(findings.severity, grade=None, qualifier="withheld", withheld_reason=reason, zone_score=None)
    session.findings.value = replace(findings, severity=severity)
    headline = panel(session).figures.headline
    assert headline.grade.text() == "Grade withheld" and headline.scale.filled == []
    assert headline.reason.text() == reason and not headline.reason.isHidden()
    assert "found" in headline.range.text()
    assert not any("CT-" in text for row in headline.rows.texts() for text in row if "Worse" not in row[0])


def test_at_least_fills_every_grade_from_there(panel):
    session = analysed()
    findings = session.findings.value
    severity = replace(findings.severity, grade="CT-2", qualifier="at least", withheld_reason="Possibly missed.")
    session.findings.value = replace(findings, severity=severity)
    headline = panel(session).figures.headline
    assert headline.grade.text().startswith("at least CT-2")
    assert headline.scale.filled == ["CT-2", "CT-3", "CT-4"]


def test_a_rule_says_no_of_a_class_that_it_did_not_find(panel):
    session = analysed()
    findings = session.findings.value
    none = replace(findings.manifestations["consolidation"], volume_ml=0.0, percent_of_lung=0.0)
    session.findings.value = replace(findings, manifestations={**findings.manifestations, "consolidation": none})
    present = {row[0]: row[4] for row in panel(session).figures.classes.table.texts()}
    assert (present["Consolidation"], present["Ground-glass"]) == ("no (rule)", "yes (rule)")


def test_a_side_without_air_makes_its_percentages_lower_bounds_and_leaves_the_other_lungs_alone(panel):
    session = analysed()
    findings = session.findings.value
    severity = replace(
        findings.severity, qualifier="at least", percentage_qualifier="at least", not_aerated=("left",),
        withheld_reason="No air is left in the left side.",
    )  # fmt: skip
    session.findings.value = replace(findings, severity=severity)
    widget = panel(session)
    headline, table = widget.figures.headline, widget.figures.regions.table
    assert headline.percentage.text() == f"≥ {wording.percent(severity.percentage_of_infection)}"
    assert headline.range.text().startswith("at least, of the lung found")
    percentages = next(row for row in table.texts() if row[0] == "PO, %")
    assert [cell.startswith("≥ ") for cell in percentages[1:]] == [True, False, True]
    assert "at least" in next(row for row in headline.rows.texts() if row[0] == "Mean over slices")[1]
    text = widget.as_text()
    assert f"at least {severity.percentage_of_infection:.1f} % of the lung infected" in text
    assert "left upper: at least" in text and "right upper: at least" not in text
    assert "Qualifier of percentages,,at least" in widget.as_csv()


def test_unknown_sides_and_units_leave_no_empty_numbers(panel):
    session = analysed(sides_known=False)
    widget = panel(session)
    assert widget.figures.zones.isHidden()
    assert all(row[2:] == ["–", "–"] for row in widget.figures.regions.table.texts())
    assert "Right and left are unknown" in widget.figures.notes.text.text()


def test_a_click_on_a_number_goes_to_a_slice_that_holds_it(panel, qtbot):
    session = analysed()
    figures = panel(session).figures
    output = session.findings.value.output
    qtbot.mouseClick(figures.headline.percentage, Qt.MouseButton.LeftButton)
    assert output.lesions.array[voxel(session)] in INFECTED
    names = [row[0] for row in figures.classes.table.texts()]
    for name, label in (("Consolidation", Lesion.CONSOLIDATION), ("Effusion", Lesion.EFFUSION)):
        qtbot.mouseClick(figures.classes.table.cell(names.index(name), 0), Qt.MouseButton.LeftButton)
        assert output.lesions.array[voxel(session)] == label
    qtbot.mouseClick(figures.regions.table.cell(1, 2), Qt.MouseButton.LeftButton)
    assert output.lungs.array[voxel(session)] == Lung.LEFT
    qtbot.mouseClick(figures.density.table.cell(2, 0), Qt.MouseButton.LeftButton)
    assert -700 <= session.loaded.value.volume.array[voxel(session)] < -500


def test_a_click_on_a_zone_bar_goes_there(panel, qtbot):
    session = analysed()
    bars = panel(session).figures.zones.bars
    place = bars.bar("left lower").center().toPoint()
    assert bars.zone_at(place) == "left lower"
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=place)
    assert session.findings.value.output.lungs.array[voxel(session)] == Lung.LEFT
    assert bars.zone_at(QPoint(5, 3)) is None, "the heading is no zone"


def test_a_click_on_a_histogram_bar_goes_to_such_a_voxel(panel, qtbot):
    session = analysed()
    plot = panel(session).figures.density.plot
    edges, counts = session.findings.value.severity.histogram
    index = int(np.argmax(counts))
    place = QPoint(int((index + 0.5) * plot.width() / len(counts)), 20)
    assert plot.bar_at(place) == index
    qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=place)
    assert edges[index] <= session.loaded.value.volume.array[voxel(session)] < edges[index + 1]


def test_text_and_csv_hold_the_figures_and_never_the_patient(panel):
    session = analysed(AMBER)
    severity = session.findings.value.severity
    widget = panel(session)
    text, table = widget.as_text(), widget.as_csv()
    for words in ("Research use only, not for diagnosis", "amber", "rule-based", "Not assessed", severity.grade):
        assert words in text
    rows = {row[0]: row for row in csv.reader(StringIO(table))}
    assert float(rows["Percentage of infection (PO)"][2]) == pytest.approx(severity.percentage_of_infection, rel=1e-4)
    assert float(rows["Lung volume"][3]) == pytest.approx(severity.right.lung_ml, rel=1e-4)
    assert rows["Geometry"][2] == "amber"
    assert len({len(row) for row in csv.reader(StringIO(table))}) == 1
    for private in (PATIENT.name.split("^")[0], PATIENT.patient_id, PATIENT.birth_date, PATIENT.accession):
        assert private not in text and private not in table


def test_the_buttons_copy(panel, qtbot):
    session = analysed()
    widget = panel(session)
    said = []
    session.notice.connect(said.append)
    qtbot.mouseClick(widget.copy_text, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == widget.as_text()
    qtbot.mouseClick(widget.copy_csv, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().splitlines() == widget.as_csv().splitlines()
    assert len(said) == 2


def test_notes_limits_and_provenance_are_on_show(panel):
    session = analysed(warnings=(Warning("prone", "The patient lies prone."),))
    figures = panel(session).figures
    assert "The patient lies prone." in figures.notes.text.text()
    assert "embolism" in figures.not_assessed.text.text()
    assert "densitometry 1.0.0, rule-based" in figures.provenance.text.text()


def test_nothing_is_cut_off_at_three_hundred_pixels(panel):
    widget = panel(analysed(AMBER))
    content = widget.figures.widget()
    assert content.minimumSizeHint().width() <= widget.figures.viewport().width()


def test_a_new_verdict_replaces_the_rows_of_the_old_one(panel):
    session = analysed(AMBER)
    widget = panel(session)
    assert [sign for sign, _ in widget.figures.fitness.rows] == ["!"]
    session.verdict.value = GREEN
    assert [sign for sign, _ in widget.figures.fitness.rows] == ["✓", "✓"]


def test_one_slice_has_a_percentage_and_no_grade(panel):
    session = analysed()
    whole = session.findings.value
    lungs, lesions = (
        LabelMap(one.array[20:21].copy(), VolumeGeometry((1, *one.geometry.shape[1:]), one.geometry.affine))
        for one in (whole.output.lungs, whole.output.lesions)
    )
    widget = panel(session)
    session.findings.value = replace(whole, output=replace(whole.output, lungs=lungs, lesions=lesions))
    headline = widget.figures.headline
    assert "of the lung in this slice" in headline.range.text()
    assert headline.grade.isHidden() and headline.scale.isHidden() and headline.floor.isHidden()
    assert "One slice, no grade" in widget.as_text() and "CT-" not in widget.as_text()
    session.findings.value = whole
    assert not headline.grade.isHidden() and "in this slice" not in headline.range.text()


def test_a_network_without_probability_says_yes_or_no_and_is_no_rule(panel):
    session = analysed()
    findings = session.findings.value
    learned = replace(findings.manifestations["ground_glass"], source="learned", probability=None)
    session.findings.value = replace(findings, manifestations={**findings.manifestations, "ground_glass": learned})
    present = {row[0]: row[4] for row in panel(session).figures.classes.table.texts()}
    assert present["Ground-glass"] == "yes" and present["Consolidation"].endswith("(rule)")
