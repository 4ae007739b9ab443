"""``groundglass analyse`` on a single picture: a film is read as an X-ray, a slice as CT, and each by what can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image

from inference.cli import main
from inference.systems import weights as stored
from tests.helpers.learned import CASCADE, FILMS, ship_tiny, weights_in, write_film
from tests.helpers.phantoms import chest, write_dicom


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    ship_tiny(folder, *FILMS, *CASCADE, threshold=0.01)
    return folder


@pytest.fixture
def installed(made: Path) -> Iterator[Path]:
    with weights_in(made):
        yield made


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "film.png")


@pytest.fixture
def piece(tmp_path: Path) -> Path:
    """A CT slice as a picture."""
    pixels = chest(shape=(20, 90, 120), spacing_mm=(15.0, 3.4, 3.2)).volume.array[8].astype(float)
    file = tmp_path / "slice.png"
    Image.fromarray(np.clip((pixels + 1024) / 2524 * 255, 0, 255).astype(np.uint8)).save(file)
    return file


def analysed(study: Path, *options: str) -> tuple[int, dict[str, Any]]:
    out = study.parent / "out"
    code = main(["analyse", str(study), "--out", str(out), "--device", "cpu", *options])
    document = out / "findings.json"
    return code, json.loads(document.read_text("utf-8")) if document.is_file() else {}


def test_film_is_read_as_an_xray_by_all_that_read_them_and_has_no_grade(
    film: Path, installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = analysed(film)
    said = capsys.readouterr()
    assert code == 0 and said.out.startswith("X-ray: ") and "CT-" not in said.out
    assert "taken for an X-ray" in said.err
    assert [reason["code"] for reason in document["geometry"]["reasons"]] == ["xray"]
    assert document["system"]["name"] == "covid-mtnet + specialised-streams"
    assert document["system"]["fallback_reason"] is None
    severity = document["severity"]
    assert severity["percentage_of_infection"] is not None and severity["grade"] is None
    assert severity["both"]["lung_ml"] is None and severity["per_zone"] is None and severity["per_lung"] is None
    mask = nibabel.load(film.parent / "out" / "lungs.nii.gz")
    assert sorted(mask.shape) == [1, 96, 120]  # type: ignore[attr-defined]
    assert {"report.pdf", "key-image.png"} <= {path.name for path in (film.parent / "out").iterdir()}


def test_system_that_reads_films_reads_one_alone(film: Path, installed: Path) -> None:
    code, document = analysed(film, "--system", "covid-mtnet")
    assert code == 0 and document["system"]["name"] == "covid-mtnet"
    assert document["severity"]["grade"] is None


@pytest.mark.parametrize("system", ["cascade-severity", "densitometry"])
def test_system_that_reads_no_films_says_so_in_one_sentence(
    system: str, film: Path, installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analysed(film, "--system", system) == (2, {})
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert "taken for an X-ray" in said.err and "reads chest CT, not X-rays" in said.err


def test_altered_reader_is_left_out_and_both_places_say_why(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ship_tiny(tmp_path / "weights", *FILMS, threshold=0.01)
    file = tmp_path / "weights" / "covid-mtnet-xray-lungs-compact.safetensors"
    file.write_bytes(file.read_bytes() + b"\0")
    with weights_in(tmp_path / "weights"):
        code, document = analysed(film)
    assert code == 0 and document["system"]["name"] == "specialised-streams"
    assert file.name in document["system"]["fallback_reason"]
    assert file.name in capsys.readouterr().err


def test_without_weights_for_films_it_is_code_4(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with weights_in(tmp_path / "none"):
        assert analysed(film) == (4, {})
    assert "No system can read this X-ray" in capsys.readouterr().err


def test_slice_stays_a_slice_and_the_reader_has_the_last_word(piece: Path, film: Path, installed: Path) -> None:
    code, document = analysed(piece, "--system", "cascade-severity")
    assert code == 0 and document["severity"]["both"]["percentage"] is not None
    assert {reason["code"] for reason in document["geometry"]["reasons"]} != {"xray"}
    assert analysed(piece, "--modality", "xray")[1]["system"]["name"].startswith("covid-mtnet")
    assert analysed(film, "--modality", "ct")[1]["system"]["name"] == "consensus"


def test_comparison_on_a_film_is_ignored_and_said(film: Path, installed: Path) -> None:
    code, document = analysed(film, "--agreement")
    assert code == 0 and "agreement_unavailable" in {warning["code"] for warning in document["warnings"]}


def test_film_from_a_hospital_is_known_by_its_header(tmp_path: Path, installed: Path) -> None:
    study = tmp_path / "study"
    volume = chest(shape=(1, 90, 120), spacing_mm=(15.0, 3.4, 3.2)).volume
    write_dicom(volume, study, tags={"Modality": "DX"})
    code, document = analysed(study)
    assert code == 0 and [reason["code"] for reason in document["geometry"]["reasons"]] == ["xray"]


def test_volume_is_no_xray_whatever_is_said(
    tmp_path: Path, installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study"
    write_dicom(chest(shape=(24, 48, 64), spacing_mm=(12.0, 6.0, 6.0)).volume, study)
    assert analysed(study, "--modality", "xray") == (2, {})
    assert "single" in capsys.readouterr().err


@pytest.mark.parametrize("damaged", [False, True])
def test_slice_without_learned_weights_is_code_4_and_says_what_is_missing(
    damaged: bool, piece: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    if damaged:
        (folder / stored.MANIFEST).write_text('{"format": 1, "weights": [{"name"')
    with weights_in(folder):
        assert analysed(piece) == (4, {})
        assert analysed(piece, "--system", "densitometry") == (2, {})
    default, asked = capsys.readouterr().err.strip().splitlines()
    assert "weights" in default and ("damaged" if damaged else "missing") in default
    assert "Hounsfield units" in default and "Hounsfield units" in asked
