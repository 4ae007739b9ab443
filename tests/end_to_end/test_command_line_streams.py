"""Standard output and standard error as scripts, pipes and terminals of other countries hand them over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inference.cli import main
from inference.commands.console import printable
from tests.helpers.phantoms import chest, write_dicom

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "inference"]
posix = pytest.mark.skipif(os.name != "posix", reason="redirections of a POSIX shell")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose description is Japanese."""
    folder = tmp_path_factory.mktemp("streams") / "ct"
    tags = {"SpecificCharacterSet": "ISO_IR 192", "SeriesDescription": "胸部"}
    write_dicom(chest(shape=(24, 32, 40), spacing_mm=(8, 9, 9)).volume, folder, tags=tags)
    return folder


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    line = line.replace("groundglass", " ".join(COMMAND))
    return subprocess.run(
        ["sh", "-c", line], cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment}
    )


@posix
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_exit_code(closed: str, study: Path) -> None:
    done = shell(f"groundglass info {study} {closed}")
    assert (done.returncode, done.stderr) == (0, "")
    assert shell(f"groundglass info {study}/nothing {closed}").returncode == 2


@posix
def test_closed_output_never_becomes_the_place_of_a_file(study: Path, tmp_path: Path) -> None:
    """The first file opened would get the free descriptor, and with it what is printed."""
    code = (
        "import os, sys; from inference.cli import main; main(['--version']); "
        f"stream = open({str(tmp_path / 'mine')!r}, 'w'); sys.exit(stream.fileno() <= 2)"
    )
    line = f'{sys.executable} -c "{code}" <&- >&- 2>&-'
    assert subprocess.run(["sh", "-c", line], cwd=ROOT, check=False).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_full_disk_under_standard_output_is_one_line_and_code_2(study: Path) -> None:
    for command in (f"info {study}", f"info {study} --json", "systems"):
        done = shell(f"groundglass {command} > /dev/full")
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1 and "standard output" in done.stderr
    assert shell("groundglass info nothing 2> /dev/full").returncode == 2


@posix
def test_letters_that_the_terminal_lacks_are_escaped(study: Path) -> None:
    plain = shell(f"groundglass info {study}", PYTHONIOENCODING="ascii")
    assert plain.returncode == 0 and "\\u80f8\\u90e8" in plain.stdout
    document = json.loads(shell(f"groundglass info {study} --json", PYTHONIOENCODING="ascii").stdout)
    assert document["series"][0]["description"] == "胸部"


def test_control_characters_of_a_header_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_dicom(
        chest(shape=(24, 32, 40), spacing_mm=(8, 9, 9)).volume,
        tmp_path / "ct",
        tags={"SeriesDescription": "Chest\a\b7", "ConvolutionKernel": "B\x0b41"},
    )
    assert main(["info", str(tmp_path / "ct")]) == 0
    assert not {letter for letter in capsys.readouterr().out if ord(letter) < 32} - {"\n"}
    assert printable("\x1b[2J\x9b31mMüller") == "?[2J?31mMüller"


@pytest.mark.parametrize(
    "arguments", [("info", ""), ("analyse", "ct", "--out", ""), ("",), ("analyse", " ", "--out", "o")]
)
def test_empty_path_is_bad_usage_and_not_the_current_folder(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_misspelt_command_with_its_options_is_told_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "ct", "--out", "results"]) == 2
    assert "Did you mean the command analyse?" in capsys.readouterr().err


@posix
def test_benchmark_that_does_not_exist_is_named_on_standard_error() -> None:
    done = shell("groundglass bench nothing")
    assert done.returncode == 2
    assert "nothing" in done.stderr
