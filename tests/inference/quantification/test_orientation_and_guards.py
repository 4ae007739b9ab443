"""The same patient stored along other axes gives the same figures; masks that do not fit are refused."""

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest

from inference.errors import InputShapeError
from inference.labels import Lesion
from inference.quantification.assess import assess
from inference.volume import LabelMap, Reorientation
from tests.helpers import quantification_cases as cases

TURNS = [Reorientation(axes, flips) for axes in permutations(range(3)) for flips in product((False, True), repeat=3)]


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_figures_do_not_depend_on_how_the_array_is_stored(turn):
    volume, output = cases.thorax(rib_cage=cases.lungs())
    other, turned = cases.restored(volume, output, turn)
    expected, found = assess(volume, output), assess(other, turned)
    assert _close(found.severity.both, expected.severity.both)
    assert _close(found.severity.right, expected.severity.right)
    assert _close(found.severity.left, expected.severity.left)
    for zone, figures in expected.severity.zones.items():
        assert _close(found.severity.zones[zone], figures)
    assert found.severity.mean_over_slices == pytest.approx(expected.severity.mean_over_slices)
    assert found.severity.sensitivity.low == pytest.approx(expected.severity.sensitivity.low)
    assert found.severity.worse_lung == "right"
    for one, same in zip(found.lesions, expected.lesions, strict=True):
        assert one.centre_lps_mm == pytest.approx(same.centre_lps_mm)
        assert (one.zone, one.voxels, one.area_mm2) == (same.zone, same.voxels, pytest.approx(same.area_mm2))
        box = tuple(slice(*ends) for ends in one.bounds)
        assert (turned.lesions.array[box] > 0).sum() == one.voxels
        along = next(axis for axis, source in enumerate(turn.axes) if source == 0)
        peak = np.take(turned.lesions.array[box] > 0, one.peak_slice - one.bounds[along][0], axis=along)
        assert peak.sum() * cases.PIXEL_MM2 == pytest.approx(same.area_mm2)


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_slice_rows_follow_the_source_axis_from_feet_to_head(turn):
    volume, output = cases.thorax()
    expected = {round(row.position_mm): row.percent for row in assess(volume, output).slices}
    other, turned = cases.restored(volume, output, turn)
    along = next(axis for axis, source in enumerate(turn.axes) if source == 0)
    rows = assess(other, turned).slices
    assert [row.index for row in rows] == list(range(30))
    for row in rows:
        index = np.zeros(3)
        index[along] = row.index
        assert other.geometry.to_patient(index)[2] == pytest.approx(row.position_mm)
        assert expected[round(row.position_mm)] == pytest.approx(row.percent)


def test_mirroring_the_patient_swaps_the_sides():
    volume, output = cases.thorax()
    mirrored = volume.geometry.affine.copy()
    mirrored[0] *= -1
    grid = type(volume.geometry)(cases.SHAPE, mirrored, "1.2.3")
    lung = np.select([output.lungs.array == 1, output.lungs.array == 2], [2, 1]).astype(np.uint8)
    other = replace(volume, geometry=grid)
    before = assess(volume, output).severity
    after = assess(other, cases.output_of(other, lung, output.lesions.array)).severity
    assert _close(after.right, before.left) and _close(after.left, before.right)
    assert after.worse_lung == "left"
    assert after.zones["left lower"].infected_voxels == before.zones["right lower"].infected_voxels > 0


def test_fluid_is_given_to_the_side_it_lies_on():
    lung, lesion = cases.lungs(), np.zeros(cases.SHAPE, np.uint8)
    lesion[5:9, 18:20, 20:30] = Lesion.EFFUSION
    volume = cases.volume_of(lung, lesion)
    severity = assess(volume, cases.output_of(volume, lung, lesion)).severity
    assert severity.left.effusion_ml == pytest.approx(80 * cases.VOXEL_ML)
    assert severity.right.effusion_ml == 0


def test_a_mask_on_another_grid_is_refused():
    volume, output = cases.thorax()
    affine = volume.geometry.affine.copy()
    affine[0, 3] += 0.5
    shifted = LabelMap(output.lesions.array, type(volume.geometry)(cases.SHAPE, affine, "1.2.3"))
    with pytest.raises(InputShapeError, match="lesions mask does not lie on the grid"):
        assess(volume, replace(output, lesions=shifted))


def test_a_mask_of_another_frame_of_reference_is_refused():
    volume, output = cases.thorax()
    elsewhere = LabelMap(output.lungs.array, replace(volume.geometry, frame_of_reference_uid="9.9"))
    with pytest.raises(InputShapeError, match="lungs mask"):
        assess(volume, replace(output, lungs=elsewhere))


@pytest.mark.parametrize(("name", "code"), [("lungs", 4), ("lesions", 5), ("rib_cage", 7)])
def test_a_code_that_does_not_exist_is_refused(name, code):
    volume, output = cases.thorax()
    array = np.zeros(cases.SHAPE, np.uint8)
    array[3, 3, 3] = code
    with pytest.raises(InputShapeError, match=f"code {code}"):
        assess(volume, replace(output, **{name: LabelMap(array, volume.geometry)}))


def _close(one, other):
    for field, value in vars(other).items():
        assert getattr(one, field) == (value if value is None else pytest.approx(value)), field
    return True
