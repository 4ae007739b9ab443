"""``groundglass`` on what hospitals, mail programs and other people's disks really hand over: one sentence, one code.

Not as a function but as the user's own process, so that nothing a library prints slips through.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.phantoms import chest, write_dicom

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("robust") / "ct"
    write_dicom(chest(disease="right", shape=(40, 72, 96), spacing_mm=(7.5, 4.2, 4.0)).volume, folder)
    return folder


def groundglass(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "inference", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def truncated_file(folder: Path, series: Path) -> Path:
    whole = next(series.iterdir()).read_bytes()
    (folder / "px-4471.dcm").write_bytes(whole[: len(whole) // 3])
    return folder / "px-4471.dcm"


def folder_of_truncated_files(folder: Path, series: Path) -> Path:
    for path in series.iterdir():
        (folder / path.name).write_bytes(path.read_bytes()[:700])
    return folder


def text_file(folder: Path, series: Path) -> Path:
    (folder / "letter.dcm").write_text("Dear colleague,\n" * 99)
    return folder / "letter.dcm"


def empty_file(folder: Path, series: Path) -> Path:
    (folder / "nothing.dcm").touch()
    return folder / "nothing.dcm"


def empty_folder(folder: Path, series: Path) -> Path:
    return folder


def zip_bomb(folder: Path, series: Path) -> Path:
    block = bytes(1 << 20)
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for n in range(4):
            with archive.open(f"I{n}.dcm", "w", force_zip64=True) as member:
                for _ in range(96):
                    member.write(block)
    return folder / "bomb.zip"


def half_a_zip(folder: Path, series: Path) -> Path:
    whole = shutil.make_archive(str(folder / "study"), "zip", series)
    data = Path(whole).read_bytes()
    Path(whole).write_bytes(data[: len(data) // 2])
    return Path(whole)


def three_thousand_letters(folder: Path, series: Path) -> Path:
    for n in range(3000):
        (folder / f"I{n:05d}.dcm").write_bytes(b"Dear colleague, thank you for sending\n" * (n % 7))
    return folder


BAD: tuple[Callable[[Path, Path], Path], ...] = (
    truncated_file, folder_of_truncated_files, text_file, empty_file, empty_folder, zip_bomb, half_a_zip,
    three_thousand_letters,
)  # fmt: skip


@pytest.mark.parametrize("make", BAD)
def test_what_holds_no_images_is_one_sentence_and_code_2(
    make: Callable[[Path, Path], Path], series: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    study = make(tmp_path / "in", series)
    before = {path: path.stat().st_size for path in (tmp_path / "in").rglob("*")}
    done = groundglass("analyse", study, "--out", tmp_path / "out")
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("groundglass: ")
    assert done.stderr.count("\n") == 1 and done.stderr.rstrip().endswith((".", ".)"))
    assert "Traceback" not in done.stderr and "Error" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"], "a failed run leaves nothing"
    assert {path: path.stat().st_size for path in (tmp_path / "in").rglob("*")} == before


def test_chest_among_three_thousand_other_files_is_found_and_analysed(series: Path, tmp_path: Path) -> None:
    study = tmp_path / "in"
    shutil.copytree(series, study / "deep" / "er")
    for n in range(3000 - 40):
        (study / f"N{n:05d}").write_bytes(b"note %d\n" % n)
    (study / "deep" / "cut.dcm").write_bytes(next(series.iterdir()).read_bytes()[:900])
    done = groundglass("analyse", study, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    document = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    assert document["study"]["slices"] == 40
    assert not list(tmp_path.glob(".*")) and not list((tmp_path / "out").glob(".*"))


def test_series_with_truncated_slices_inside_the_lung_is_refused_with_reasons_and_no_masks(
    series: Path, tmp_path: Path
) -> None:
    study = tmp_path / "in"
    shutil.copytree(series, study)
    heights = {_height(path): path for path in study.iterdir()}
    for height in sorted(heights)[18:21]:
        heights[height].write_bytes(heights[height].read_bytes()[:-2000])
    done = groundglass("analyse", study, "--out", tmp_path / "out")
    assert done.returncode == 3, done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["findings.json"]
    document = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    assert document["geometry"]["verdict"] == "red"
    red = [reason["text"] for reason in document["geometry"]["reasons"] if reason["colour"] == "red"]
    assert any("missing" in text for text in red), red
    assert "Traceback" not in done.stderr


def _height(path: Path) -> float:
    import pydicom

    return float(pydicom.dcmread(path, stop_before_pixels=True).ImagePositionPatient[2])


@pytest.mark.parametrize("kind", ["file", "folder that may not be written"])
def test_results_that_cannot_be_written_are_one_sentence(kind: str, series: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    else:
        out = Path("/proc/results")
        if not Path("/proc/self").exists():
            pytest.skip("this system has no folder that nobody may write to")
    done = groundglass("analyse", series, "--out", out)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
    assert kind != "file" or out.read_text() == "mine"
