"""The white-lung rule, the sensitivity range, the lesion list and the heat map's shares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.findings import Warning
from inference.labels import Lesion, Lung
from inference.quantification.assess import assess
from inference.quantification.definitions import AssessmentSettings
from inference.quantification.grades import rank
from inference.volume import Heatmap, VolumeGeometry
from tests.helpers import quantification_cases as cases


def _whitened(fraction, lesion, *, seed=None):
    """The right lung with a part (from below, or at random) turned to soft tissue that the system no longer finds."""
    lung = cases.lungs()
    cage = lung.copy()
    right = np.argwhere(lung == 1)
    if seed is not None:
        right = np.random.default_rng(seed).permutation(right)
    gone = tuple(right[: round(fraction * len(right))].T)
    lesion = lesion.copy()
    lung[gone] = lesion[gone] = 0
    volume = cases.volume_of(lung, lesion)
    return assess(volume, cases.output_of(volume, lung, lesion, rib_cage=cage)).severity


def test_nothing_is_said_while_the_lungs_fill_the_rib_cage():
    severity = _whitened(0.0, cases.lesions())
    assert severity.qualifier == "" and severity.withheld_reason == ""
    assert severity.possibly_missed_percent == {"right": 0, "left": 0}


def test_above_a_tenth_of_one_side_the_grade_is_at_least_and_not_before():
    lesion = np.zeros(cases.SHAPE, np.uint8)
    lesion[20:26, 3:19, 3:14] = Lesion.GROUND_GLASS
    assert _whitened(0.099, lesion).qualifier == ""
    severity = _whitened(0.12, lesion)
    assert (severity.qualifier, severity.grade) == ("at least", "CT-1")
    assert severity.possibly_missed_percent["right"] == pytest.approx(12, abs=0.1)
    assert severity.possibly_missed_percent["left"] == 0
    assert severity.possibly_missed_ml["right"] == pytest.approx(0.12 * 24 * 16 * 11 * cases.VOXEL_ML, rel=0.01)
    assert "12 % of the right side" in severity.withheld_reason


def test_a_white_lung_is_withheld_and_its_scores_with_it():
    severity = _whitened(1.0, cases.lesions())
    assert (severity.qualifier, severity.grade, severity.zone_score) == ("withheld", None, None)
    assert severity.worse_lung_grade is None
    assert "CT-3" in severity.withheld_reason


def test_a_missed_part_of_an_otherwise_clear_chest_is_withheld_not_at_least_zero():
    severity = _whitened(0.15, np.zeros(cases.SHAPE, np.uint8))
    assert (severity.qualifier, severity.grade) == ("withheld", None)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.0, 1.0),
    st.lists(st.floats(0.105, 1.0), min_size=1, max_size=4),
    st.booleans(),
)
def test_whitening_a_lung_never_lowers_the_grade(seed, density, fractions, at_random):
    lesion = (np.random.default_rng(seed).random(cases.SHAPE) < density).astype(np.uint8)
    ranks = []
    for fraction in [0.0, *sorted(fractions)]:
        severity = _whitened(fraction, lesion, seed=seed if at_random else None)
        ranks.append(rank(severity.grade, severity.qualifier))
    assert ranks == sorted(ranks)


def test_whitening_healthy_lung_by_any_amount_never_lowers_the_grade():
    lesion = np.zeros(cases.SHAPE, np.uint8)
    lesion[5:22, 4:18, 20:30] = Lesion.GROUND_GLASS
    severities = [_whitened(step / 50, lesion) for step in range(51)]
    ranks = [rank(severity.grade, severity.qualifier) for severity in severities]
    assert ranks == sorted(ranks) and ranks[0] < ranks[-1]


def test_fluid_and_airways_in_the_rib_cage_are_not_missed_lung():
    lung, lesion = cases.lungs(), np.zeros(cases.SHAPE, np.uint8)
    cage, airways = lung.copy(), np.zeros(cases.SHAPE, np.uint8)
    lung[2:8, :, :14] = 0
    lesion[2:5][cage[2:5] == 1] = Lesion.EFFUSION
    airways[5:8][cage[5:8] == 1] = 1
    volume = cases.volume_of(lung, lesion)
    severity = assess(volume, cases.output_of(volume, lung, lesion, rib_cage=cage, airways=airways)).severity
    assert severity.possibly_missed_percent["right"] == 0
    assert severity.qualifier == ""


def _drowned(side, *, air=0.0, lesion=None, cage=True, warned=()):
    """A side of which fluid claims all but a part (from below)."""
    lung = cases.lungs()
    lesion = np.zeros(cases.SHAPE, np.uint8) if lesion is None else lesion.copy()
    whole = lung.copy()
    own = np.argwhere(lung == side)
    under = tuple(own[round(air * len(own)) :].T)
    lesion[under] = Lesion.EFFUSION
    lung[under] = 0
    volume = cases.volume_of(lung, lesion)
    more = {"rib_cage": whole} if cage else {}
    warnings = tuple(Warning(code, "") for code in warned)
    return assess(volume, cases.output_of(volume, lung, lesion, warnings=warnings, **more)).severity


@pytest.mark.parametrize("cage", [True, False])
@pytest.mark.parametrize(("side", "name", "other"), [(1, "right", "left"), (2, "left", "right")])
def test_a_side_filled_by_fluid_makes_the_percentages_and_the_grade_at_least(side, name, other, cage):
    lesion = np.zeros(cases.SHAPE, np.uint8)
    lesion[10:16, 5:17, 4:12] = lesion[10:16, 5:17, 21:29] = Lesion.GROUND_GLASS
    severity = _drowned(side, lesion=lesion, cage=cage)
    assert severity.not_aerated == (name,)
    assert (severity.percentage_qualifier, severity.qualifier) == ("at least", "at least")
    assert severity.grade in ("CT-1", "CT-2") and f"the {name} side" in severity.withheld_reason
    assert severity.both.percentage == getattr(severity, other).percentage > 0.5
    assert severity.worse_lung is None, "the worse lung may be the one that nobody sees"


def test_fluid_of_a_whole_side_counts_for_that_side():
    severity = _drowned(1)
    voxels = 24 * 16 * 11
    assert severity.right.effusion_ml == pytest.approx(voxels * cases.VOXEL_ML)
    assert severity.left.effusion_ml == 0


def test_a_clear_lung_beside_a_side_filled_by_fluid_gets_no_grade_at_all():
    severity = _drowned(2)
    assert (severity.qualifier, severity.grade, severity.percentage_qualifier) == ("withheld", None, "at least")


def test_a_side_that_still_holds_air_keeps_its_percentages_unless_the_system_calls_it_airless():
    plain = _drowned(1, air=0.2)
    assert (plain.not_aerated, plain.percentage_qualifier) == ((), "")
    warned = _drowned(1, air=0.2, warned=["right_lung_not_aerated"])
    assert (warned.not_aerated, warned.percentage_qualifier) == (("right",), "at least")
    elsewhere = _drowned(1, air=0.2, warned=["left_lung_not_aerated"])
    assert elsewhere.not_aerated == (), "the left side holds no fluid"


def test_without_sides_the_rule_looks_at_the_whole_rib_cage():
    lung = cases.lungs()
    cage = lung.copy()
    lung[lung == 1] = 0
    volume = cases.volume_of(lung, lung * 0)
    output = cases.output_of(volume, lung, lung * 0, rib_cage=cage, sides_known=False)
    assert set(assess(volume, output).severity.possibly_missed_percent) == {"both"}


def test_without_a_rib_cage_nothing_is_said_of_missed_lung():
    volume, output = cases.thorax()
    severity = assess(volume, output).severity
    assert severity.possibly_missed_ml == {} and severity.qualifier == ""


def _cube(spacing, side=5, hu=-500):
    """A cube of ground-glass well inside one lung, on a grid of any spacing."""
    lung, lesion = np.zeros((20, 24, 28), np.uint8), np.zeros((20, 24, 28), np.uint8)
    lung[1:-1, 1:-1, 1:-1] = 1
    lesion[8 : 8 + side, 9 : 9 + side, 10 : 10 + side] = 1
    grid = VolumeGeometry(lung.shape, np.diag([spacing[2], spacing[1], spacing[0], 1.0]))
    array = np.full(lung.shape, -850, np.int16)
    array[lesion > 0] = hu
    volume = cases.volume_of(lung, lesion, geometry=grid, hu=array)
    severity = assess(volume, cases.output_of(volume, lung, lesion)).severity
    return severity.sensitivity, int(lung.astype(bool).sum())


@pytest.mark.parametrize(
    ("spacing", "grown"),
    [
        ((1.0, 1.0, 1.0), 6 * 25),
        ((2.0, 1.0, 1.0), 4 * 25 + 2 * 25 * 0.5),
        ((0.5, 1.0, 1.0), 4 * 25 + 2 * 2 * 25),
        ((0.8, 1.0, 1.0), 4 * 25 + 2 * 25 * 1.25),
        ((4.0, 4.0, 4.0), 6 * 25 * 0.25),
    ],
)
def test_a_margin_of_a_millimetre_counts_parts_of_voxels(spacing, grown):
    found, lung = _cube(spacing)
    assert found.high == pytest.approx(100 * (125 + grown) / lung, rel=1e-6)


def test_shrinking_takes_a_millimetre_from_every_face():
    found, lung = _cube((1.0, 1.0, 1.0))
    assert found.low == pytest.approx(100 * 27 / lung)


def test_growing_stays_in_the_lung():
    lung, lesion = cases.lungs(), cases.lungs().clip(0, 1)
    volume = cases.volume_of(lung, lesion)
    found = assess(volume, cases.output_of(volume, lung, lesion)).severity.sensitivity
    assert found.high == 100 and found.low < 100


def test_a_lesion_near_the_cut_off_depends_on_it():
    steady, lung = _cube((1.0, 1.0, 1.0), hu=-300)
    doubtful, _ = _cube((1.0, 1.0, 1.0), hu=-640)
    assert doubtful.low < 100 * 27 / lung <= steady.low + 1e-9
    assert {"ground-glass from -700 HU", "ground-glass from -600 HU"} <= set(doubtful.variations)


@pytest.mark.parametrize(("top", "near"), [(9, True), (11, False)])
def test_a_figure_near_a_bin_edge_is_flagged_and_a_clear_one_is_not(top, near):
    lung, lesion = cases.lungs(), np.zeros(cases.SHAPE, np.uint8)
    lesion[2:top] = Lesion.CONSOLIDATION
    volume = cases.volume_of(lung, lesion)
    findings = assess(volume, cases.output_of(volume, lung, lesion))
    assert findings.severity.grade == "CT-2"
    assert findings.severity.sensitivity.crosses_bin_edge is near
    assert ("near_bin_edge" in {warning.code for warning in findings.warnings}) is near


@pytest.mark.parametrize(("top", "near"), [(10, True), (12, False)])
def test_the_worse_lungs_own_grade_is_flagged_near_an_edge_of_its_own(top, near):
    lung, lesion = cases.lungs(), np.zeros(cases.SHAPE, np.uint8)
    lesion[:top][lung[:top] == Lung.LEFT] = Lesion.CONSOLIDATION
    volume = cases.volume_of(lung, lesion)
    findings = assess(volume, cases.output_of(volume, lung, lesion))
    severity = findings.severity
    assert severity.worse_lung == "left"
    assert severity.worse_lung_sensitivity.low > severity.sensitivity.high
    assert not severity.sensitivity.crosses_bin_edge
    said = {warning.code: warning.text for warning in findings.warnings}
    assert ("worse_lung_near_bin_edge" in said) is near, severity.worse_lung_sensitivity
    assert not near or "left" in said["worse_lung_near_bin_edge"]


def test_lesions_are_listed_by_size_and_small_ones_only_counted():
    lung, lesion = cases.lungs(), cases.lesions()
    lesion[15, 15, 10] = Lesion.GROUND_GLASS
    volume = cases.volume_of(lung, lesion)
    findings = assess(
        volume, cases.output_of(volume, lung, lesion), settings=AssessmentSettings(smallest_lesion_ml=0.05)
    )
    assert [(one.number, one.voxels, one.label, one.zone) for one in findings.lesions] == [
        (1, 315, Lesion.GROUND_GLASS, "right lower"),
        (2, 60, Lesion.UNCLASSIFIED, "left upper"),
    ]
    assert findings.severity.both.infected_voxels == 376
    first = findings.lesions[0]
    assert first.bounds == ((3, 8), (8, 17), (4, 11))
    assert first.area_mm2 == pytest.approx(63 * cases.PIXEL_MM2)
    assert first.mean_hu == pytest.approx((279 * -550 + 36 * -20) / 315)
    assert "small_lesions" in {warning.code for warning in findings.warnings}


def test_classes_that_touch_are_one_lesion_and_corners_touch():
    lung, lesion = cases.lungs(), np.zeros(cases.SHAPE, np.uint8)
    lesion[10:14, 5:9, 4:8] = Lesion.GROUND_GLASS
    lesion[14:18, 9:13, 8:12] = Lesion.CONSOLIDATION
    lesion[5:9, 14:17, 4:8] = Lesion.GROUND_GLASS
    volume = cases.volume_of(lung, lesion)
    findings = assess(volume, cases.output_of(volume, lung, lesion), settings=AssessmentSettings(smallest_lesion_ml=0))
    assert [one.voxels for one in findings.lesions] == [128, 48]


def test_a_lesions_centre_lies_in_the_lesion_even_if_it_is_a_ring():
    lung, lesion = cases.lungs(), np.zeros(cases.SHAPE, np.uint8)
    lesion[10:13, 5:17, 4:13] = Lesion.GROUND_GLASS
    lesion[10:13, 7:15, 6:11] = 0
    volume = cases.volume_of(lung, lesion)
    (ring,) = assess(volume, cases.output_of(volume, lung, lesion)).lesions
    k, j, i = np.rint(volume.geometry.to_index(ring.centre_lps_mm)).astype(int)
    assert lesion[k, j, i] == Lesion.GROUND_GLASS


def test_pools_of_fluid_are_listed_after_the_opacities():
    lung, lesion = cases.lungs(), cases.lesions()
    lesion[3:15, 19:21, 3:14] = Lesion.EFFUSION
    volume = cases.volume_of(lung, lesion)
    listed = assess(volume, cases.output_of(volume, lung, lesion)).lesions
    assert [one.label for one in listed] == [Lesion.GROUND_GLASS, Lesion.UNCLASSIFIED, Lesion.EFFUSION]
    assert listed[-1].voxels == 12 * 2 * 11 and listed[-1].zone is None
    assert [one.number for one in listed] == [1, 2, 3]


def test_share_of_heat_in_lesion_and_lung():
    volume, output = cases.thorax()
    heat = np.zeros(cases.SHAPE, np.float32)
    heat[5, 12, 7], heat[20, 10, 5], heat[0, 0, 0] = 0.5, 0.25, 0.25
    found = assess(volume, cases.output_of(volume, output.lungs.array, output.lesions.array,
                                           heatmap=Heatmap(heat, volume.geometry))).explanation  # fmt: skip
    assert (found.heat_in_lesion, found.heat_in_lung) == (0.5, 0.75)
    empty = Heatmap(heat * 0, volume.geometry)
    none = assess(volume, cases.output_of(volume, output.lungs.array, output.lesions.array, heatmap=empty))
    assert none.explanation.heat_in_lesion is None
