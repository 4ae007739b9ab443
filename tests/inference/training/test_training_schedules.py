"""Learning rates, recipes as published, networks that recipes build, and several processes."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import torch

from inference.models.outputs import BACKGROUND, MANIFESTATIONS, MASK, RECOGNITION
from inference.training.networks import build
from inference.training.planes import PLANES
from inference.training.recipe_book import recipes, systems
from inference.training.recipes import Recipe
from inference.training.schedules import Optimisation, epochs_of, rate_at
from tests.helpers.tiny_training import shared_tree, train_as_one_of, trainer

STEPS = 10


def _rates(**changes: object) -> list[float]:
    how = Optimisation(**{"epochs": 10, "batch": 4, "rate": 1.0, "warmup": 0, **changes})  # type: ignore[arg-type]
    return [rate_at(how, step, STEPS) for step in range(epochs_of(how, STEPS) * STEPS)]


def test_cosine_falls_from_the_rate_to_a_thousandth() -> None:
    rates = _rates(schedule="cosine")
    assert rates[0] == 1.0 and rates[50] == pytest.approx(0.5) and rates[-1] == pytest.approx(1e-3)
    assert rates == sorted(rates, reverse=True)


def test_one_cycle_rises_then_falls() -> None:
    rates = _rates(schedule="one-cycle")
    assert rates[0] == pytest.approx(0.04) and rates.index(max(rates)) == 30 and max(rates) == 1.0
    assert rates[-1] < 0.01


def test_poly_is_paper_5s_power() -> None:
    assert _rates(schedule="poly")[40] == pytest.approx(0.6**0.9)


def test_step_divides_by_ten_every_so_many_epochs() -> None:
    rates = _rates(schedule="step", drop_every=3)
    assert [rates[epoch * STEPS] for epoch in (0, 2, 3, 5, 6)] == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_plateau_follows_the_drops() -> None:
    how = Optimisation(epochs=10, batch=4, rate=1.0, schedule="plateau", warmup=0)
    assert [rate_at(how, 5, STEPS, drops) for drops in (0, 1, 2)] == pytest.approx([1.0, 0.2, 0.04])


def test_warm_up_rises_in_even_steps() -> None:
    rates = _rates(schedule="constant", warmup=4)
    assert rates[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])


def test_steps_take_the_place_of_epochs() -> None:
    how = Optimisation(epochs=0, batch=4, rate=1.0, steps=25)
    assert epochs_of(how, 10) == 3


def _published(system: str, part: str) -> Recipe:
    return next(one for one in recipes(system, "paper") if one.part == part)


@pytest.mark.parametrize(
    ("system", "part", "expected"),
    [
        ("specialised-streams", "recogniser", {"optimiser": "sgd", "rate": 0.01, "batch": 100, "steps": 2800}),
        ("specialised-streams", "manifestations", {"optimiser": "adam", "rate": 0.01, "batch": 64, "epochs": 50}),
        ("specialised-streams", "all-classes",
         {"optimiser": "sgd", "rate": 1e-4, "momentum": 0.9, "weight_decay": 4e-5, "batch": 8, "steps": 50_000}),
        ("covid-mtnet", "xray-pneumonia", {"rate": 1e-3, "batch": 32, "epochs": 75, "drop_every": 25}),
        ("covid-mtnet", "ct-lungs", {"rate": 3e-4, "batch": 8, "epochs": 150}),
        ("multitask", "network", {"rate": 1e-4, "batch": 4, "epochs": 500, "patience": 10}),
        ("cascade-severity", "lesions",
         {"rate": 1e-3, "batch": 4, "epochs": 50, "patience": 10, "drop_factor": 0.2, "drop_patience": 5}),
        ("jcs", "recogniser", {"optimiser": "sgd", "rate": 0.1, "batch": 256, "epochs": 100, "drop_every": 30}),
        ("jcs", "segmenter", {"optimiser": "adam", "rate": 2.5e-5, "batch": 4, "steps": 21_000, "schedule": "poly"}),
    ],
)  # fmt: skip
def test_papers_own_schedules_are_the_defaults_of_their_configuration(
    system: str, part: str, expected: dict[str, object]
) -> None:
    how = _published(system, part).optimisation
    assert {name: getattr(how, name) for name in expected} == expected


def test_papers_own_losses_and_augmentation() -> None:
    assert _published("multitask", "network").segmentation == "minus-dice"
    assert _published("covid-mtnet", "ct-lungs").segmentation == "dice"
    assert _published("jcs", "recogniser").mixing == 0.5
    lesions = _published("cascade-severity", "lesions")
    assert lesions.masked and lesions.augmentation.right_angles == 0.75 and lesions.augmentation.rotation == 0


@pytest.mark.parametrize("system", systems())
@pytest.mark.parametrize("variant", ["paper", "compact"])
def test_every_recipe_builds_its_network_and_names_planes_and_classes(system: str, variant: str) -> None:
    for recipe in recipes(system, variant):  # type: ignore[arg-type]
        with torch.device("meta"):
            network = build(recipe)
        for head in network.heads:
            if head.name.startswith(MASK) or head.name == MANIFESTATIONS:
                assert set(head.labels) <= {*PLANES, BACKGROUND}, recipe.name
            if head.name == RECOGNITION:
                assert set(head.labels) <= set(recipe.labels), recipe.name


def test_unknown_system_is_named_with_the_known_ones() -> None:
    with pytest.raises(Exception, match="consensus"):
        recipes("unknown", "compact")


def test_two_processes_end_with_the_same_weights(tmp_path: Path) -> None:
    data = shared_tree(tmp_path / "data")
    trainer(data, tmp_path / "alone.pt")  # packs the data once
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    torch.multiprocessing.spawn(train_as_one_of, (2, str(data), str(tmp_path), port), nprocs=2)
    first, second = (torch.load(tmp_path / f"rank{n}.pt", weights_only=True) for n in (0, 1))
    weights = [name for name in first if "running" not in name and "tracked" not in name]
    assert weights and all(torch.equal(first[name], second[name]) for name in weights)
