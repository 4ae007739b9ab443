"""Air, lungs, files without DICOM headers, and the published page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.errors import InputShapeError
from inference.io.air import air_hu
from inference.io.verdict import CHECKS, TABLE, describe, from_grid, from_lungs, from_voxels
from inference.io.verdict_table import table_markdown
from inference.verdict import Colour, Verdict
from inference.volume import Units, Volume, VolumeGeometry
from tests.helpers.mutate import lungs_of, phantom
from tests.helpers.phantoms import Chest, chest
from tests.helpers.verdict_cases import CASES, cropped_columns
from tests.helpers.verdict_judged import codes

GRID = np.diag([2.0, 2.0, 3.0, 1.0])


@pytest.fixture(scope="module")
def case() -> Chest:
    return chest(shape=(60, 56, 72), spacing_mm=(5.0, 5.5, 5.4))


def changed(case: Chest, array: object, **more: object) -> Volume:
    volume = case.volume
    values = {"units": volume.units, "patient_position": "HFS", **more}
    return Volume(np.asarray(array).astype(np.int16), volume.geometry, **values)  # type: ignore[arg-type]


# --- air


def test_air_of_a_chest_is_that_outside_the_body(case: Chest) -> None:
    assert air_hu(case.volume) == pytest.approx(-1000, abs=5)


@pytest.mark.parametrize(("offset", "expected"), [(1024, 24), (-1024, -1900), (200, -800), (-150, -1150)])
def test_wrong_intercept_is_seen_in_the_air(case: Chest, offset: int, expected: int) -> None:
    volume = changed(case, case.volume.array.astype(int) + offset)
    air = air_hu(volume)
    assert air == pytest.approx(expected, abs=150)
    assert codes(from_voxels(Verdict(), volume)) == {"not_hounsfield"}


@pytest.mark.parametrize("offset", [-60, 60])
def test_small_miscalibration_is_let_pass(case: Chest, offset: int) -> None:
    assert not codes(from_voxels(Verdict(), changed(case, case.volume.array + offset)))


@pytest.mark.parametrize("padding", [-3024, -2000, -1500])
def test_padding_is_no_air(case: Chest, padding: int) -> None:
    array = np.where(case.body, case.volume.array, padding)
    air = air_hu(changed(case, array))
    assert air is not None
    assert -1050 < air < -850


def test_padding_value_named_by_the_header_is_no_air(case: Chest) -> None:
    array = np.where(case.body, case.volume.array, -1200)
    assert codes(from_voxels(Verdict(), changed(case, array, padding_hu=-1200))) == set()
    assert codes(from_voxels(Verdict(), changed(case, array))) == {"not_hounsfield"}


def test_trachea_is_judged_where_a_body_mask_has_blanked_the_outside(case: Chest) -> None:
    array = np.where(case.body, case.volume.array, 0)
    assert codes(from_voxels(Verdict(), changed(case, array))) == set()


@pytest.mark.parametrize("fill", [0, -1000, 40])
def test_constant_volume_holds_no_air(case: Chest, fill: int) -> None:
    verdict = from_voxels(Verdict(), changed(case, np.full(case.volume.array.shape, fill)))
    assert codes(verdict) == {"not_hounsfield"}


def test_air_is_the_same_in_any_orientation() -> None:
    turned = chest(shape=(60, 56, 72), spacing_mm=(5.0, 5.5, 5.4), code="PSR").volume
    assert air_hu(turned) == pytest.approx(-1000, abs=5)


def test_missing_slices_do_not_count_as_air(case: Chest) -> None:
    array = case.volume.array.astype(int) + 1024
    array[10:40] = -1000
    volume = changed(case, array, missing_slices=tuple(range(10, 40)))
    assert codes(from_voxels(Verdict(), volume)) == {"not_hounsfield"}


def test_eight_bit_volume_is_not_judged_by_its_air(case: Chest) -> None:
    grey = changed(case, np.clip(case.volume.array // 8 + 128, 0, 255), units=Units.GREY8)
    before = Verdict()
    assert from_voxels(before, grey) is before


def test_unknown_units_are_not_hounsfield(case: Chest) -> None:
    assert codes(from_voxels(Verdict(), changed(case, case.volume.array, units=Units.UNKNOWN))) == {"not_hounsfield"}


# --- lungs


def with_gap(case: Chest, *missing: int) -> Verdict:
    volume = changed(case, case.volume.array, missing_slices=missing)
    return from_lungs(Verdict(), volume, case.lungs)


def lung_slices(case: Chest) -> tuple[int, int]:
    held = np.flatnonzero(np.count_nonzero(case.lungs, axis=(1, 2)) > 20)
    return int(held[0]), int(held[-1])


def test_gap_between_and_at_the_lungs_is_red_and_one_beyond_amber(case: Chest) -> None:
    _, top = lung_slices(case)
    clear = np.flatnonzero(np.count_nonzero(case.lungs, axis=(1, 2)))[-1] + 1
    assert codes(with_gap(case, 30)) == {"gap_in_lung"}
    assert codes(with_gap(case, top)) == {"gap_in_lung"}
    assert codes(with_gap(case, int(clear))) == {"gap_in_lung"}
    assert codes(with_gap(case, int(clear) + 1)) == {"gap_outside_lung"}
    assert codes(with_gap(case, 0)) == {"gap_outside_lung"}


def test_lung_that_a_system_invents_on_a_missing_slice_counts_for_nothing(case: Chest) -> None:
    lungs = case.lungs.copy()
    lungs[1] = 1
    volume = changed(case, case.volume.array, missing_slices=(1,))
    assert codes(from_lungs(Verdict(), volume, lungs)) == {"gap_outside_lung"}


def test_no_lung_and_little_lung_are_not_a_chest(case: Chest) -> None:
    empty = np.zeros_like(case.lungs)
    assert codes(from_lungs(Verdict(), case.volume, empty)) == {"not_a_chest"}
    few = empty.copy()
    voxels = int(499 / case.volume.geometry.voxel_ml)
    few[20:40].reshape(-1)[:voxels] = 1
    assert "not_a_chest" in codes(from_lungs(Verdict(), case.volume, few))


def test_gap_that_hides_every_lung_is_red_for_the_gap(case: Chest) -> None:
    volume = changed(case, case.volume.array, missing_slices=(30,))
    assert codes(from_lungs(Verdict(), volume, np.zeros_like(case.lungs))) == {"gap_in_lung"}


def test_recess_on_the_last_slice_is_no_cut_and_more_is_one(case: Chest) -> None:
    largest = int(np.count_nonzero(case.lungs, axis=(1, 2)).max())
    for share, expected in ((0.04, set()), (0.06, {"field_of_view"})):
        lungs = case.lungs.copy()
        lungs[0].reshape(-1)[: int(share * largest)] = 1
        lungs[0] = np.roll(lungs[0], (20, 20), axis=(0, 1))
        assert codes(from_lungs(Verdict(), case.volume, lungs)) == expected


def test_half_a_litre_of_lung_is_a_chest(case: Chest) -> None:
    lungs = np.zeros_like(case.lungs)
    side = int(np.ceil((520 / case.volume.geometry.voxel_ml) ** (1 / 3)))
    lungs[25 : 25 + side, 20 : 20 + side, 30 : 30 + side] = 2
    assert codes(from_lungs(Verdict(), case.volume, lungs)) == set()


def test_eight_bit_slices_are_not_measured_in_millilitres(case: Chest) -> None:
    grey = changed(case, np.clip(case.volume.array // 8 + 128, 0, 255), units=Units.GREY8)
    lungs = np.zeros_like(case.lungs)
    lungs[30, 20:30, 20:30] = 1
    assert codes(from_lungs(Verdict(), grey, lungs)) == set()


def test_mask_of_another_shape_is_refused(case: Chest) -> None:
    with pytest.raises(InputShapeError, match="does not fit"):
        from_lungs(Verdict(), case.volume, case.lungs[1:])


def test_whole_lungs_are_not_cut(case: Chest) -> None:
    verdict = from_lungs(Verdict(), case.volume, case.lungs)
    assert codes(verdict) == set()
    assert {"chest", "field"} <= set(verdict.checks_passed)


def test_narrow_field_cuts_the_lung() -> None:
    images, lungs = phantom()
    left = cropped_columns(images)
    hu = np.stack([image.hu for image in CASES["field_cuts_sides"].make(images)]).astype(np.int16)
    affine = np.diag([images[0].pixel_spacing[1], images[0].pixel_spacing[0], 3.0, 1.0])
    volume = Volume(hu, VolumeGeometry(hu.shape, affine))
    assert codes(from_lungs(Verdict(), volume, lungs[:, :, left:-left].copy())) == {"field_of_view"}


def test_padding_against_the_lung_cuts_it(case: Chest) -> None:
    array = case.volume.array.copy()
    array[:, :, :22] = -2000
    verdict = from_lungs(Verdict(), changed(case, array), np.where(array > -1500, case.lungs, 0).astype(np.uint8))
    assert codes(verdict) == {"field_of_view"}


def test_round_field_of_constant_corners_cuts_the_lung() -> None:
    y, x = np.mgrid[-47.5:48, -47.5:48]
    array = np.full((60, 96, 96), -1000, np.int16) + np.arange(96, dtype=np.int16)
    array[:, np.hypot(y, x) > 48] = -1024
    volume = Volume(array, VolumeGeometry(array.shape, np.diag([3.0, 3.0, 4.0, 1.0])))
    inner, outer = np.zeros(array.shape, np.uint8), np.zeros(array.shape, np.uint8)
    inner[10:40, np.hypot(y, x + 15) < 25] = 1
    outer[10:40, (np.hypot(y, x + 25) < 25) & (np.hypot(y, x) <= 48)] = 1
    assert codes(from_lungs(Verdict(), volume, inner)) == set()
    assert codes(from_lungs(Verdict(), volume, outer)) == {"field_of_view"}


@pytest.mark.parametrize("end", ["lowest", "highest"])
def test_scan_that_ends_within_the_lung_says_where(case: Chest, end: str) -> None:
    part = slice(25, None) if end == "lowest" else slice(None, 35)
    array, lungs = case.volume.array[part], case.lungs[part]
    volume = Volume(array, VolumeGeometry(array.shape, case.volume.geometry.affine))
    verdict = from_lungs(Verdict(), volume, lungs)
    assert codes(verdict) == {"field_of_view"}
    assert end in verdict.sentence()


def test_stand_in_for_a_system_finds_the_lungs(case: Chest) -> None:
    found, true = lungs_of(case.volume) > 0, case.lungs > 0
    assert (found & true).sum() > 0.8 * true.sum()


# --- files without DICOM headers


@pytest.mark.parametrize("kind", ["nifti", "nrrd", "metaimage"])
def test_files_without_headers_are_amber_and_assume_supine(kind: str) -> None:
    verdict = from_grid(kind, VolumeGeometry((60, 64, 64), GRID))  # type: ignore[arg-type]
    assert codes(verdict) == {"thickness_unknown", "position_unknown"}
    assert verdict.colour is Colour.AMBER
    assert "supine assumed" in verdict.sentence()


def test_picture_is_amber_and_no_position_row_applies() -> None:
    geometry = VolumeGeometry((1, 64, 64), np.eye(4), orientation_known=False, spacing_known=False)
    verdict = from_grid("image", geometry, Units.GREY8)
    assert codes(verdict) == {"eight_bit", "orientation_unknown", "spacing_unknown"}
    assert verdict.colour is Colour.AMBER


def test_nifti_without_orientation_shows_no_sides() -> None:
    verdict = from_grid("nifti", VolumeGeometry((60, 64, 64), GRID, orientation_known=False))
    assert "orientation_unknown" in codes(verdict)
    assert verdict.may_measure


def test_nifti_of_few_slices_is_red_along_the_body_whatever_axis_that_is() -> None:
    sagittal_first = np.array([[0, 0, 3.0, 0], [2.0, 0, 0, 0], [0, 2.0, 0, 0], [0, 0, 0, 1.0]])
    assert "few_slices" in codes(from_grid("nifti", VolumeGeometry((64, 19, 64), sagittal_first)))
    assert "few_slices" not in codes(from_grid("nifti", VolumeGeometry((10, 64, 64), sagittal_first)))


@pytest.mark.parametrize(("degrees", "code"), [(12, "tilt"), (35, "off_axial"), (0.5, None)])
def test_oblique_nifti_is_judged_like_an_oblique_series(degrees: float, code: str | None) -> None:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1.0]])
    found = codes(from_grid("nifti", VolumeGeometry((60, 64, 64), turn @ GRID))) & {"tilt", "off_axial"}
    assert found == ({code} if code else set())


def test_eight_bit_nifti_gives_percentages_only_and_unknown_values_nothing() -> None:
    geometry = VolumeGeometry((60, 64, 64), GRID)
    assert from_grid("nifti", geometry, Units.GREY8).may_measure
    assert "not_hounsfield" in codes(from_grid("nifti", geometry, Units.UNKNOWN))


# --- the published table


def test_published_page_is_up_to_date() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "verdict.md"
    assert page.read_text() == table_markdown(), "run: python -m inference.io.verdict_table > docs/verdict.md"


def test_codes_are_unique_and_described() -> None:
    names = [row.code for row in TABLE]
    assert len(names) == len(set(names))
    assert not set(names) & set(CHECKS)
    for row in TABLE:
        assert row.colour in (Colour.AMBER, Colour.RED)
        assert row.check in CHECKS
        assert describe(row.code) == row.description
        assert row.help.endswith(".")


def test_checks_are_described_in_words_that_hold() -> None:
    assert describe("complete") == "No slice missing"
    assert describe("something else") == "something else"
