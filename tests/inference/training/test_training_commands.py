"""``groundglass train`` and ``evaluate`` on a tiny data folder, from nothing to shipped weights."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import torch

from inference.cli import main
from inference.errors import WeightsMissing
from inference.systems import runtime, weights
from inference.training import checkpoints
from inference.training.recipe_book import recipes
from inference.training.recipes import Recipe, from_record, to_record
from inference.training.schedules import Optimisation
from inference.training.uses import Use
from inference.transforms.rendering import RENDERING_VERSION
from tests.helpers.tiny_training import SIDE, shared_tree, tiny_recipe

_MASKS = {"image_size": SIDE, "widths": [4, 6], "classifier_width": 4, "norm": True, "tasks": ["segmentation"]}


def _tiny_recipes(system: str, variant: str) -> tuple[Recipe, ...]:
    first = tiny_recipe(
        part="first", uses=(Use("covid20-slices-256"),), settings={**_MASKS, "labels": ["lung"]}, labels=()
    )
    second = replace(first, part="second", start="first", settings={**_MASKS, "labels": ["lesion"]})
    return first, second, tiny_recipe(optimisation=Optimisation(epochs=1, batch=4, rate=1e-3))


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr("inference.commands.train.recipes", _tiny_recipes)
    monkeypatch.setattr("inference.commands.evaluate.recipes", _tiny_recipes)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_tree(tmp_path_factory.mktemp("data"))


def _train(data: Path, out: Path, *more: str) -> int:
    return main(["train", "multitask", "--data", str(data), "--out", str(out), "--device", "cpu", *more])


def _evaluate(data: Path, out: Path, *more: str) -> int:
    return main(["evaluate", "multitask", "--data", str(data), "--out", str(out), "--device", "cpu", *more])


def test_train_leaves_finished_checkpoints_with_figures_of_the_fold_left_out(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(data, tmp_path, "--fold", "1") == 0
    said = capsys.readouterr()
    assert [line.split(":")[0] for line in said.out.splitlines()] == [
        "multitask-first-compact", "multitask-second-compact", "multitask-network-compact",
    ]  # fmt: skip
    assert "pooled Dice" in said.err and "min left" not in said.out
    state = checkpoints.load(tmp_path / "multitask-second-compact-fold1.pt")
    assert state.finished and {one["patient"] for one in state.figures["records"]} == {"patient-1"}
    assert state.figures["rows"][0]["who"] == "left out"
    assert len(state.history) == 2 and state.seconds > 0


def test_train_refuses_to_overwrite_and_resumes_when_asked(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(data, tmp_path, "--part", "network", "--fold", "0") == 0
    assert _train(data, tmp_path, "--part", "network", "--fold", "0") == 2
    assert "--resume" in capsys.readouterr().err
    assert _train(data, tmp_path, "--part", "network", "--fold", "0", "--resume") == 0


def test_minutes_stop_training_saved_and_the_next_call_goes_on(data: Path, tmp_path: Path) -> None:
    assert _train(data, tmp_path, "--part", "network", "--fold", "0", "--minutes", "1e-9") == 0
    path = tmp_path / "multitask-network-compact-fold0.pt"
    stopped = checkpoints.load(path)
    assert not stopped.finished and stopped.step == 1
    assert _train(data, tmp_path, "--part", "network", "--fold", "0", "--resume") == 0
    assert checkpoints.load(path).finished


def test_part_that_starts_from_another_needs_it_trained(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(data, tmp_path, "--part", "second", "--fold", "2") == 2
    assert "train that part first, with the same fold" in capsys.readouterr().err
    assert _train(data, tmp_path, "--part", "first", "--fold", "3") == 0
    assert _train(data, tmp_path, "--part", "second", "--fold", "2") == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "multitask", "--data", "/nowhere"], "no data folder"),
        (["train", "multitask", "--data", ".", "--part", "other"], "no part other"),
        (["train", "multitask", "--data", ".", "--fold", "7"], "invalid choice"),
        (["train", "multitask"], "--data"),
    ],
)
def test_wrong_usage_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([*arguments, *(["--out", str(tmp_path)] if len(arguments) > 2 else [])]) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1


def test_evaluate_gives_cross_validated_rows_of_left_out_patients(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for fold in ("0", "1"):
        assert _train(data, tmp_path, "--part", "first", "--fold", fold) == 0
    capsys.readouterr()
    assert _evaluate(data, tmp_path, "--part", "first", "--json") == 0
    found = json.loads(capsys.readouterr().out)["multitask-first-compact"]
    assert [(row["what"], row["who"]) for row in found] == [("lung", "left out")]
    assert set(found[0]["figures"]["dice_by_patient"]) == {"patient-0", "patient-1", "patient-5"}
    assert _evaluate(data, tmp_path, "--part", "first", "--fold", "1") == 0
    assert "| lung | covid20-slices-256 | 1 left out |" in capsys.readouterr().out


def test_evaluate_marks_patients_that_the_weights_know(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(data, tmp_path, "--part", "first") == 0
    capsys.readouterr()
    more = shared_tree(tmp_path / "more", patients=8)
    assert _evaluate(more, tmp_path, "--part", "first", "--json") == 0
    found = json.loads(capsys.readouterr().out)["multitask-first-compact"]
    patients = {row["who"]: set(row["figures"]["dice_by_patient"]) for row in found}
    assert patients["left out"] == {"patient-6", "patient-7"}
    assert patients["seen"] == {f"patient-{n}" for n in range(6)}


def test_evaluate_without_weights_leaves_with_code_4(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _evaluate(data, tmp_path) == WeightsMissing.exit_code == 4
    assert _evaluate(data, tmp_path, "--part", "first", "--fold", "4") == 4
    assert "fold 4" in capsys.readouterr().err


def test_ablation_table_has_a_row_for_each_trained_set_of_tasks(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(data, tmp_path, "--part", "second", "--fold", "0") == 2
    assert _train(data, tmp_path, "--part", "first", "--fold", "0") == 0
    capsys.readouterr()
    assert _evaluate(data, tmp_path, "--table", "ablation") == 2  # the third recipe names no tasks
    assert "multitask --table ablation" in capsys.readouterr().err


def test_exported_weights_are_half_precision_hashed_and_name_their_patients(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "weights"
    assert _train(data, tmp_path, "--part", "first", "--fold", "0", "--export", str(folder)) == 0
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(folder))
    entry = weights.find("multitask-first-compact-fold0")
    assert entry is not None and entry.torch is not None
    assert entry.torch.sha256 == sha256((folder / entry.torch.name).read_bytes()).hexdigest()
    assert "patient-0" not in entry.patients and "patient-1" in entry.patients
    assert entry.figures["rows"][0]["who"] == "left out" and "research use only" in entry.trained_on
    assert entry.rendering == RENDERING_VERSION and entry.size == SIDE
    state = checkpoints.load(tmp_path / "multitask-first-compact-fold0.pt")
    network = runtime.open_network(entry, "cpu")
    assert network is not None
    for name, value in network.state_dict().items():
        half = state.weights[name].to(torch.float16).to(value.dtype)
        assert torch.equal(value, half) or not value.dtype.is_floating_point, name


def test_evaluate_judges_the_shipped_weights_as_they_run(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "weights"
    assert _train(data, tmp_path / "runs", "--part", "first", "--export", str(folder)) == 0
    assert _evaluate(data, tmp_path / "runs", "--part", "first", "--json") == 0
    before = json.loads(capsys.readouterr().out.split("\n", 2)[2])["multitask-first-compact"][0]["figures"]
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(folder))
    assert _evaluate(data, tmp_path / "nothing", "--part", "first", "--json", "--cache", str(tmp_path / "c")) == 0
    row = json.loads(capsys.readouterr().out)["multitask-first-compact"][0]
    assert row["who"] == "seen"
    assert row["figures"]["pooled"]["accuracy"] == pytest.approx(before["pooled"]["accuracy"], abs=0.01)


@pytest.mark.parametrize("variant", ["paper", "compact"])
def test_every_recipe_survives_json(variant: str) -> None:
    for system in (
        "consensus",
        "specialised-streams",
        "covid-mtnet",
        "multitask",
        "cascade-severity",
        "jcs",
        "baseline",
    ):
        for recipe in recipes(system, variant):  # type: ignore[arg-type]
            again = from_record(json.loads(json.dumps(to_record(recipe))))
            assert to_record(again) == to_record(recipe) and again.name == recipe.name
