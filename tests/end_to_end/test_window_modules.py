"""What the window's process has imported at each stage of a reader's work: nothing before it is needed, torch never."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.window import small_study

ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = """
import json, os, sys
from pathlib import Path
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

def heavy():
    wanted = ("torch", "scipy", "SimpleITK", "pydicom", "vtkmodules", "nibabel", "reportlab")
    return sorted(name for name in wanted if name in sys.modules)

def until(ready):
    for _ in range(6000):
        if ready():
            return
        QTest.qWait(10)
    raise SystemExit("the window did not come so far")

def main():
    study, folder = map(Path, sys.argv[1:])
    qt = QApplication([])
    from viewer.app import App
    from viewer.settings import Settings

    told = {}
    app = App(Settings(None), folder)
    app.window.show()
    QTest.qWait(200)
    told["started"] = heavy()
    app.open(study)
    until(lambda: app.session.loaded.value is not None)
    QTest.qWait(300)
    told["loaded"] = heavy()
    app.window.actions_by_name["analyse"].trigger()
    workers = set()

    def partial(_):
        told.setdefault("lungs on show", heavy())

    app.session.masks.changed.connect(partial)
    def found():  # looked at all the while: a partial result may be heard when the worker is done already
        workers.add(app.jobs.worker_pid)
        return app.session.findings.value is not None

    until(found)
    QTest.qWait(1500)
    told["meshed"] = heavy()
    told["own pid"], told["worker pids"] = os.getpid(), sorted(pid for pid in workers if pid is not None)
    app.window.close()
    print(json.dumps(told))

if __name__ == "__main__":
    main()
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The modules of each stage, from a window in a process of its own that runs the real densitometry."""
    folder = tmp_path_factory.mktemp("modules")
    script = folder / "reader.py"
    script.write_text(_SCRIPT, "utf-8")
    study = small_study(folder / "ct")
    command = [sys.executable, str(script), str(study), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return said


def _environment() -> dict[str, str]:
    import os

    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def test_a_started_window_has_imported_nothing_heavy(told: dict[str, list[str]]) -> None:
    assert told["started"] == []


def test_torch_and_vtk_are_absent_while_a_reader_reads(told: dict[str, list[str]]) -> None:
    assert not {"torch", "vtkmodules", "reportlab"} & set(told["loaded"])
    assert "pydicom" in told["loaded"], "else the check itself would be blind"


def test_vtk_comes_with_the_first_mesh_and_torch_never(told: dict[str, list[str]]) -> None:
    assert not {"torch", "vtkmodules"} & set(told["lungs on show"])
    assert "vtkmodules" in told["meshed"]
    assert "torch" not in told["meshed"]


def test_the_analysis_ran_in_another_process(told: dict[str, list[str]]) -> None:
    assert told["worker pids"]
    assert told["own pid"] not in told["worker pids"]
