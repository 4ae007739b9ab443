"""The built wheel holds what it should and nothing else, and works without the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("build", reason="the development extra is not installed")


def _clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def groundglass(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command in an environment that sees this one's libraries but not the checkout."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    scheme = "nt" if os.name == "nt" else "posix_prefix"
    paths = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", scheme, paths))
    scripts = Path(sysconfig.get_path("scripts", scheme, paths))
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)]
    subprocess.run(install, check=True)
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return scripts / ("groundglass.exe" if os.name == "nt" else "groundglass")


def test_the_wheel_holds_the_three_packages_and_their_data_only(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"viewer", "inference", "resources"}
    assert "resources/data/labels.json" in names
    assert "resources/stylesheets/dark.qss" in names
    assert "inference/py.typed" in names
    assert any(name.endswith("LICENSE") for name in names)
    assert not [name for name in names if name.endswith((".pyc", ".dcm", ".nii.gz"))]


def test_the_wheel_runs_the_demo_outside_the_checkout(groundglass: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(groundglass), *arguments], cwd=tmp_path, env=_clean_environment(), capture_output=True, text=True
        )

    where = "import inference; print(inference.__file__)"
    python = groundglass.with_name(groundglass.name.replace("groundglass", "python"))
    place = subprocess.run([str(python), "-c", where], cwd=tmp_path, env=_clean_environment(), capture_output=True)
    assert str(ROOT).encode() not in place.stdout

    assert run("--version").stdout.strip()
    made = run("demo", "--out", "made", "--small")
    assert made.returncode == 0, made.stderr
    done = run("analyse", "made/study", "--out", "findings")
    assert done.returncode == 0, done.stderr
    findings = json.loads((tmp_path / "findings" / "findings.json").read_text("utf-8"))
    assert findings["severity"]["percentage_of_infection"] > 0
    assert (tmp_path / "findings" / "report.pdf").stat().st_size > 1000
