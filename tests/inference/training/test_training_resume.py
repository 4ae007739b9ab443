"""A run that was stopped and resumed is the run that was not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from inference.errors import SeriesError
from inference.training import checkpoints
from inference.training.augmentation import NONE
from inference.training.schedules import Optimisation
from inference.training.trainer import Limits
from tests.helpers.tiny_training import shared_tree, tiny_recipe, trainer


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_tree(tmp_path_factory.mktemp("data"))


def _after(steps: int) -> Limits:
    left = iter([False] * (steps - 1) + [True] * 1000)
    return Limits(asked=lambda: next(left))


def test_resumed_run_has_the_weights_of_an_uninterrupted_one(data: Path, tmp_path: Path) -> None:
    whole = trainer(data, tmp_path / "whole.pt")
    assert whole.run(Limits())
    steps = 0
    path = tmp_path / "parts.pt"
    while True:
        part = trainer(data, path)
        if path.exists():
            part.resume()
        if part.run(_after(3)):
            break
        steps += 3
        torch.manual_seed(steps)  # another session draws otherwise
    assert steps >= 6, "the run was never interrupted in the middle of an epoch"
    for name, value in whole.state.network.items():
        assert torch.equal(value, part.state.network[name]), name
    for name, value in whole.average.values.items():
        assert torch.equal(value, part.average.values[name]), name
    assert [entry["loss"] for entry in whole.state.history] == pytest.approx(
        [entry["loss"] for entry in part.state.history]
    )


def test_finished_run_is_not_trained_on(data: Path, tmp_path: Path) -> None:
    first = trainer(data, tmp_path / "run.pt")
    first.run(Limits())
    again = trainer(data, tmp_path / "run.pt")
    again.resume()
    before = {name: value.clone() for name, value in again.network.state_dict().items()}
    assert again.run(Limits())
    assert all(torch.equal(value, before[name]) for name, value in again.network.state_dict().items())


def test_resume_refuses_other_settings(data: Path, tmp_path: Path) -> None:
    trainer(data, tmp_path / "run.pt").run(_after(1))
    other = replace(tiny_recipe(), seed=1)
    with pytest.raises(SeriesError, match="other settings"):
        trainer(data, tmp_path / "run.pt", other).resume()


def test_resume_refuses_other_data(data: Path, tmp_path: Path) -> None:
    trainer(data, tmp_path / "run.pt").run(_after(1))
    more = shared_tree(tmp_path / "more", patients=7)
    with pytest.raises(SeriesError, match="other data"):
        trainer(more, tmp_path / "run.pt").resume()


def test_damaged_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    path.write_bytes(b"PK\x03\x04 no checkpoint")
    with pytest.raises(SeriesError, match="no whole checkpoint"):
        checkpoints.load(path)
    with pytest.raises(SeriesError, match="no checkpoint"):
        checkpoints.load(tmp_path / "absent.pt")


def test_failed_save_leaves_the_last_whole_checkpoint(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.pt"
    run = trainer(data, path)
    run.run(_after(1))

    def fail(*arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        run.save()
    monkeypatch.undo()
    assert checkpoints.load(path).step == 1


def test_checkpoint_holds_configuration_patients_and_data(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    trainer(data, path).run(_after(2))
    state = checkpoints.load(path)
    assert state.recipe == tiny_recipe()
    assert state.fold == "0" and state.step == 2
    assert "patient-0" not in state.patients and "patient-1" in state.patients
    assert set(state.data) == {"covid20-slices-256", "covid20-stacks-128", "recognition-slices"}


def test_patience_ends_training_and_ships_the_best_average(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.3, 0.6, 0.5, 0.6, 0.9])
    monkeypatch.setattr("inference.training.trainer.watched_score", lambda *arguments: next(scores))
    how = Optimisation(epochs=30, batch=4, rate=1e-3, patience=2)
    run = trainer(data, tmp_path / "run.pt", tiny_recipe(optimisation=how, augmentation=NONE))
    kept: list[dict[str, torch.Tensor]] = []
    run.run(Limits(), lambda entry: kept.append(_copy(run.average.values)) if "watched" in entry else None)
    assert [entry["watched"] for entry in run.state.history] == [0.3, 0.6, 0.5, 0.6]
    assert all(torch.equal(value, kept[1][name]) for name, value in run.state.weights.items())
    assert any(not torch.equal(value, kept[3][name]) for name, value in run.state.weights.items())


def test_plateau_multiplies_the_rate(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.training.trainer.watched_score", lambda *arguments: 0.5)
    how = Optimisation(epochs=6, batch=8, rate=1e-3, schedule="plateau", drop_patience=2, warmup=0, drop_factor=0.2)
    run = trainer(data, tmp_path / "run.pt", tiny_recipe(optimisation=how))
    run.run(Limits())
    assert [entry.get("drop", 0) for entry in run.state.history] == [0, 0, 1, 0, 1, 0]
    assert run.optimiser.param_groups[0]["lr"] == pytest.approx(1e-3 * 0.2**2)


def _copy(values: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in values.items()}
