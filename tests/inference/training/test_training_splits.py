"""No patient is in two parts of a split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.training.batches import pool
from inference.training.data import packs, split, watched_fold
from inference.training.datasets.catalogue import ADAPTERS, found
from inference.training.datasets.sample import DataError, hashed_fold
from inference.training.datasets.shared_ct import folds
from inference.training.recipe_book import recipes, systems
from inference.training.schedules import Optimisation
from tests.helpers.shared_data import shared_data
from tests.helpers.tiny_training import shared_tree, tiny_recipe, write_csv

PATIENT = Optimisation(epochs=1, batch=2, rate=1e-3, patience=3)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_tree(tmp_path_factory.mktemp("data"), patients=10)


@pytest.mark.parametrize("fold", [None, "0", "3", "4"])
@pytest.mark.parametrize("how", [PATIENT, Optimisation(epochs=1, batch=2, rate=1e-3)])
def test_no_patient_is_in_two_parts(data: Path, tmp_path: Path, fold: str | None, how: Optimisation) -> None:
    recipe = tiny_recipe(optimisation=how)
    parts = split(recipe, packs(recipe, data, tmp_path), fold)
    groups = [set(one.patients()) for one in (parts.training, parts.watched, parts.left_out)]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])
    assert groups[0]
    assert bool(groups[1]) == bool(how.patience)
    assert bool(groups[2]) == (fold is not None)


def test_left_out_fold_is_the_one_asked_for_and_never_the_one_watched(data: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(optimisation=PATIENT)
    for fold in "01234":
        parts = split(recipe, packs(recipe, data, tmp_path), fold)
        assert set(parts.left_out.folds()) == {fold}
        assert set(parts.watched.folds()) == {watched_fold(fold)} != {fold}


def test_patients_to_develop_or_test_on_are_in_no_part(tmp_path: Path) -> None:
    data = shared_tree(tmp_path / "data", patients=5)
    rows = [(*key, *value) for key, value in folds(data).items()]
    write_csv(
        data / "folds.csv",
        ("folder", "item", "patient", "source", "fold"),
        [(*row[:4], {"1": "test", "2": "develop"}.get(row[4], row[4])) for row in rows],
    )
    folds.cache_clear()
    recipe = tiny_recipe(optimisation=PATIENT)
    for fold in (None, "0", "1"):
        parts = split(recipe, packs(recipe, data, tmp_path / "cache"), fold)
        kept = {*parts.training.folds(), *parts.watched.folds(), *parts.left_out.folds()}
        assert not kept & {"test", "develop"}


def test_item_that_no_list_places_is_refused(tmp_path: Path) -> None:
    data = shared_tree(tmp_path / "data", patients=3)
    (data / "covid20-slices-256" / "case-1").rename(data / "covid20-slices-256" / "unknown")
    recipe = tiny_recipe()
    with pytest.raises(DataError, match="must not be trained on"):
        packs(recipe, data, tmp_path / "cache")


def test_folder_without_any_wanted_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds none of the data sets"):
        packs(tiny_recipe(), tmp_path, tmp_path / "cache")


def test_hashed_folds_depend_on_the_patient_alone_and_fill_all_five() -> None:
    names = [f"patient-{n}" for n in range(200)]
    first = [hashed_fold(name) for name in names]
    assert first == [hashed_fold(name) for name in names]
    assert {*first} == set("01234")
    assert min(first.count(fold) for fold in "01234") > 20


def test_list_of_the_real_images_has_one_fold_for_each_patient() -> None:
    where: dict[str, set[str]] = {}
    for patient, _, fold in folds(shared_data()).values():
        where.setdefault(patient, set()).add(fold)
    assert len(where) > 200
    assert all(len(one) == 1 for one in where.values())


def test_test_patients_of_the_real_images_belong_to_no_adapter() -> None:
    data = shared_data()
    held = {patient for patient, _, fold in folds(data).values() if fold in {"test", "develop"}}
    assert held == {"covid-P001", "normal-001", "cap-001"}
    small = [name for name in found(data) if name in {"covid20-slices-256", "ct100-slices-512", "plethora-effusion"}]
    for name in small:
        assert not held & {one.patient for one in ADAPTERS[name].samples(data / name)}


def test_every_recipe_uses_known_sets_and_every_start_is_an_earlier_part() -> None:
    for system in systems():
        for variant in ("paper", "compact"):
            seen: list[str] = []
            for recipe in recipes(system, variant):  # type: ignore[arg-type]
                assert {use.name for use in recipe.uses} <= set(ADAPTERS)
                assert not recipe.start or recipe.start in seen
                seen.append(recipe.part)


def test_pool_of_no_known_set_is_empty() -> None:
    assert len(pool({}, tiny_recipe().uses)) == 0
    assert np.array_equal(pool({}, tiny_recipe().uses).folds(), np.empty(0, str))
