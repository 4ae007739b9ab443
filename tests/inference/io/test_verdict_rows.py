"""Every row of the published table, by its name, on a series made for it; and near it, one that must not call it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.io.open import load, scan
from inference.io.slices import arrange
from inference.io.verdict import CHECKS, TABLE, from_headers
from inference.io.verdict_table import ROWS
from inference.verdict import Colour
from tests.helpers.mutate import Images, header, phantom, write
from tests.helpers.verdict_cases import CASES
from tests.helpers.verdict_judged import codes, judge, judge_with_lungs


@pytest.fixture(scope="module")
def images() -> Images:
    return phantom()[0]


@pytest.mark.parametrize("name", CASES)
def test_case_calls_exactly_its_rows(name: str, images: Images) -> None:
    case = CASES[name]
    verdict, _ = judge(case.make(images))
    assert codes(verdict) == set(case.rows), verdict.sentence()
    assert verdict.colour is case.colour


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.lung_rows is not None])
def test_case_calls_exactly_its_rows_once_the_lungs_are_known(name: str, images: Images) -> None:
    case = CASES[name]
    verdict, volume = judge(case.make(images))
    final = judge_with_lungs(verdict, volume)
    assert codes(final) == set(case.lung_rows or ()), final.sentence()
    assert not any(reason.provisional for reason in final.reasons)
    assert final.colour is max((ROWS[code].colour for code in case.lung_rows or ()), default=Colour.GREEN)


def test_every_row_on_dicom_series_has_a_case() -> None:
    tried = {code for case in CASES.values() for code in (*case.rows, *(case.lung_rows or ()))}
    of_other_files = {"eight_bit", "orientation_unknown", "spacing_unknown"}
    assert {row.code for row in TABLE} - of_other_files == tried


def test_every_reason_has_the_colour_and_help_of_its_row(images: Images) -> None:
    for case in CASES.values():
        for reason in judge(case.make(images))[0].reasons:
            assert (reason.colour, reason.help) == (ROWS[reason.code].colour, ROWS[reason.code].help)


def test_clean_series_passes_every_check(images: Images) -> None:
    verdict, volume = judge(images)
    assert judge_with_lungs(verdict, volume).checks_passed == tuple(CHECKS)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.rows])
def test_a_check_that_failed_is_not_listed_as_passed(name: str, images: Images) -> None:
    verdict, _ = judge(CASES[name].make(images))
    assert not {ROWS[code].check for code in CASES[name].rows} & set(verdict.checks_passed)


def test_air_is_not_vouched_for_before_the_voxels_are_read(images: Images) -> None:
    headers = [header(image) for image in images]
    assert "hounsfield" not in from_headers(headers, arrange(headers)).checks_passed


def test_gap_is_provisional_until_the_lungs_are_known(images: Images) -> None:
    verdict, _ = judge(CASES["dropped_in_lung"].make(images))
    assert [reason.provisional for reason in verdict.reasons] == [True]
    assert verdict.may_measure


def test_sentences_give_the_numbers(images: Images) -> None:
    verdict, _ = judge(CASES["thickness_5_mm"].make(images))
    assert "Slice thickness 5.0 mm differs from spacing 2.0 mm" in verdict.sentence()


def test_uneven_spacing_is_told_in_millimetres_with_gaps_taken_out(images: Images) -> None:
    step = images[1].z - images[0].z
    moved = CASES["uneven_15_percent"].make(images)
    near, far = 0.85 * step, 1.15 * step
    words = f"Unevenly spaced slices, {near:.3g} to {far:.3g} mm apart"
    assert words in judge(moved)[0].sentence()
    holed = [image for n, image in enumerate(moved) if n not in (len(moved) - 4, len(moved) - 5)]
    assert words in judge(holed)[0].sentence()


def test_no_sentence_repeats_a_contrast_agents_name(images: Images) -> None:
    changed = [image.tagged(ContrastBolusAgent="Mr Smith's own") for image in images]
    assert "Smith" not in judge(changed)[0].sentence()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("THORAX C+ 1.0 mm", True), ("CTA chest", True), ("Chest venous phase", True), ("Thorax post KM", True),
        ("Chest without contrast", False), ("Thorax nativ, KM-frei", False), ("Chest non-contrast", False),
        ("Lung 1.0 posterior", False), ("", False),
    ],
)  # fmt: skip
def test_contrast_named_only_in_the_description_makes_a_series_amber(images: Images, words: str, named: bool) -> None:
    verdict = judge([image.tagged(SeriesDescription=words) for image in images])[0]
    assert ("contrast_enhanced" in codes(verdict)) is named
    assert verdict.colour is (Colour.AMBER if named else Colour.GREEN)
    assert "venous" not in verdict.sentence()


def test_the_description_is_read_from_the_files(images: Images, tmp_path: Path) -> None:
    write([image.tagged(SeriesDescription="THORAX C+") for image in images], tmp_path)
    assert "contrast_enhanced" in codes(load(scan(tmp_path).series[0]).verdict)


def test_slices_in_any_order_give_the_same_volume(images: Images) -> None:
    plain, shuffled = judge(images)[1], judge(CASES["duplicated_and_shuffled"].make(images))[1]
    assert np.array_equal(plain.array, shuffled.array)
    assert plain.geometry == shuffled.geometry


def test_slice_numbers_do_not_change_the_order(images: Images) -> None:
    reverse = [replace(image, number=-image.number) for image in images]
    assert arrange([header(i) for i in reverse]).order == arrange([header(i) for i in images]).order
