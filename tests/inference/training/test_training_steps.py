"""One step of every kind of network and loss, transfer between parts, and what each lets through."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from inference.models.networks.jcs import JcsSegmenter
from inference.training.recipe_book import recipes
from inference.training.recipes import Recipe
from inference.training.schedules import Optimisation
from inference.training.trainer import Limits, Trainer
from inference.training.uses import Use
from tests.helpers.tiny_training import shared_tree, tiny_recipe, trainer

ONE = Optimisation(epochs=1, batch=4, rate=1e-2, warmup=0, average=0.0)
MASKS = (Use("covid20-slices-256"), Use("covid20-stacks-128"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return shared_tree(tmp_path_factory.mktemp("data"))


def _part(system: str, part: str, **changes: object) -> Recipe:
    found = next(one for one in recipes(system, "compact") if one.part == part)
    settings = {**found.settings, **changes.pop("settings", {})}  # type: ignore[dict-item]
    fixed = {"size": 64, "window": 0, "optimisation": ONE, "settings": settings, "start": ""}
    return replace(found, **fixed, **changes)  # type: ignore[arg-type]


def _one_step(run: Trainer) -> dict[str, float]:
    run.run(Limits(asked=lambda: True))
    return dict(run.state.history[0]["terms"])


def test_every_epoch_has_as_many_batches_whatever_chance_draws(data: Path, tmp_path: Path) -> None:
    uses = (Use("covid20-slices-256", share=0.37), Use("covid20-stacks-128", share=1.4))
    run = trainer(data, tmp_path / "run.pt", replace(tiny_recipe(), uses=uses))
    lengths = set()
    for epoch in range(12):
        run.batches.start(epoch)
        lengths.add(len(run.batches))
        assert len(run.batches[len(run.batches) - 1].images) == run.how.batch
    assert lengths == {run.steps}


@pytest.mark.parametrize(
    ("recipe", "terms"),
    [
        (_part("jcs", "segmenter-alone", uses=MASKS, settings={"widths": [4, 4, 8, 8, 8]}),
         {"mask", "mask_2", "mask_3", "mask_4", "mask_5"}),
        (_part("cascade-severity", "lesions", uses=MASKS[:1], settings={"stem": 8, "growth": 4, "layers": [1] * 4}),
         {"mask"}),
        (_part("covid-mtnet", "ct-lungs", uses=MASKS[:1], settings={"widths": [4, 4, 8, 8]}), {"mask"}),
        (_part("specialised-streams", "manifestations", uses=MASKS, settings={"widths": [4, 4], "image_size": 64}),
         {"manifestations"}),
    ],
)  # fmt: skip
def test_step_changes_the_weights_by_every_output(data: Path, tmp_path: Path, recipe: Recipe, terms: set[str]) -> None:
    run = trainer(data, tmp_path / "run.pt", recipe)
    before = {name: value.clone() for name, value in run.network.state_dict().items()}
    found = _one_step(run)
    assert set(found) == terms
    assert all(torch.isfinite(torch.tensor(value)) for value in found.values())
    assert any(not torch.equal(value, before[name]) for name, value in run.network.state_dict().items())


def test_recogniser_is_taught_where_to_look_and_the_segmenter_adopts_it(data: Path, tmp_path: Path) -> None:
    small = {"layers": [1, 1, 1, 1], "channels": [4, 4, 8, 8], "stem": 4}
    recogniser = _part("jcs", "recogniser", settings=small)
    run = trainer(data, tmp_path / "recogniser.pt", recogniser)
    assert set(_one_step(run)) == {"recognition", "activation"}
    run.state.finished = True
    run.save()
    from inference.models.config import Res2NetConfig

    merged = replace(Res2NetConfig.compact(), layers=(1, 1, 1, 1), channels=(4, 4, 8, 8), stem=4)
    segmenter = _part("jcs", "segmenter", uses=MASKS, settings={"widths": [4, 4, 8, 8, 8], "recogniser": merged})
    other = trainer(data, tmp_path / "segmenter.pt", segmenter)
    other.begin_with(run.state)
    assert isinstance(other.network, JcsSegmenter) and other.network.companion is not None
    learned = run.state.weights
    for name, value in other.network.companion.state_dict().items():
        assert torch.equal(value, learned[f"encoder.{name}"]), name


def test_transfer_takes_what_fits_and_remembers_whom_it_has_seen(data: Path, tmp_path: Path) -> None:
    first = trainer(data, tmp_path / "a.pt", tiny_recipe(optimisation=ONE))
    _one_step(first)
    second = trainer(data, tmp_path / "b.pt", tiny_recipe(part="other", seed=3, labels=("non_covid", "covid"),
                     uses=MASKS[1:], settings={**tiny_recipe().settings, "labels": ["lung", "lesion"]}))  # fmt: skip
    fresh = {name: value.clone() for name, value in second.network.state_dict().items()}
    first.state.patients = (*first.state.patients, "someone-else")
    second.begin_with(first.state)
    moved = second.network.state_dict()
    for name, value in first.state.weights.items():
        expected = value if value.shape == moved[name].shape else fresh[name]
        assert torch.equal(moved[name], expected), name
    assert any(value.shape != moved[name].shape for name, value in first.state.weights.items())
    assert "someone-else" in second.state.patients
    assert torch.equal(second.average.values["encoder.levels.0.0.0.weight"], moved["encoder.levels.0.0.0.weight"])
