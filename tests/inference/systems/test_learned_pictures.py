"""``groundglass predict-images``: files, columns, sizes and exit codes."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.cli import main
from inference.commands.predict_images import COLUMNS
from inference.systems import weights
from inference.systems.covid_mtnet.steps import NAMES
from inference.systems.shipping import enter
from inference.transforms.rendering import RENDERING_VERSION
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


@pytest.fixture
def film(pictures: Path) -> Path:
    """A film beside them."""
    rows, columns = np.mgrid[0:96, 0:120]
    Image.fromarray((rows + columns).astype(np.uint8)).save(pictures / "film.png")
    return pictures / "film.png"


@pytest.fixture
def own(shipped: Path, tmp_path: Path) -> Iterator[Path]:
    """Every tiny network, in a folder that a test may alter."""
    shutil.copytree(shipped, tmp_path / "weights")
    with weights_in(tmp_path / "weights") as folder:
        yield folder


def alter(folder: Path, name: str) -> None:
    file = folder / f"{name}.safetensors"
    file.write_bytes(file.read_bytes() + b"\0")


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
    assert "jcs-recogniser" in said[1] and said[1].endswith("are missing.")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("system", ["densitometry", "cascade-severity"])
def test_system_that_judges_no_xrays_says_so(
    system: str, pictures: Path, tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(pictures, tmp_path / "out", "--modality", "xray", "--system", system) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert "reads chest CT, not X-rays" in said.err
    assert not (tmp_path / "out").exists()


def test_film_among_slices_is_left_out_by_a_system_for_ct_and_named(
    pictures: Path, film: Path, tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("inference.systems.modality.looks_like_xray", lambda grey: grey.shape == (96, 120))
    out, steps = tmp_path / "out", tmp_path / "steps"
    assert predict(pictures, out, "--system", "jcs", "--steps", str(steps)) == 0
    first, second, last = rows(out)
    assert first["recognition"] and second["recognition"]
    assert last == {**dict.fromkeys(COLUMNS, ""), "image": "film.png"}
    assert not list(out.glob("film*")) and not list(steps.glob("film*"))
    said = capsys.readouterr()
    assert "film.png: Joint classification" in said.err and "not X-rays" in said.err
    assert said.out.splitlines() == [
        "CT slices are judged by jcs", "2 of 3 pictures judged (as CT slices: 2, as X-rays: 0)"
    ]  # fmt: skip


def test_weights_that_the_system_asked_for_lacks_are_code_4_for_the_whole_folder(
    pictures: Path, tmp_path: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alter(own, "jcs-recogniser-compact")
    assert predict(pictures, tmp_path / "out", "--modality", "ct", "--system", "jcs") == 4
    assert "jcs-recogniser-compact.safetensors does not have the hash" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_who_judges_what_is_said_once(
    pictures: Path, tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(pictures, tmp_path / "out", "--modality", "xray") == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == "X-rays are judged by covid-mtnet, their four classes by specialised-streams"
    assert said.err == ""
    assert predict(pictures, tmp_path / "out", "--modality", "ct") == 0
    assert capsys.readouterr().out.splitlines()[0] == "CT slices are judged by consensus"


@pytest.mark.parametrize(
    ("altered", "judge", "empty"),
    [("covid-mtnet-xray-lungs-compact", "specialised-streams", "percentage_of_infection"),
     ("specialised-streams-xray-recogniser-compact", "covid-mtnet", "p_covid")],
    ids=["another system judges", "nobody tells the classes"],
)  # fmt: skip
def test_altered_weights_for_films_are_named_once_and_what_they_gave_is_missing(
    altered: str, judge: str, empty: str, pictures: Path, tmp_path: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alter(own, altered)
    assert predict(pictures, tmp_path / "out", "--modality", "xray") == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == f"X-rays are judged by {judge}"
    assert said.err.count(f"{altered}.safetensors") == said.err.count("does not have the hash") == 1
    assert rows(tmp_path / "out")[0][empty] == ""


@pytest.mark.parametrize("deleted", [True, False])
def test_network_that_is_not_required_stops_no_picture(
    deleted: bool, pictures: Path, tmp_path: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "specialised-streams-recogniser-compact"
    if deleted:
        (own / f"{name}.safetensors").unlink()
    else:
        alter(own, name)
    assert predict(pictures, tmp_path / "out", "--modality", "ct") == 0
    assert all(row["percentage_of_infection"] for row in rows(tmp_path / "out"))
    assert capsys.readouterr().err.count(f"{name}.safetensors") == 1


def test_system_that_turns_out_not_to_run_makes_way_for_the_next(
    pictures: Path, tmp_path: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    enter(own, replace(weights.manifest()["cascade-severity-lesions-compact"], rendering=RENDERING_VERSION + 1))
    assert predict(pictures, tmp_path / "out", "--modality", "ct") == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == "CT slices are judged by jcs"
    assert "cascade-severity-lesions-compact" in said.err


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
