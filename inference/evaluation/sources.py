"""Which weights there are for a part of a system, and their records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inference.errors import WeightsMissing
from inference.evaluation.neighbours import with_shortcuts
from inference.evaluation.records import Record, from_json, records, to_json
from inference.evaluation.summary import Row, rows
from inference.training import checkpoints
from inference.training.batches import pool
from inference.training.checkpoints import Checkpoint
from inference.training.data import FOLDS, packs, split
from inference.training.devices import Place
from inference.training.export import Trained, read
from inference.training.judging import Predict, predictor, restored
from inference.training.recipes import Recipe

RECORDS = "records"


@dataclass(frozen=True)
class Where:
    """Where data, prepared pictures and weights are, and what computes."""

    data: Path
    cache: Path
    out: Path
    shipped: Path
    place: Place
    note: Callable[[str], None]


def part_records(recipe: Recipe, where: Where, fold: str | None) -> list[Record]:
    """Records of a part: of the fold asked for, else cross-validated over the folds there are, else of its weights.

    Records that a fold's checkpoint holds already are taken from it when the data are still the same. Weights that
    were trained on all folds know every patient, so their records are marked ``seen``. Raises WeightsMissing where
    there is nothing to evaluate.
    """
    folds = [fold] if fold is not None else [str(n) for n in range(FOLDS)]
    paths = [checkpoints.place(where.out, recipe, one) for one in folds]
    out = [one for path in paths if path.is_file() for one in _fold_records(path, where)]
    if out or fold is not None:
        if not out:
            raise WeightsMissing(f"{recipe.name} was not trained with fold {fold} left out; train it first.")
        return out
    return _weights_records(recipe, where)


def fold_records(state: Checkpoint, where: Where, lungs: Predict | None = None) -> list[Record]:
    """Records of the fold that a checkpoint left out, computed now."""
    packed = packs(state.recipe, where.data, where.cache)
    left_out = split(state.recipe, packed, state.fold).left_out
    network = restored(state.recipe, state.weights, where.place)
    seen = frozenset(state.patients)
    return list(records(state.recipe, network, left_out, where.place, seen=seen, lungs=lungs))


def cascaded(recipe: Recipe, lungs: Recipe, where: Where) -> list[Record]:
    """Records of a network that sees the lung alone, with the lung as the system's own lung network finds it."""
    out: list[Record] = []
    for fold in map(str, range(FOLDS)):
        paths = [checkpoints.place(where.out, one, fold) for one in (recipe, lungs)]
        if all(path.is_file() for path in paths):
            lesion, lung = (checkpoints.load(path) for path in paths)
            found = predictor(restored(lung.recipe, lung.weights, where.place), where.place)
            out += fold_records(lesion, where, found)
    return out


def _fold_records(path: Path, where: Where) -> list[Record]:
    state = checkpoints.load(path)
    if not state.finished:
        where.note(f"{state.recipe.name}, fold {state.fold}: training is not finished; these weights are provisional.")
    digests = {name: pack.digest for name, pack in packs(state.recipe, where.data, where.cache).items()}
    kept = state.figures.get(RECORDS)
    if kept is not None and digests == state.data:
        return [from_json(one) for one in kept]
    return fold_records(state, where)


def _weights_records(recipe: Recipe, where: Where) -> list[Record]:
    trained = weights_of(recipe, where)
    own = trained.recipe
    everything = pool(packs(own, where.data, where.cache), own.uses)
    network = restored(own, trained.weights, where.place)
    return list(records(own, network, everything, where.place, seen=frozenset(trained.patients)))


def part_rows(recipe: Recipe, where: Where, fold: str | None) -> list[Row]:
    """The rows of a part's records, recognition with what the sources alone would give."""
    found = rows(part_records(recipe, where, fold))
    if not recipe.labels:
        return found
    return with_shortcuts(found, pool(packs(recipe, where.data, where.cache), recipe.uses))


def weights_of(recipe: Recipe, where: Where) -> Trained:
    """The weights trained on all folds, else the shipped ones. Raises WeightsMissing where there are neither."""
    path = checkpoints.place(where.out, recipe, None)
    shipped = where.shipped / f"{recipe.name}.safetensors"
    if path.is_file():
        state = checkpoints.load(path)
        return Trained(state.recipe, state.weights, state.patients, state.sources)
    if shipped.is_file():
        return read(shipped)
    raise WeightsMissing(f"There are no weights of {recipe.name}; train it first.")


def remembered(found: list[Record]) -> list[dict[str, object]]:
    """Records as a checkpoint keeps them."""
    return [to_json(one) for one in found]
