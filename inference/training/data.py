"""From a data folder and a recipe to the pictures to train on, to watch, and to judge on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inference.training.batches import Pool, pool
from inference.training.datasets.catalogue import ADAPTERS, found
from inference.training.datasets.sample import DEVELOP, TEST, DataError
from inference.training.lungs import with_lungs
from inference.training.packing import Pack, pack
from inference.training.recipes import Recipe

FOLDS = 5


@dataclass(frozen=True, eq=False)
class Split:
    """No patient is in two of them. ``watched`` is empty unless training may stop early; ``left_out`` if no fold is."""

    training: Pool
    watched: Pool
    left_out: Pool
    digests: dict[str, str]


def packs(
    recipe: Recipe, data: Path, cache: Path, progress: Callable[[str, int], None] = lambda name, count: None
) -> dict[str, Pack]:
    """The sets of a recipe that ``data`` holds, packed, with lungs where the network sees them alone.

    Raises DataError when it holds none of them.
    """
    places = found(data)
    names = [use.name for use in recipe.uses]
    present = {name: places[name] for name in names if name in places}
    if not present:
        raise DataError(f"{data} holds none of the data sets {', '.join(names)}.")
    packed = {
        name: pack(
            ADAPTERS[name], place, cache, recipe.size, recipe.channels,
            lambda count, name=name: progress(name, count),  # type: ignore[misc]
        )
        for name, place in present.items()
    }  # fmt: skip
    if not recipe.lungs_by:
        return packed
    return {name: with_lungs(one, recipe.lungs_by, cache) for name, one in packed.items()}


def split(recipe: Recipe, packed: dict[str, Pack], fold: str | None) -> Split:
    """Training pictures, those of the next fold to watch where training may stop early, and those of ``fold``.

    What early stopping watches is never the fold that is judged. Patients to develop or to test on train nothing.
    Raises DataError where nothing is left to train on.
    """
    everything = pool(packed, recipe.uses)
    folds = everything.folds()
    outside = np.isin(folds, (DEVELOP, TEST))
    left_out = (folds == fold) & ~outside if fold is not None else np.zeros(len(folds), bool)
    watched = np.zeros(len(folds), bool)
    if recipe.optimisation.patience or recipe.optimisation.schedule == "plateau":
        watched = (folds == watched_fold(fold)) & ~outside
    training = ~outside & ~left_out & ~watched
    if not training.any():
        raise DataError("Nothing is left to train on in these data sets and folds.")
    digests = {name: one.digest for name, one in packed.items()}
    return Split(everything.kept(training), everything.kept(watched), everything.kept(left_out), digests)


def watched_fold(fold: str | None) -> str:
    """The fold that early stopping watches: the one after the fold left out."""
    return str((int(fold) + 1) % FOLDS) if fold is not None else "0"
