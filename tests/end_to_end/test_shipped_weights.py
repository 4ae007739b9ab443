"""The weights in the package: whole, small enough, and fit to find the disease of the demo study on its side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inference.evaluation import archive
from inference.systems import weights
from inference.training.data import FOLDS

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "resources" / "weights"
MOST_BYTES = 30_000_000


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(SHIPPED))
    return SHIPPED


def test_every_listed_file_is_there_with_its_hash_and_nothing_else_lies_beside(shipped: Path) -> None:
    files = [file for entry in weights.manifest().values() for file in entry.files]
    assert files
    assert not [file.name for file in files if weights.problem(file)]
    assert {path.name for path in shipped.iterdir()} == {weights.MANIFEST, *(file.name for file in files)}


def test_the_weights_fit_the_package(shipped: Path) -> None:
    assert sum(path.stat().st_size for path in shipped.iterdir()) <= MOST_BYTES


def test_no_shipped_network_has_seen_a_test_case(shipped: Path) -> None:
    for entry in weights.manifest().values():
        assert entry.patients
        assert not {"covid-P001", "normal-001", "cap-001"} & set(entry.patients)


def test_a_shipped_network_left_fold_0_out_or_was_judged_with_every_fold_left_out_in_turn(shipped: Path) -> None:
    for entry in weights.manifest().values():
        if entry.figures["fold_left_out"] == "0":
            continue
        kept = archive.load(ROOT / "docs" / "records", entry.name.removesuffix("-compact"))
        assert [one.fold for one in kept] == [str(n) for n in range(FOLDS)], entry.name
        judged = [record for one in kept for record in one.records]
        assert {record.patient for record in judged} == set(entry.patients)
        assert not [record.item for record in judged if record.seen]
        assert all(record.fold == one.fold for one in kept for record in one.records)


def test_the_default_finds_the_disease_of_the_demo_study(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != weights.FOLDER_VARIABLE}

    def run(*arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "inference", *arguments], cwd=ROOT, env=environment, check=True)

    run("demo", "--out", str(tmp_path / "demo"))
    run("analyse", str(tmp_path / "demo" / "study"), "--out", str(tmp_path / "out"))
    found = json.loads((tmp_path / "out" / "findings.json").read_text("utf-8"))
    assert found["system"]["name"] == "consensus"
    lungs = found["severity"]["per_lung"]
    assert lungs["right"]["lung_ml"] > 500 and lungs["left"]["lung_ml"] > 500
    assert found["severity"]["percentage_of_infection"] > 2
