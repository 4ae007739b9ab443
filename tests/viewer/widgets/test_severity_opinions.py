"""Opinions on the panel: named after their target, agreement with its colours, an X-ray without what it has not."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from inference.explanation.sanity import HeatShares, misplaced
from inference.findings import Agreement, Explanation, Findings, Recognition, Warning
from inference.labels import Lesion
from inference.pipeline.xray import without_ct_figures
from inference.volume import Heatmap, LabelMap
from tests.helpers.severity_session import analysed, found, opened, voxel
from viewer.operations import showing
from viewer.state.layers import AGREEMENT, AGREEMENT_COLOURS
from viewer.state.session import Session
from viewer.widgets.figure_label import FigureLabel
from viewer.widgets.layer_panel import LayerPanel
from viewer.widgets.severity_panel import SeverityPanel

OPINION = Recognition("covid_against_other", 0.934, True, "Positive over 0.5.", 41)


def with_output(findings: Findings, **changes: object) -> Findings:
    return replace(findings, output=replace(findings.output, **changes))


def shown(qtbot, findings: Findings) -> SeverityPanel:
    session = opened()
    widget = SeverityPanel(session)
    qtbot.addWidget(widget)
    session.findings.value = findings
    return widget


def agreement(systems: int = 4) -> Agreement:
    lesions = found().output.lesions
    marks = (lesions.array > 0).astype(np.uint8)
    marks[np.argmax(marks.sum(axis=(1, 2)))] *= systems
    names = tuple(f"system {n}" for n in range(systems))
    return Agreement(
        LabelMap(marks, lesions.geometry), names, dict.fromkeys(names, 12.34), {"system 0 / system 1": 0.31},
        {"one": 0.7, "some": 0.1, "all": 0.2}, {"jcs": "weights missing: recogniser"},
    )  # fmt: skip


def test_recogniser_is_named_after_its_target_and_promises_no_diagnosis(qtbot):
    section = shown(qtbot, with_output(found(), recognition=OPINION)).figures.recognition
    assert section.target.text() == "Pattern like the COVID cases it was trained on"
    assert section.opinion.text() == "0.93 · present"
    assert "41" in section.rule.text() and "0.5" in section.rule.text()


def test_rules_have_no_recognition_section(qtbot):
    assert shown(qtbot, found()).figures.recognition.isHidden()


def test_each_manifestation_has_its_probability_even_where_a_rule_drew_the_mask(qtbot):
    findings = with_output(found(), probabilities={"ground_glass": 0.97, "effusion": 0.04})
    section = shown(qtbot, findings).figures.recognition
    assert section.table.texts() == [["Ground-glass", "0.97"], ["Effusion", "0.04"]]


def test_heat_that_lies_elsewhere_is_said_before_any_figure(qtbot):
    heat = Heatmap(np.ones(found().output.lungs.array.shape, np.float32), found().output.lungs.geometry, "covid")
    findings = with_output(found(), heatmap=heat, recognition=OPINION)
    warned = replace(findings, warnings=(*findings.warnings, Warning("heat_elsewhere", "Only 9 % of the heat.")))
    figures = shown(qtbot, warned).figures
    assert "Only 9 %" in figures.alarms.text() and not figures.alarms.isHidden()
    assert "Only 9 %" not in figures.notes.text.text(), "said once"
    assert shown(qtbot, found()).figures.alarms.isHidden()


def test_agreement_counts_systems_names_who_is_missing_and_wears_the_colours_of_the_map(qtbot):
    section = shown(qtbot, with_output(found(), agreement=agreement())).figures.agreement
    assert section._heading.text() == "AGREEMENT   4 of 5 systems"
    assert ["Mean Dice of the pairs", "0.31"] in section.systems.texts()
    assert section.shares.texts() == [["one system alone", "70.0 %"], ["some", "10.0 %"], ["all 4", "20.0 %"]]
    assert "weights missing" in section.left_out.text()
    assert all(f"rgb{colour}" in section.legend.text() for colour in AGREEMENT_COLOURS[:4])
    assert f"rgb{AGREEMENT_COLOURS[4]}" not in section.legend.text()
    assert shown(qtbot, found()).figures.agreement.isHidden()


def test_share_of_all_systems_leads_to_the_slice_that_proves_it():
    session = analysed()
    session.findings.value = with_output(found(), agreement=agreement())
    marks = session.findings.value.output.agreement.marks.array
    assert showing.show_marks(session, 4, 4)
    assert marks[voxel(session)] == 4
    assert not showing.show_marks(session, 3, 3)


def test_layer_of_agreement_appears_with_its_legend_only_after_a_comparison(qtbot):
    session = opened()
    panel = LayerPanel(session)
    qtbot.addWidget(panel)
    assert panel.rows[AGREEMENT].isHidden()
    session.show_findings(with_output(found(), agreement=agreement(3)))
    session.layers.change(AGREEMENT, visible=True)
    row = panel.rows[AGREEMENT]
    assert not row.isHidden() and not row._legend.isHidden()
    assert row._legend.text().count("■") == 3
    assert "place of the classes" in panel._hint.text()
    session.layers.change(AGREEMENT, visible=False)
    assert panel._hint.isHidden() and row._legend.isHidden()


@pytest.fixture
def film() -> Findings:
    classes = {"normal": 0.1, "bacterial": 0.2, "viral": 0.1, "covid": 0.6}
    return without_ct_figures(with_output(found(), classes=classes, recognition=OPINION))


def test_xray_shows_share_and_classes_and_hides_grade_volumes_and_zones(qtbot, film):
    panel = shown(qtbot, film)
    figures = panel.figures
    assert "lung field" in figures.headline.range.text()
    hidden = (figures.headline.grade, figures.headline.scale, figures.regions, figures.zones, figures.classes,
              figures.density, figures.missed, figures.lesions)  # fmt: skip
    assert all(widget.isHidden() for widget in hidden)
    assert figures.recognition.table.texts()[0] == ["Like the COVID cases", "0.60"]
    text = panel.as_text()
    assert "ml" not in text and "CT-" not in text.replace("CT grade", "")


def test_panel_comes_back_whole_with_the_next_ct(qtbot, film):
    session: Session = opened()
    widget = SeverityPanel(session)
    qtbot.addWidget(widget)
    session.findings.value = film
    session.findings.value = found()
    figures = widget.figures
    assert not any(
        one.isHidden() for one in (figures.headline.grade, figures.regions, figures.classes, figures.lesions)
    )


def test_a_click_on_a_probability_goes_to_its_class_and_on_the_opinion_to_the_heat(qtbot):
    output = found().output
    heat = np.zeros(output.lungs.array.shape, np.float32)
    hottest = (5, 40, 60)
    heat[hottest] = 1.0
    map_ = Heatmap(heat, output.lungs.geometry, "covid")
    probabilities = {"effusion": 0.9, "unclassified": 0.1}
    findings = with_output(found(), recognition=OPINION, probabilities=probabilities, heatmap=map_)
    findings = replace(findings, explanation=Explanation(0.7, 0.9))
    session = opened()
    widget = SeverityPanel(session)
    qtbot.addWidget(widget)
    session.show_findings(findings)
    section = widget.figures.recognition
    qtbot.mouseClick(section.table.cell(0, 0), Qt.MouseButton.LeftButton)
    assert output.lesions.array[voxel(session)] == Lesion.EFFUSION
    for number in (section.opinion, section.heat, section.table.cell(1, 0)):
        session.look_at(output.lungs.geometry.centre)
        qtbot.mouseClick(number, Qt.MouseButton.LeftButton)
        assert voxel(session) == hottest, number.text()


def test_a_click_on_a_systems_share_or_their_dice_goes_to_what_is_marked(qtbot):
    session = opened()
    widget = SeverityPanel(session)
    qtbot.addWidget(widget)
    compared = agreement()
    session.show_findings(with_output(found(), agreement=compared))
    systems = widget.figures.agreement.systems
    qtbot.mouseClick(systems.cell(0, 0), Qt.MouseButton.LeftButton)
    assert compared.marks.array[voxel(session)] > 0
    qtbot.mouseClick(systems.cell(len(systems.texts()) - 1, 0), Qt.MouseButton.LeftButton)
    assert 1 <= compared.marks.array[voxel(session)] < 4, "where they disagree"


def test_every_number_that_is_not_nothing_leads_to_a_picture(qtbot):
    heat = Heatmap(np.ones(found().output.lungs.array.shape, np.float32), found().output.lungs.geometry, "covid")
    findings = with_output(found(), recognition=OPINION, probabilities={"ground_glass": 0.97}, heatmap=heat,
                           agreement=agreement())  # fmt: skip
    figures = shown(qtbot, replace(findings, explanation=Explanation(0.7, 0.9))).figures
    cells = [cell for cell in figures.findChildren(FigureLabel) if not cell.isHidden()]
    numbers = [cell for cell in cells if re.search(r"[1-9]", cell.text())]
    assert len(numbers) > 40
    assert [cell.text() for cell in numbers if not cell.property("clickable")] == []


def test_opinion_whose_heat_lies_elsewhere_is_named_in_the_alarm_and_marked_where_it_stands(qtbot):
    heat = Heatmap(np.ones(found().output.lungs.array.shape, np.float32), found().output.lungs.geometry, "covid")
    findings = replace(
        with_output(found(), heatmap=heat, recognition=OPINION),
        explanation=Explanation(heat_in_lesion=0.02, heat_in_lung=0.18),
    )
    warning = misplaced(HeatShares(0.18, 0.02))
    figures = shown(qtbot, replace(findings, warnings=(*findings.warnings, warning))).figures
    assert "do not trust the opinion under RECOGNITION" in figures.alarms.text()
    assert figures.recognition.opinion.text() == "▲ 0.93 · present"
    assert "outside the lung" in figures.recognition.opinion.toolTip()
    assert figures.recognition.opinion.property("doubtful")
    beside = Warning("heat_beside_opacities", "Only 2 % of the heat map's heat lies in the opacities.")
    figures = shown(qtbot, replace(findings, warnings=(*findings.warnings, beside))).figures
    assert "Only 2 % of the heat lies in the opacities" in figures.alarms.text()
    assert "in the opacities" in figures.recognition.opinion.toolTip() and figures.recognition.opinion.property(
        "doubtful"
    )
    trusted = shown(qtbot, findings).figures.recognition
    assert trusted.opinion.text() == "0.93 · present" and not trusted.opinion.property("doubtful")


def test_alarm_of_a_system_without_an_opinion_names_none(qtbot):
    warned = replace(found(), warnings=(*found().warnings, misplaced(HeatShares(0.18, 0.02))))
    assert "RECOGNITION" not in shown(qtbot, warned).figures.alarms.text()


def test_covid_keeps_its_capitals_inside_a_sentence(qtbot):
    findings = with_output(found(), recognition=OPINION, opinions={"specialised-streams": OPINION})
    text = shown(qtbot, findings).figures.recognition.others.text()
    assert text == "specialised-streams: pattern like the COVID cases it was trained on 0.93 · present"
