"""Conservation and counts: figures against sums made by hand on an asymmetric thorax."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.findings import ZONES, Warning
from inference.labels import Lesion, Lung
from inference.quantification.assess import assess
from inference.quantification.zones import thirds
from inference.volume import LabelMap, Units, Volume, VolumeGeometry
from tests.helpers import quantification_cases as cases
from tests.helpers.quantification_cases import PIXEL_MM2, VOXEL_ML


def test_percentage_is_infected_over_lung():
    volume, output = cases.thorax()
    both = assess(volume, output).severity.both
    infected = 5 * 9 * 7 + 3 * 4 * 5
    lung = 24 * 16 * 11 + 18 * 14 * 10
    assert (both.infected_voxels, both.lung_voxels) == (infected, lung)
    assert both.percentage == pytest.approx(100 * infected / lung)
    assert both.lung_ml == pytest.approx(lung * VOXEL_ML)


def test_right_and_left_and_zones_and_classes_add_up():
    volume, output = cases.thorax()
    findings = assess(volume, output)
    severity = findings.severity
    for field in ("lung_voxels", "infected_voxels"):
        total = getattr(severity.both, field)
        assert getattr(severity.right, field) + getattr(severity.left, field) == total
        assert sum(getattr(severity.zones[zone], field) for zone in ZONES) == total
        assert sum(getattr(severity.zones[zone], field) for zone in ZONES[:3]) == getattr(severity.right, field)
    classes = sum(findings.manifestations[name].volume_ml for name in ("ground_glass", "consolidation", "unclassified"))
    assert classes == pytest.approx(severity.both.infected_ml, rel=1e-12)
    assert sum(band.volume_ml for band in severity.compartments) == pytest.approx(severity.both.lung_ml, rel=1e-12)
    assert sum(severity.histogram[1]) == severity.both.lung_voxels
    assert sum(severity.opacity_histogram) == severity.both.infected_voxels
    assert sum(row.infected for row in findings.slices) == pytest.approx(severity.both.infected_voxels * PIXEL_MM2)


def test_zones_are_thirds_of_each_lungs_own_height():
    volume, output = cases.thorax()
    zones = assess(volume, output).severity.zones
    assert [zones[zone].lung_voxels for zone in ZONES] == [8 * 176] * 3 + [6 * 140] * 3
    assert {zone for zone in ZONES if zones[zone].infected_voxels} == {"right lower", "left upper"}


@given(st.integers(1, 60), st.integers(0, 9), st.integers(0, 9))
def test_thirds_cover_a_lung_and_turn_over_with_it(height, below, above):
    holds = np.array([False] * below + [True] * height + [False] * above)
    found = thirds(holds)
    assert ((found >= 0) == holds).all()
    assert (np.diff(found[holds]) >= 0).all()
    turned = thirds(holds[::-1])[::-1]
    assert (turned[holds] == 2 - found[holds]).all()
    sizes = np.bincount(found[holds], minlength=3)
    assert sizes.max() - sizes.min() <= 1


def test_percentage_is_zero_when_lesion_lies_outside_lung():
    lung, lesion = cases.lungs(), np.zeros(cases.SHAPE, np.uint8)
    lesion[10:20, 3:19, 14:20] = Lesion.CONSOLIDATION
    volume = cases.volume_of(lung, lesion)
    findings = assess(volume, cases.output_of(volume, lung, lesion))
    assert findings.severity.percentage_of_infection == 0
    assert findings.severity.grade == "CT-0"
    assert findings.lesions == ()
    assert not findings.output.lesions.array.any() and lesion.any()
    assert "opacity_outside_lung" in {warning.code for warning in findings.warnings}


@pytest.mark.parametrize(("slices", "unit"), [(1, "pixels"), (6, "voxels")])
def test_without_millimetres_a_picture_is_counted_in_pixels_and_a_stack_in_voxels(slices, unit):
    lung, lesion = cases.lungs()[10 : 10 + slices], np.zeros((slices, *cases.SHAPE[1:]), np.uint8)
    lesion[:, 3:7, 14:20] = Lesion.CONSOLIDATION
    outside = int(((lesion > 0) & (lung == 0)).sum())
    volume = cases.volume_of(lung, lesion, geometry=cases.geometry(lung.shape, spacing_known=False))
    findings = assess(volume, cases.output_of(volume, lung, lesion))
    said = {warning.code: warning.text for warning in findings.warnings}
    assert f"({outside} {unit})" in said["opacity_outside_lung"]


def test_effusion_is_neither_lung_nor_infection_even_where_the_lung_mask_covers_it():
    lung, lesion = cases.lungs(), cases.lesions()
    lesion[2:6, 15:19, 3:14] = Lesion.EFFUSION
    covered = int(((lung > 0) & (lesion == Lesion.EFFUSION)).sum())
    volume = cases.volume_of(lung, lesion)
    findings = assess(volume, cases.output_of(volume, lung, lesion))
    assert findings.severity.both.lung_voxels == int((lung > 0).sum()) - covered
    assert findings.manifestations["effusion"].volume_ml == pytest.approx((lesion == 3).sum() * VOXEL_ML)
    assert findings.manifestations["effusion"].percent_of_lung is None
    assert findings.manifestations["effusion"].mean_hu == pytest.approx(12)
    assert (
        findings.severity.right.effusion_ml == findings.severity.both.effusion_ml > findings.severity.left.effusion_ml
    )
    assert findings.output.lungs.array[lesion == Lesion.EFFUSION].sum() == 0
    assert int((findings.output.lungs.array > 0).sum()) == findings.severity.both.lung_voxels
    assert lung[3, 16, 5] == Lung.RIGHT, "the system's own mask was changed"


def test_airways_are_no_lung():
    airways = np.zeros(cases.SHAPE, np.uint8)
    airways[2:26, 10:12, 5:7] = 1
    volume, output = cases.thorax(airways=airways)
    assert assess(volume, output).severity.both.lung_voxels == 24 * 16 * 11 + 18 * 14 * 10 - 24 * 2 * 2


def test_densities_are_those_of_the_voxels():
    volume, output = cases.thorax()
    findings = assess(volume, output)
    inside, infected = output.lungs.array > 0, output.lesions.array > 0
    both = findings.severity.both
    assert both.mean_hu == pytest.approx(volume.array[inside].mean())
    assert both.sd_hu == pytest.approx(volume.array[inside].std())
    assert both.opacity_mean_hu == pytest.approx(volume.array[infected].mean())
    assert both.opacity_sd_hu == pytest.approx(volume.array[infected].std())
    assert both.pho == pytest.approx(100 * (3 * 4 * 3) / inside.sum())
    assert findings.manifestations["unclassified"].mean_hu == pytest.approx(-400)


def test_high_opacity_starts_at_minus_200_and_bands_at_their_lower_edge():
    lung, lesion = cases.lungs(), np.zeros(cases.SHAPE, np.uint8)
    lesion[10, 10, 5:8] = Lesion.GROUND_GLASS
    volume = cases.volume_of(lung, lesion)
    volume.array[lung > 0] = -800
    volume.array[10, 10, 5:8] = (-201, -200, -199)
    volume.array[12, 10, 5:11] = (-951, -950, -701, -700, -501, -500)
    severity = assess(volume, cases.output_of(volume, lung, lesion)).severity
    assert severity.both.high_opacity_ml == pytest.approx(2 * VOXEL_ML)
    rest = severity.both.lung_voxels - 9
    expected = {"emphysema": 1, "well aerated": rest + 2, "poorly aerated": 2, "dense": 4}
    assert {band.name: round(band.volume_ml / VOXEL_ML) for band in severity.compartments} == expected


def test_the_opacitys_own_share_of_each_band_stands_apart_from_the_lungs():
    lung, lesion = cases.lungs(), np.zeros(cases.SHAPE, np.uint8)
    lesion[10, 10, 5:9] = Lesion.GROUND_GLASS
    volume = cases.volume_of(lung, lesion)
    volume.array[lung > 0] = -600
    volume.array[10, 10, 5:9] = (-601, -400, -300, -200)
    bands = {band.name: band for band in assess(volume, cases.output_of(volume, lung, lesion)).severity.compartments}
    assert bands["poorly aerated"].percent_of_lung > 99
    assert {name: band.percent_of_opacity for name, band in bands.items()} == {
        "emphysema": 0, "well aerated": 0, "poorly aerated": 25, "dense": 75,
    }  # fmt: skip
    assert bands["dense"].opacity_ml == pytest.approx(3 * VOXEL_ML)
    healthy = assess(volume, cases.output_of(volume, lung, np.zeros(cases.SHAPE, np.uint8))).severity
    assert {band.percent_of_opacity for band in healthy.compartments} == {None}


def test_mean_over_slices_is_over_slices_that_hold_lung():
    volume, output = cases.thorax()
    findings = assess(volume, output)
    shares = []
    for lung, lesion in zip(output.lungs.array, output.lesions.array, strict=True):
        if lung.any():
            shares.append(100 * ((lesion > 0) & (lung > 0)).sum() / (lung > 0).sum())
    assert findings.severity.mean_over_slices == pytest.approx(np.mean(shares))
    assert findings.severity.mean_over_slices != pytest.approx(findings.severity.percentage_of_infection)
    assert [row.percent is None for row in findings.slices] == [not one.any() for one in output.lungs.array]
    assert [row.position_mm for row in findings.slices] == pytest.approx([-120 + 5 * k for k in range(30)])


def test_missing_slices_are_never_measured():
    volume, output = cases.thorax()
    gap = Volume(volume.array, volume.geometry, missing_slices=(4, 5))
    whole, findings = assess(volume, output), assess(gap, output)
    assert findings.severity.both.lung_voxels == whole.severity.both.lung_voxels - 2 * 176 - 140
    assert findings.severity.both.infected_voxels == whole.severity.both.infected_voxels - 2 * 63
    assert [row.index for row in findings.slices] == [k for k in range(30) if k not in (4, 5)]
    assert all(lesion.bounds[0][1] <= 4 or lesion.bounds[0][0] >= 6 for lesion in findings.lesions)
    assert "missing_slices" in {warning.code for warning in findings.warnings}


@pytest.mark.parametrize("padding", [-3024, -2000, None])
def test_padding_changes_no_figure(padding):
    volume, output = cases.thorax()
    padded = volume.array.copy()
    outside = np.zeros(cases.SHAPE, bool)
    outside[:, :, :3] = outside[:, :3, :] = outside[:2] = outside[26:] = True
    padded[outside] = -3024 if padding is None else padding
    other = Volume(padded, volume.geometry, padding_hu=padding)
    assert _figures(assess(other, output)) == _figures(assess(volume, output))


def test_padding_inside_the_lung_mask_is_not_lung():
    volume, output = cases.thorax()
    volume.array[20:24, 3:5, 3:14] = -3024
    severity = assess(volume, output).severity
    assert severity.both.lung_voxels == 24 * 16 * 11 + 18 * 14 * 10 - 4 * 2 * 11
    assert severity.both.mean_hu > -1000


def test_real_air_is_lung_even_if_the_header_pads_with_the_same_value():
    volume, output = cases.thorax()
    volume.array[20:24, 3:5, 3:14] = -1024
    padded = Volume(volume.array, volume.geometry, padding_hu=-1024)
    assert assess(padded, output).severity.both.lung_voxels == 24 * 16 * 11 + 18 * 14 * 10


def test_every_second_slice_moves_the_percentage_by_less_than_a_point():
    k, j, i = np.ogrid[:80, :40, :60]
    lung = np.zeros((80, 40, 60), np.uint8)
    lung[((k - 41) / 37.3) ** 2 + ((j - 20) / 17.6) ** 2 + ((i - 15) / 12.2) ** 2 < 1] = Lung.RIGHT
    lung[((k - 39) / 32.1) ** 2 + ((j - 19) / 16.4) ** 2 + ((i - 44) / 11.7) ** 2 < 1] = Lung.LEFT
    lesion = np.zeros(lung.shape, np.uint8)
    lesion[((k - 22) / 13.7) ** 2 + ((j - 27) / 8.3) ** 2 + ((i - 16) / 7.9) ** 2 < 1] = Lesion.GROUND_GLASS
    volume = cases.volume_of(lung, lesion)
    whole = assess(volume, cases.output_of(volume, lung, lesion)).severity
    for start in (0, 1):
        affine = volume.geometry.affine.copy()
        affine[:3, 2] *= 2
        part_lung, part_lesion = lung[start::2].copy(), lesion[start::2].copy()
        half = cases.volume_of(part_lung, part_lesion, geometry=VolumeGeometry(part_lung.shape, affine))
        part = assess(half, cases.output_of(half, part_lung, part_lesion)).severity
        assert 5 < whole.percentage_of_infection < 20
        assert abs(part.percentage_of_infection - whole.percentage_of_infection) < 1
        assert abs(part.mean_over_slices - whole.mean_over_slices) < 1
        assert part.grade == whole.grade


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.0), st.booleans())
def test_any_masks_are_conserved_and_every_share_lies_between_0_and_100(seed, density, scattered):
    rng = np.random.default_rng(seed)
    lung = (rng.random(cases.SHAPE) < 0.7).astype(np.uint8) * cases.lungs() if scattered else cases.lungs()
    lesion = np.where(rng.random(cases.SHAPE) < density, rng.integers(1, 5, cases.SHAPE), 0).astype(np.uint8)
    volume = cases.volume_of(lung, lesion)
    findings = assess(volume, cases.output_of(volume, lung, lesion))
    severity = findings.severity
    infected = (lung > 0) & np.isin(lesion, (1, 2, 4))
    assert severity.both.infected_voxels == infected.sum()
    assert severity.both.lung_voxels == ((lung > 0) & (lesion != 3)).sum()
    assert sum(zone.infected_voxels for zone in severity.zones.values()) == infected.sum()
    assert severity.right.lung_voxels + severity.left.lung_voxels == severity.both.lung_voxels
    if severity.percentage_of_infection is not None:
        assert 0 <= severity.sensitivity.low <= severity.percentage_of_infection <= severity.sensitivity.high <= 100


def test_an_empty_lung_gives_no_figures_and_says_so():
    lung = np.zeros(cases.SHAPE, np.uint8)
    volume = cases.volume_of(lung, lung)
    findings = assess(volume, cases.output_of(volume, lung, lung))
    severity = findings.severity
    assert severity.percentage_of_infection is None and severity.grade is None and severity.mean_over_slices is None
    assert severity.zone_score is None and severity.sensitivity is None and severity.histogram is None
    assert severity.worse_lung is None and severity.worse_lung_grade is None
    assert findings.lesions == () and len(findings.slices) == 30
    assert findings.warnings[0].code == "no_lung"


def test_one_lung_alone_is_the_worse_one():
    lung, lesion = cases.lungs(), cases.lesions()
    lung[lung == Lung.LEFT] = 0
    volume = cases.volume_of(lung, lesion)
    severity = assess(volume, cases.output_of(volume, lung, lesion)).severity
    assert severity.left.percentage is None and severity.worse_lung == "right"
    assert severity.zone_score is None and len(severity.zone_scores) == 3


def test_worse_lung_has_its_own_grade():
    lung, lesion = cases.lungs(), np.zeros(cases.SHAPE, np.uint8)
    lesion[8:20, 4:18, 20:30] = Lesion.GROUND_GLASS
    volume = cases.volume_of(lung, lesion)
    severity = assess(volume, cases.output_of(volume, lung, lesion)).severity
    share = severity.left.percentage
    assert share == pytest.approx(100 * 12 / 18)
    assert (severity.worse_lung, severity.worse_lung_grade, severity.grade) == ("left", "CT-3", "CT-1")


def test_without_hounsfield_units_there_are_no_densities():
    volume, output = cases.thorax()
    grey = Volume((volume.array % 256).astype(np.int16), volume.geometry, units=Units.GREY8)
    findings = assess(grey, output)
    severity = findings.severity
    assert severity.percentage_of_infection == assess(volume, output).severity.percentage_of_infection
    assert severity.compartments == () and severity.histogram is None and severity.opacity_histogram is None
    assert severity.both.mean_hu is None and severity.both.pho is None and severity.both.high_opacity_ml is None
    assert all(lesion.mean_hu is None for lesion in findings.lesions)
    assert not any("HU" in name for name in severity.sensitivity.variations)


def test_without_millimetres_there_are_no_millilitres():
    lung, lesion = cases.lungs(), cases.lesions()
    volume = cases.volume_of(lung, lesion, geometry=cases.geometry(spacing_known=False))
    findings = assess(volume, cases.output_of(volume, lung, lesion))
    assert findings.severity.both.lung_ml is None and findings.severity.both.infected_ml is None
    assert findings.manifestations["ground_glass"].volume_ml is None
    assert findings.manifestations["ground_glass"].percent_of_lung > 0
    assert all(one.volume_ml is None and one.area_mm2 is None for one in findings.lesions) and findings.lesions
    assert findings.slices[4].infected == 63
    assert findings.severity.grade == "CT-1"


@pytest.mark.parametrize("how", ["system", "orientation", "code"])
def test_without_sides_nothing_is_told_by_lung_or_zone(how):
    lung, lesion = cases.lungs(), cases.lesions()
    grid = cases.geometry(orientation_known=how != "orientation")
    if how == "code":
        lung[10, 10, 5] = Lung.SIDE_UNKNOWN
    volume = cases.volume_of(lung, lesion, geometry=grid)
    findings = assess(volume, cases.output_of(volume, lung, lesion, sides_known=how != "system"))
    severity = findings.severity
    assert severity.right is None and severity.left is None and severity.zones == {}
    assert severity.zone_score is None and severity.worse_lung is None
    assert all(lesion.zone is None for lesion in findings.lesions)
    assert all(row.right_percent is None for row in findings.slices)
    assert severity.both.infected_voxels == 5 * 9 * 7 + 3 * 4 * 5


def test_a_class_nobody_looked_for_has_no_figures_and_a_rule_no_probability():
    lung = cases.lungs()
    lesion = np.where(cases.lesions() == Lesion.UNCLASSIFIED, 0, cases.lesions()).astype(np.uint8)
    volume = cases.volume_of(lung, lesion)
    output = cases.output_of(volume, lung, lesion, probabilities={"ground_glass": 0.9})
    found = assess(volume, output).manifestations
    assert found["unclassified"].volume_ml is None and found["unclassified"].source is None
    assert found["effusion"].volume_ml == 0 and found["effusion"].source == "rule"
    assert found["ground_glass"].probability is None
    learned = cases.output_of(
        volume, lung, lesion, sources={"ground_glass": "learned"}, probabilities={"ground_glass": 0.9}
    )
    assert assess(volume, learned).manifestations["ground_glass"].probability == 0.9


def test_lobe_scores_need_a_lobe_map():
    volume, output = cases.thorax()
    assert assess(volume, output).severity.ct_severity_score is None
    lobes = np.zeros(cases.SHAPE, np.uint8)
    lobes[16:, :, :17], lobes[10:16, :, :17], lobes[:10, :, :17] = 1, 2, 3
    lobes[14:, :, 17:], lobes[:14, :, 17:] = 4, 5
    severity = assess(volume, output, lobes=LabelMap(lobes, volume.geometry)).severity
    lower = 100 * 315 / (8 * 176)
    upper = 100 * 60 / (9 * 140)
    assert 5 <= lower <= 25 and 0 < upper < 5
    assert (severity.ct_severity_score, severity.total_severity_score) == (3, 2)


def test_a_systems_own_warnings_come_first():
    own = Warning("prone", "The patient lies prone.")
    volume, output = cases.thorax(warnings=(own,))
    assert assess(volume, output).warnings[0] == own


def _figures(findings):
    return (findings.severity, findings.lesions, findings.slices, findings.manifestations)


def test_a_single_slice_has_shares_but_no_grade():
    lung, lesion = (mask[5:6].copy() for mask in (cases.lungs(), cases.lesions()))
    volume = cases.volume_of(lung, lesion)
    severity = assess(volume, cases.output_of(volume, lung, lesion)).severity
    assert severity.both.percentage == pytest.approx(100 * 9 * 7 / (16 * 11 + 14 * 10))
    assert severity.grade is None and severity.worse_lung_grade is None and severity.zone_score is None
    assert severity.sensitivity is None or not severity.sensitivity.crosses_bin_edge
    whole = assess(*cases.thorax()).severity
    assert whole.grade is not None and whole.worse_lung_grade is not None and whole.zone_score is not None
