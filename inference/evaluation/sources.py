"""Which weights there are for a part of a system, and their records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from inference.errors import WeightsMissing
from inference.evaluation.neighbours import with_shortcuts
from inference.evaluation.records import Judge, Record, from_json, records
from inference.evaluation.summary import Row, rows
from inference.systems import runtime, weights
from inference.training import checkpoints
from inference.training.batches import pool
from inference.training.checkpoints import Checkpoint
from inference.training.data import FOLDS, packs, split
from inference.training.devices import Place
from inference.training.judging import Predict
from inference.training.recipes import Recipe

RECORDS = "records"


@dataclass(frozen=True)
class Where:
    """Where data, prepared pictures and checkpoints are, and what computes."""

    data: Path
    cache: Path
    out: Path
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
    trained = weights_of(recipe, where)
    everything = pool(packs(trained.recipe, where.data, where.cache), trained.recipe.uses)
    return list(records(trained, everything))


def part_rows(recipe: Recipe, where: Where, fold: str | None) -> list[Row]:
    """The rows of a part's records, recognition with what the sources alone would give."""
    found = rows(part_records(recipe, where, fold))
    if not recipe.labels:
        return found
    return with_shortcuts(found, pool(packs(recipe, where.data, where.cache), recipe.uses))


def weights_of(recipe: Recipe, where: Where) -> Judge:
    """The weights trained on all folds, else the shipped ones as they run. Raises WeightsMissing without either."""
    path = checkpoints.place(where.out, recipe, None)
    if path.is_file():
        return Judge.of(checkpoints.load(path), where.place)
    entry = weights.find(recipe.name)
    if entry is None:
        raise WeightsMissing(f"There are no weights of {recipe.name}; train it first.")
    model = runtime.open_model(entry, where.place.device.type)

    def predict(images: Tensor) -> dict[str, Tensor]:
        plain = images.cpu().numpy()
        found = model(plain, lambda warning: where.note(warning.text))
        if entry.mirrored:
            other = model(plain[..., ::-1].copy(), lambda warning: where.note(warning.text))
            maps = {head.name for head in model.heads if head.kind == "map"}
            found = {
                name: np.float32(0.5) * (value + (other[name][..., ::-1] if name in maps else other[name]))
                for name, value in found.items()
            }
        return {name: torch.from_numpy(value.copy()) for name, value in found.items()}

    own = replace(recipe, size=entry.size, channels=entry.channels)
    return Judge(own, model.heads, predict, entry.patients, tuple(entry.figures.get("sources", ())))


def cascaded(recipe: Recipe, lungs: Recipe, where: Where) -> list[Record]:
    """Records of a network that sees the lung alone, with the lung as the system's own lung network finds it."""
    out: list[Record] = []
    for fold in map(str, range(FOLDS)):
        paths = [checkpoints.place(where.out, one, fold) for one in (recipe, lungs)]
        if all(path.is_file() for path in paths):
            lesion, lung = (checkpoints.load(path) for path in paths)
            out += _computed(lesion, where, Judge.of(lung, where.place).predict)
    return out


def _fold_records(path: Path, where: Where) -> list[Record]:
    state = checkpoints.load(path)
    if not state.finished:
        where.note(f"{state.recipe.name}, fold {state.fold}: training is not finished; these weights are provisional.")
    digests = {name: pack.digest for name, pack in packs(state.recipe, where.data, where.cache).items()}
    kept = state.figures.get(RECORDS)
    if kept is not None and digests == state.data:
        return [from_json(one) for one in kept]
    return _computed(state, where)


def _computed(state: Checkpoint, where: Where, lungs: Predict | None = None) -> list[Record]:
    """Records of the fold that a checkpoint left out."""
    left_out = split(state.recipe, packs(state.recipe, where.data, where.cache), state.fold).left_out
    return list(records(Judge.of(state, where.place), left_out, lungs))
