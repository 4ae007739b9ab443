"""A figure leads to a picture that holds what it counts, however the volume is stored."""

import numpy as np
import pytest

from inference.findings import ZONES
from inference.labels import INFECTED, Lesion, Lung
from inference.volume import LabelMap
from tests.helpers.severity_session import analysed, opened, voxel
from viewer.operations import showing
from viewer.operations.preliminary import preliminary, preliminary_slices
from viewer.state.session import Masks, Session

GRIDS = [("HFS", None), ("FFP", None), ("HFS", "RAI"), ("HFS", "SLP")]


@pytest.mark.parametrize(("position", "code"), GRIDS)
@pytest.mark.parametrize("label", [Lesion.GROUND_GLASS, Lesion.CONSOLIDATION, Lesion.EFFUSION])
def test_a_class_is_shown_on_a_voxel_of_it(position, code, label):
    session = analysed(position=position, code=code)
    assert showing.show_class(session, label)
    assert session.findings.value.output.lesions.array[voxel(session)] == label


@pytest.mark.parametrize(("position", "code"), GRIDS)
@pytest.mark.parametrize("side", [Lung.RIGHT, Lung.LEFT])
def test_opacity_of_a_side_is_shown_in_that_lung(position, code, side):
    session = analysed(position=position, code=code)
    output = session.findings.value.output
    assert showing.show_infected(session, side)
    assert output.lungs.array[voxel(session)] == side
    assert output.lesions.array[voxel(session)] in INFECTED
    x, _, _ = session.crosshair.value
    middle = session.loaded.value.volume.geometry.centre[0]
    assert (x < middle) == (side is Lung.RIGHT)


@pytest.mark.parametrize(("position", "code"), GRIDS)
@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_is_shown_inside_it(position, code, zone):
    session = analysed(position=position, code=code)
    assert showing.show_infected(session, zone=zone)
    side, third = zone.split()
    wanted = Lung.RIGHT if side == "right" else Lung.LEFT
    lungs = session.findings.value.output.lungs
    assert lungs.array[voxel(session)] == wanted
    heights = lungs.geometry.to_patient(np.argwhere(lungs.array == wanted))[:, 2]
    share = (session.crosshair.value[2] - heights.min()) / (heights.max() - heights.min())
    low = {"lower": 0, "middle": 1, "upper": 2}[third] / 3
    assert low - 0.05 <= share <= low + 1 / 3 + 0.05


def test_a_density_band_is_shown_on_such_a_voxel_of_lung():
    session = analysed()
    assert showing.show_band(session, -700, -500)
    assert -700 <= session.loaded.value.volume.array[voxel(session)] < -500
    assert session.findings.value.output.lungs.array[voxel(session)] > 0
    assert showing.show_band(session, -200, None, in_opacity=True)
    assert session.loaded.value.volume.array[voxel(session)] >= -200
    assert session.findings.value.output.lesions.array[voxel(session)] in INFECTED


@pytest.mark.parametrize("side", [Lung.RIGHT, Lung.LEFT])
def test_dense_opacity_of_a_side_is_shown_in_that_lung(side):
    session = analysed()
    other = Lung.LEFT if side is Lung.RIGHT else Lung.RIGHT
    assert showing.show_infected(session, other), "the nearest slice is one of the other lung"
    assert showing.show_band(session, -200, None, side, in_opacity=True)
    assert session.findings.value.output.lungs.array[voxel(session)] == side
    assert session.loaded.value.volume.array[voxel(session)] >= -200


def test_a_band_that_no_voxel_has_moves_nothing():
    session = analysed()
    before = session.crosshair.value
    assert not showing.show_band(session, 3000, 3050)
    assert session.crosshair.value == before


def test_missed_lung_is_shown_where_nothing_claims_the_rib_cage():
    session = analysed()
    assert not showing.show_missed(session, None), "there is no rib cage yet"
    output = session.findings.value.output
    cage = output.lungs.array.copy()
    cage[output.lesions.array == Lesion.EFFUSION] = Lung.LEFT
    k = int(np.argmax((cage == Lung.RIGHT).sum(axis=(1, 2))))
    cage[k, 2:18, 2:18] = Lung.RIGHT
    session = analysed(rib_cage=LabelMap(cage, output.lungs.geometry))
    assert showing.show_missed(session, Lung.RIGHT)
    assert voxel(session)[0] == k
    assert session.findings.value.output.lungs.array[voxel(session)] == 0


def test_a_lesion_is_shown_at_its_centre_and_an_unknown_one_is_not():
    session = analysed()
    lesion = session.findings.value.lesions[1]
    assert showing.show_lesion(session, lesion.number)
    assert session.crosshair.value == pytest.approx(lesion.centre_lps_mm)
    assert not showing.show_lesion(session, 999)


def test_nothing_is_shown_without_findings():
    for session in (Session(), opened()):
        before = session.crosshair.value
        assert not showing.show_infected(session)
        assert not showing.show_class(session, Lesion.GROUND_GLASS)
        assert not showing.show_band(session, None, None)
        assert not showing.show_lesion(session, 1)
        assert session.crosshair.value == before


def test_rough_figures_of_whole_masks_are_near_the_true_ones():
    session = analysed()
    severity = session.findings.value.severity
    rough = preliminary(session.masks.value, session.loaded.value.volume.geometry)
    assert rough.right_ml == pytest.approx(severity.right.lung_ml, rel=0.05)
    assert rough.left_ml == pytest.approx(severity.left.lung_ml, rel=0.05)
    assert rough.percent == pytest.approx(severity.percentage_of_infection, abs=1.5)


def test_there_are_no_rough_figures_before_any_lung():
    geometry = opened().loaded.value.volume.geometry
    assert preliminary(Masks(), geometry) is None
    assert preliminary(Masks(lungs=np.zeros(geometry.shape, np.uint8)), geometry) is None


@pytest.mark.parametrize(("position", "code"), GRIDS)
def test_rough_rows_of_the_slices_are_near_the_true_ones(position, code):
    session = analysed(position=position, code=code)
    rough = preliminary_slices(session.masks.value, session.loaded.value.volume)
    true = {row.index: row for row in session.findings.value.slices}
    assert [row.index for row in sorted(rough, key=lambda row: row.index)] == sorted(true)
    for row in rough:
        assert row.position_mm == pytest.approx(true[row.index].position_mm)
        assert (row.percent or 0) == pytest.approx(true[row.index].percent or 0, abs=4)
    assert max(row.percent or 0 for row in rough) > 10


def test_a_slice_without_opacity_so_far_has_no_rough_percentage():
    session = analysed()
    masks, volume = session.masks.value, session.loaded.value.volume
    rows = preliminary_slices(Masks(masks.lungs, np.zeros_like(masks.lesions)), volume)
    assert any(row.lung for row in rows) and all(row.percent is None for row in rows)
    assert preliminary_slices(Masks(), volume) == ()
    assert preliminary_slices(Masks(np.zeros_like(masks.lungs)), volume) == ()
    assert preliminary_slices(Masks(masks.lungs[1:], masks.lesions[1:]), volume) == ()
