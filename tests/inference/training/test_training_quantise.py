"""The command quantise: calibrated on training pictures, judged on patients left out, shipped if that costs little."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from inference.cli import main
from inference.systems import runtime, weights
from inference.systems.graphs import narrowed, stored_tensors
from inference.systems.shipping import convert
from inference.systems.weights import Entry
from inference.training import quantise
from inference.training.recipes import Recipe
from inference.training.uses import Use
from tests.helpers.tiny_training import SIDE, shared_tree, tiny_recipe

NAME = "multitask-first-compact"


def _recipes(system: str, variant: str) -> tuple[Recipe, ...]:
    settings = {
        "image_size": SIDE, "widths": [4, 6], "classifier_width": 4, "norm": True, "tasks": ["segmentation"],
        "labels": ["lung"],
    }  # fmt: skip
    return (tiny_recipe(part="first", uses=(Use("covid20-slices-256"),), settings=settings, labels=()),)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a network trained on it beside, fold 0 left out."""
    torch.set_num_threads(1)
    data = shared_tree(tmp_path_factory.mktemp("data"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inference.commands.train.recipes", _recipes)
        assert main(["train", "multitask", "--data", str(data), "--fold", "0", "--device", "cpu"]) == 0
    return data


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("inference.commands.quantise.recipes", _recipes)
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(tmp_path))


def ship(data: Path, out: Path, *more: str) -> Entry:
    assert main(["quantise", "multitask", "--data", str(data), "--out", str(out), *more]) == 0
    entry = weights.find(NAME)
    assert entry is not None
    return entry


def test_ships_under_the_name_that_fills_the_part_and_knows_no_patient_left_out(trained: Path, tmp_path: Path) -> None:
    entry = ship(trained, tmp_path, "--form", "kernels")
    assert "patient-0" not in entry.patients and "patient-1" in entry.patients
    assert entry.figures["fold_left_out"] == "0"
    assert entry.torch is not None and entry.graph is not None
    for file in entry.files:
        assert sha256((tmp_path / file.name).read_bytes()).hexdigest() == file.sha256


def test_both_forms_are_judged_on_the_patients_left_out(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ship(trained, tmp_path, "--form", "kernels").figures["quantised"]["rows"]
    assert [(row["label"], row["patients"], row["pictures"]) for row in rows] == [("lung", 2, 6)]
    said = capsys.readouterr().out
    assert "| lung |" in said and f"{rows[0]['plain']:.4f}" in said and f"{rows[0]['quantised']:.4f}" in said
    assert "fold 0 left out" in said


def test_calibration_sees_training_pictures_alone(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def unchanged(network: Any, recipe: Recipe, training: Any) -> Any:
        seen.extend(training.patients())
        return convert(network, recipe.size, 1)

    monkeypatch.setattr(quantise, "quantised", unchanged)
    entry = ship(trained, tmp_path)
    assert seen and not {"patient-0", "patient-5"} & set(seen)
    assert entry.openvino is not None
    assert entry.figures["quantised"]["rows"][0]["quantised"] == pytest.approx(
        entry.figures["quantised"]["rows"][0]["plain"], abs=1e-4
    )


@pytest.mark.parametrize(("limit", "shipped"), [(1.0, True), (-1.0, False)])
def test_8_bits_ship_only_within_the_limit(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    limit: float, shipped: bool,
) -> None:  # fmt: skip
    pytest.importorskip("nncf")
    monkeypatch.setattr(quantise, "LIMIT", limit)
    monkeypatch.setattr(quantise, "CALIBRATION", 6)
    entry = ship(trained, tmp_path)
    assert (entry.openvino is not None) is shipped is entry.figures["quantised"]["shipped"]
    assert ("not shipped in 8 bits" in capsys.readouterr().out) is not shipped
    model = runtime.open_model(entry, "cpu")
    assert model.file.name.endswith(".bin" if shipped else ".safetensors")
    images = np.random.default_rng(1).normal(0, 1, (2, 1, SIDE, SIDE)).astype(np.float32)
    plain = runtime.TorchModel(entry, entry.torch, runtime.open_network(entry, "cpu"), "cpu")  # type: ignore[arg-type]
    expected = plain(images, lambda warning: None)["mask"]
    assert np.abs(model(images, lambda warning: None)["mask"] - expected).mean() < 0.05


def test_without_a_fold_to_judge_by_nothing_is_shipped(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quantise", "multitask", "--data", str(trained), "--out", str(tmp_path), "--fold", "3"]) == 2
    assert "fold 3 left out" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_cost_counts_the_statistic_that_loses_more() -> None:
    one = quantise.Compared("lesion", 0.80, 0.799, 0.70, 0.69, 3, 30)
    assert one.lost == pytest.approx(0.01)


@pytest.mark.parametrize("bits", [16, 8])
def test_numbers_are_stored_in_their_order_however_they_lie_in_memory(bits: int) -> None:
    rng = np.random.default_rng(0)
    kernels = rng.normal(size=(6, 5, 3, 4)).astype(np.float32).transpose(0, 3, 1, 2)  # as channels-last tensors lie
    small = rng.normal(size=(3, 2)).astype(np.float32).T
    kept = stored_tensors(save(narrowed({"kernels": kernels, "small": small}, bits)))
    assert np.allclose(kept["kernels"], kernels, atol=0.02) and np.allclose(kept["small"], small, atol=2e-3)
