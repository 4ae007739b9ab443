"""``groundglass predict-images``: files, columns, sizes and exit codes."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.cli import main
from inference.commands.predict_images import COLUMNS
from inference.systems.covid_mtnet.steps import NAMES
from tests.helpers.learned import weights_in
from tests.helpers.phantoms import chest


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two slices that are no squares."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    case = chest(shape=(20, 90, 120), spacing_mm=(15.0, 3.4, 3.2))
    for name, k in (("a.png", 8), ("b.jpg", 12)):
        grey = np.clip((case.volume.array[k].astype(float) + 1024) / 2524 * 255, 0, 255)
        Image.fromarray(grey.astype(np.uint8)).save(folder / name)
    return folder


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "predictions.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def predict(folder: Path, out: Path, *options: str) -> int:
    return main(["predict-images", str(folder), "--out", str(out), "--device", "cpu", *options])


def test_slices_get_masks_of_their_own_size_and_a_row(pictures: Path, tmp_path: Path, tiny: Path) -> None:
    out = tmp_path / "out"
    assert predict(pictures, out, "--modality", "ct") == 0
    table = rows(out)
    assert tuple(table[0]) == COLUMNS
    assert [row["image"] for row in table] == ["a.png", "b.jpg"]
    assert {row["modality"] for row in table} == {"ct"}
    for row in table:
        stem = row["image"].split(".")[0]
        lung, lesion = (np.asarray(Image.open(out / f"{stem}_{mask}.png")) for mask in ("lung", "lesion"))
        assert lung.shape == lesion.shape == (90, 120)
        assert set(np.unique(lung)) <= {0, 255}
        assert lesion.max() <= 4
        assert 0 <= float(row["recognition"]) <= 1
        assert row["p_covid"] == ""
        infected = 100 * ((lesion > 0) & (lesion != 3) & (lung > 0)).sum() / (lung > 0).sum()
        assert float(row["percentage_of_infection"]) == pytest.approx(infected, rel=1e-4)


def test_xrays_get_four_classes_beside_lung_and_infection(pictures: Path, tmp_path: Path, tiny: Path) -> None:
    out = tmp_path / "out"
    assert predict(pictures, out, "--modality", "xray") == 0
    for row in rows(out):
        four = [float(row[f"p_{name}"]) for name in ("normal", "bacterial", "viral", "covid")]
        assert sum(four) == pytest.approx(1, abs=1e-4)
        assert row["modality"] == "xray"
        assert row["ground_glass"] == ""
    assert (out / "a_lung.png").is_file()


def test_system_that_only_recognises_xrays_writes_no_mask(pictures: Path, tmp_path: Path, tiny: Path) -> None:
    out = tmp_path / "out"
    assert predict(pictures, out, "--modality", "xray", "--system", "specialised-streams") == 0
    assert [path.name for path in out.iterdir()] == ["predictions.csv"]
    assert rows(out)[0]["percentage_of_infection"] == ""


def test_auto_says_what_it_took_a_picture_for(
    pictures: Path, tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(pictures, tmp_path / "out") == 0
    assert "a.png: taken for a" in capsys.readouterr().err


def test_picture_that_cannot_be_read_has_an_empty_row(
    pictures: Path, tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "c.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    assert predict(pictures, out, "--modality", "ct") == 0
    assert [value for name, value in rows(out)[2].items() if name != "image"] == [""] * (len(COLUMNS) - 1)
    assert "c.png" in capsys.readouterr().err


def test_without_weights_it_is_code_4_one_line_and_no_file(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with weights_in(tmp_path / "none"):
        assert predict(pictures, tmp_path / "out", "--modality", "ct") == 4
        assert predict(pictures, tmp_path / "out", "--modality", "ct", "--system", "jcs") == 4
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 2
    assert "jcs-recogniser-compact are missing" in said[1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("system", ["densitometry", "cascade-severity"])
def test_system_that_judges_no_xrays_says_so(
    system: str, pictures: Path, tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(pictures, tmp_path / "out", "--modality", "xray", "--system", system) == 4
    assert "judges no X-rays" in capsys.readouterr().err


@pytest.mark.parametrize("make", [lambda folder: None, lambda folder: folder.mkdir()])
def test_folder_without_pictures_is_bad_input(make: object, tmp_path: Path) -> None:
    assert callable(make)
    make(tmp_path / "empty")
    assert predict(tmp_path / "empty", tmp_path / "out") == 2


def test_pictures_that_would_share_a_mask_are_refused(pictures: Path, tmp_path: Path, tiny: Path) -> None:
    (pictures / "a.jpg").write_bytes((pictures / "b.jpg").read_bytes())
    assert predict(pictures, tmp_path / "out") == 2


def test_steps_are_pictures_in_the_order_of_the_paper(pictures: Path, tmp_path: Path, tiny: Path) -> None:
    steps = tmp_path / "steps"
    assert predict(pictures, tmp_path / "out", "--modality", "xray", "--steps", str(steps)) == 0
    names = [path.name for path in sorted(steps.iterdir())]
    assert names[:7] == [f"a_{name}.png" for name in NAMES] and len(names) == 14
    grey, lung = (np.asarray(Image.open(steps / f"a_{name}.png")) for name in NAMES[:2])
    assert grey.shape == lung.shape and set(np.unique(lung)) <= {0, 255}
    assert len(np.unique(grey)) > 20


def test_steps_without_weights_leave_no_folder_behind(pictures: Path, tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    with weights_in(tmp_path / "none"):
        assert predict(pictures, tmp_path / "out", "--modality", "xray", "--steps", str(steps)) == 4
    assert not steps.exists() and not (tmp_path / "out").exists()
