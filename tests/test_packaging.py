"""The set-up of the README's two commands."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

_FILE = Path(__file__).resolve().parents[1] / "packaging" / "environment.py"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("packaging_environment", _FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ENVIRONMENT", tmp_path)
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    return module


def _pip(codes: list[int], calls: list[list[str]]) -> Any:
    def run(command: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        return subprocess.CompletedProcess(command, codes[len(calls) - 1])

    return run


def test_installation_is_tried_again_while_the_index_is_out_of_reach(
    environment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr(environment.subprocess, "run", _pip([1, 1, 0], calls))
    environment._install(tmp_path / "python", "dev")
    assert len(calls) == 3 and (tmp_path / "installed-dev").is_file()
    environment._install(tmp_path / "python", "dev")
    assert len(calls) == 3, "what is installed is not installed again"


def test_installation_that_keeps_failing_is_one_sentence_and_not_taken_for_done(
    environment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.subprocess, "run", _pip([1, 1, 1], []))
    with pytest.raises(environment.SetupError, match="installation failed"):
        environment._install(tmp_path / "python", "dev")
    assert not (tmp_path / "installed-dev").exists()
