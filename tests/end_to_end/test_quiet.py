"""Decoders that complain of damaged files past Python are not heard; the program's own words are."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom.uid
import pytest
from pydicom.encaps import encapsulate, generate_frames

from tests.helpers.phantoms import write_dicom
from tests.helpers.reading_cases import marked

ROOT = Path(__file__).resolve().parents[2]
_LOAD = """
import sys
from inference.errors import SeriesError
from inference.io.open import load, scan
try:
    load(scan(sys.argv[1]).series[0])
except SeriesError as error:
    print(error)
"""


def python(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )


def panicking_rle(data: Any, k: int) -> None:
    """Runs that never end: the decoder, written in Rust, panics and says so with a backtrace."""
    data.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    frame = next(generate_frames(data.PixelData, number_of_frames=1))
    data.PixelData = encapsulate([frame[:64] + b"\x81" * (len(frame) - 64)])


def bad_jpeg_2000(data: Any, k: int) -> None:
    """A header that names more components than there can be: the decoder, written in C, says so."""
    data.compress(pydicom.uid.JPEG2000Lossless, generate_instance_uid=False)
    frame = bytearray(next(generate_frames(data.PixelData, number_of_frames=1)))
    start = frame.index(b"\xff\x51")
    frame[start + 38 : start + 40] = struct.pack(">H", 60_000)
    data.PixelData = encapsulate([bytes(frame)])


DAMAGES = [(panicking_rle, "panicked"), (bad_jpeg_2000, "omponent")]


@pytest.mark.parametrize(("damage", "chatter"), DAMAGES, ids=lambda value: getattr(value, "__name__", ""))
def test_damaged_files_make_the_command_say_one_line(
    damage: Callable[[Any, int], None], chatter: str, tmp_path: Path
) -> None:
    write_dicom(marked().volume, tmp_path / "in", edit=damage, tags={"PatientName": "Quillfeather^Ottoline"})
    assert chatter in python("-c", _LOAD, tmp_path / "in").stderr, "the decoder itself has fallen silent"
    done = python("-m", "inference", "analyse", tmp_path / "in", "--out", tmp_path / "out")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("groundglass: ") and done.stderr.count("\n") == 1, done.stderr
    assert "cannot be decoded" in done.stderr and "Quillfeather" not in done.stderr


def test_window_says_why_a_study_cannot_be_shown_and_nothing_else(tmp_path: Path) -> None:
    write_dicom(marked().volume, tmp_path / "in", edit=panicking_rle)
    cache = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")}
    done = python("-m", "viewer", tmp_path / "in", "--unattended", tmp_path / "out", **cache)
    assert done.returncode == 1 and "cannot be decoded" in done.stderr
    assert "panicked" not in done.stderr and "Traceback" not in done.stderr


_SPEAK = """
import logging, os, subprocess, sys, warnings
from inference.quiet import quiet_libraries
before = sys.stderr
with quiet_libraries():
    os.write(2, b"native ")
    logging.getLogger("library").error("logged")
    warnings.warn("warned")
    subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('child ')"])
    with quiet_libraries():
        os.write(2, b"deeper ")
    os.write(2, b"native again ")
    sys.stderr.write("own ")
assert sys.stderr is before
os.write(2, b"after ")
sys.stderr.write("own after")
"""


def test_only_the_program_speaks_and_afterwards_all_may() -> None:
    done = python("-c", _SPEAK)
    assert (done.returncode, done.stderr) == (0, "own after own after")


def test_handlers_that_libraries_bring_are_silent_too() -> None:
    """NiBabel has one, and complains of headers that it mends."""
    speak = (
        "import logging, sys\nfrom inference.quiet import quiet_libraries\nlog = logging.getLogger('library')\n"
        "with quiet_libraries():\n    log.addHandler(logging.StreamHandler())\n    log.critical('chatter')\n"
        "log.handlers[0].stream = sys.stderr\nlog.critical('after')"
    )
    assert python("-c", speak).stderr == "after\n"


def test_silence_ends_with_an_error() -> None:
    done = python(
        "-c", "from inference.quiet import quiet_libraries\nwith quiet_libraries():\n    raise SystemExit('no')"
    )
    assert (done.returncode, done.stderr) == (1, "no\n")


@pytest.mark.parametrize("stream", ["None", "__import__('io').StringIO()"])
def test_where_there_is_no_standard_error_the_descriptor_is_left_alone(stream: str) -> None:
    code = (
        f"import os, sys\nfrom inference.quiet import quiet_libraries\nsys.stderr = {stream}\nwith quiet_libraries():\n"
    )
    done = python("-c", f"{code}    os.write(2, b'heard')")
    assert (done.returncode, done.stderr) == (0, "heard")
