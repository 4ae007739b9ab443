"""Each case as files on the disk, through ``scan`` and ``load``: the verdict a reader gets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.errors import SeriesError
from inference.io.open import load, scan
from inference.io.study import LoadedSeries, SeriesInfo
from inference.io.verdict import from_lungs
from inference.verdict import Colour
from tests.helpers.mutate import Images, lungs_of, main, phantom, write
from tests.helpers.shared_data import shared_data
from tests.helpers.verdict_cases import CASES, INPUTS
from tests.helpers.verdict_judged import codes


@pytest.fixture(scope="module")
def images() -> Images:
    return phantom()[0]


def only_series(folder: Path) -> SeriesInfo:
    (info,) = scan(folder).series
    return info


def opened(images: Images, folder: Path) -> LoadedSeries:
    return load(only_series(write(images, folder)))


@pytest.mark.parametrize("name", CASES)
def test_folder_gets_exactly_the_rows_of_its_case(name: str, images: Images, tmp_path: Path) -> None:
    case = CASES[name]
    loaded = opened(case.make(images), tmp_path)
    assert codes(loaded.verdict) == set(case.rows), loaded.verdict.sentence()
    assert loaded.verdict.colour is case.colour
    for private in (".dcm", "MUTATED", str(tmp_path)):
        assert private not in loaded.verdict.sentence()
    if case.lung_rows is not None:
        final = from_lungs(loaded.verdict, loaded.volume, lungs_of(loaded.volume))
        assert codes(final) == set(case.lung_rows)


@pytest.mark.parametrize("name", ["shuffled", "duplicated", "duplicated_and_shuffled"])
def test_order_and_copies_of_files_change_no_voxel(name: str, images: Images, tmp_path: Path) -> None:
    plain = opened(images, tmp_path / "plain").volume
    other = opened(CASES[name].make(images), tmp_path / "other").volume
    assert np.array_equal(plain.array, other.array)
    assert plain.geometry == other.geometry


def test_padding_changes_no_voxel_of_the_lung(images: Images, tmp_path: Path) -> None:
    plain = opened(images, tmp_path / "plain").volume
    padded = opened(CASES["padded_3024"].make(images), tmp_path / "padded").volume
    lungs = lungs_of(plain)
    assert np.array_equal(lungs, lungs_of(padded))
    assert np.array_equal(plain.array[lungs > 0], padded.array[lungs > 0])


def test_slices_of_other_size_are_a_series_of_their_own(images: Images, tmp_path: Path) -> None:
    mixed = [replace(image, hu=image.hu[:-3]) if n < 30 else image for n, image in enumerate(images)]
    assert sorted(info.slices for info in scan(write(mixed, tmp_path)).series) == [30, 70]


# --- folders that are hardly series


@pytest.mark.parametrize("name", ["text_named_dcm", "empty", "zip_bomb"])
def test_folder_without_images_gives_one_sentence(name: str, images: Images, tmp_path: Path) -> None:
    INPUTS[name](images, tmp_path / name)
    path = tmp_path / name
    with pytest.raises(SeriesError) as error:
        scan(path / "bomb.zip" if name == "zip_bomb" else path)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)


def test_truncated_file_is_told_and_its_slice_is_missing(images: Images, tmp_path: Path) -> None:
    INPUTS["truncated"](images, tmp_path)
    study = scan(tmp_path)
    assert len(study.problems) == 1
    assert "cut short" in study.problems[0].text
    assert codes(study.series[0].verdict) <= {"gap_outside_lung"}
    assert study.series[0].slices == len(images) - 1


def test_three_thousand_files_become_their_thirty_series(images: Images, tmp_path: Path) -> None:
    INPUTS["three_thousand_files"](images, tmp_path)
    study = scan(tmp_path)
    assert study.files_seen == 3000
    assert [info.slices for info in study.series] == [100] * 30


# --- the script


def test_script_writes_the_cases_named(tmp_path: Path) -> None:
    assert main(["phantom", str(tmp_path), "nineteen_slices", "empty"]) == 0
    assert len(list((tmp_path / "nineteen_slices").iterdir())) == 19
    assert list((tmp_path / "empty").iterdir()) == []


def test_script_refuses_a_case_that_it_does_not_know(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phantom", str(tmp_path), "no_such_case"]) == 2
    assert "tilt_20" in capsys.readouterr().out


# --- real images


@pytest.mark.parametrize(
    ("series", "colour", "rows"),
    [
        ("covid-P001", Colour.GREEN, set()),
        ("normal-001", Colour.GREEN, set()),
        ("cap-001", Colour.AMBER, {"lossy"}),
    ],
)
def test_real_series_get_their_colour(series: str, colour: Colour, rows: set[str]) -> None:
    loaded = load(only_series(shared_data() / "covid-ct-md" / series))
    assert codes(loaded.verdict) == rows, loaded.verdict.sentence()
    assert loaded.verdict.colour is colour
    assert "hounsfield" in loaded.verdict.checks_passed
