"""Each import contract holds, and each would notice a violation: one is planted for every contract."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c(['--no-cache'])"]
_VIOLATIONS = {
    "inference is headless": ("inference/labels.py", "import PySide6.QtCore"),
    "figures and geometry need no learned runtime": (
        "inference/quantification/definitions.py",
        "import inference.systems.registry",
    ),
    "networks know tensors alone": ("inference/models/registry.py", "import inference.io.study"),
    "systems never import one another": (
        "inference/systems/jcs/config.py",
        "import inference.systems.densitometry.config",
    ),
    "state is free of Qt and of machinery": ("viewer/state/layers.py", "import PySide6.QtCore"),
    "widgets and rendering know no system": ("viewer/widgets/job_bar.py", "import inference.systems.registry"),
    "rendering draws without widgets": ("viewer/rendering/lut.py", "import viewer.widgets"),
    "viewer layers": ("viewer/operations/opening.py", "import viewer.widgets.job_bar"),
}

pytest.importorskip("importlinter", reason="the development extra is not installed")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    for package in ("inference", "viewer", "resources"):
        ignore = shutil.ignore_patterns("__pycache__", "weights")
        shutil.copytree(ROOT / package, copy / package, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def _lint(tree: Path) -> str:
    import os

    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run(_LINT, cwd=tree, env=environment, capture_output=True, text=True).stdout


def test_every_contract_is_kept(tree: Path) -> None:
    report = _lint(tree)
    for contract in _VIOLATIONS:
        assert f"{contract} KEPT" in report, report


@pytest.mark.parametrize("contract", _VIOLATIONS)
def test_a_violation_of_the_contract_is_noticed(tree: Path, contract: str) -> None:
    file, line = _VIOLATIONS[contract]
    target = tree / file
    original = target.read_text("utf-8")
    target.write_text(f"{original}\n{line}\n", "utf-8")
    try:
        assert f"{contract} BROKEN" in _lint(tree)
    finally:
        target.write_text(original, "utf-8")


def test_rendering_uses_no_qt_widgets() -> None:
    for path in (ROOT / "viewer" / "rendering").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert "PySide6.QtWidgets" not in names, path.name


def test_the_packaging_folder_is_no_package() -> None:
    assert not (ROOT / "packaging" / "__init__.py").exists()
