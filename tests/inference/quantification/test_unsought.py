"""What a system did not look for makes no study look mild."""

from dataclasses import replace

import numpy as np
import pytest

from inference.labels import Lesion
from inference.quantification.assess import assess
from inference.report import wording
from tests.helpers import quantification_cases as cases

BOTH = {"ground_glass": "learned", "consolidation": "learned"}


def findings_of(sources, lesion=None, *, segmented=True, missed=False):
    lung = cases.lungs()
    lesion = cases.lesions() if lesion is None else lesion
    volume = cases.volume_of(lung, lesion)
    cage = lung.copy()
    if missed:
        lung[:, :, :14] = lesion[:, :, :14] = 0
    output = cases.output_of(volume, lung, lesion, rib_cage=cage)
    return assess(volume, replace(output, sources=sources, segmented=segmented))


@pytest.mark.parametrize("sources", [BOTH, {"unclassified": "learned"}, {**BOTH, "effusion": "rule"}])
def test_a_system_that_looks_for_every_opacity_is_not_qualified(sources):
    severity = findings_of(sources).severity
    assert (severity.qualifier, severity.percentage_qualifier, severity.unsought) == ("", "", ())


@pytest.mark.parametrize("missing", ["consolidation", "ground_glass"])
def test_a_class_that_is_not_looked_for_makes_every_figure_a_lower_bound(missing):
    findings = findings_of({name: how for name, how in BOTH.items() if name != missing})
    severity = findings.severity
    assert (severity.qualifier, severity.percentage_qualifier, severity.unsought) == (
        "at least",
        "at least",
        (missing,),
    )
    assert missing.replace("_", "-") in severity.withheld_reason
    assert wording.infection(severity, severity.both).startswith("at least ")
    assert wording.infection(severity, severity.left, "left").startswith("at least ")
    assert wording.grade(severity).startswith("at least ")
    assert "not_all_was_looked_for" in {warning.code for warning in findings.warnings}


def test_nothing_found_by_a_system_that_leaves_a_class_out_is_no_grade():
    severity = findings_of({"ground_glass": "learned"}, np.zeros(cases.SHAPE, np.uint8)).severity
    assert (severity.qualifier, severity.grade) == ("withheld", None)


def test_the_white_lung_rule_speaks_besides():
    severity = findings_of({"ground_glass": "learned"}, missed=True).severity
    assert severity.qualifier in {"at least", "withheld"}
    assert "Possibly missed lung" in severity.withheld_reason


def test_a_study_that_was_not_segmented_has_no_percentage_and_no_grade_anywhere():
    findings = findings_of({}, np.zeros(cases.SHAPE, np.uint8), segmented=False)
    severity = findings.severity
    assert severity.both.lung_ml and severity.both.percentage is None and severity.both.infected_ml is None
    assert (severity.grade, severity.qualifier, severity.mean_over_slices) == (None, "withheld", None)
    assert (severity.sensitivity, severity.zone_score, severity.zone_scores) == (None, None, {})
    assert all(one.percentage is None for one in (severity.right, severity.left, *severity.zones.values()))
    assert all(one.percent is None and one.right_percent is None for one in findings.slices)
    assert any(one.lung for one in findings.slices)
    assert wording.grade(severity) == "grade withheld"
    assert Lesion.GROUND_GLASS.key in findings.manifestations


def test_a_rib_cage_that_nobody_looked_for_is_told():
    lung, lesion = cases.lungs(), cases.lesions()
    volume = cases.volume_of(lung, lesion)
    codes = {warning.code for warning in assess(volume, cases.output_of(volume, lung, lesion)).warnings}
    assert "missed_lung_unknown" in codes
    known = assess(volume, cases.output_of(volume, lung, lesion, rib_cage=lung))
    assert "missed_lung_unknown" not in {warning.code for warning in known.warnings}
