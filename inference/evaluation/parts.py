"""Everything that is known of each trained part: its records on patients left out, and what runs in its name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from inference.errors import InferenceError
from inference.evaluation import archive
from inference.evaluation.archive import Fold
from inference.evaluation.measures import with_lung_shares
from inference.evaluation.records import Record
from inference.evaluation.sources import Where, cascaded, entry_of, fold_records, shipped, weight_records
from inference.systems.answers import together
from inference.systems.weights import Entry
from inference.training import checkpoints
from inference.training.checkpoints import Checkpoint
from inference.training.data import FOLDS
from inference.training.recipe_book import recipes, systems
from inference.training.recipes import Recipe

CASCADED = ", lungs found"
_LUNGS = "consensus-lungs-lesions"
_RECOGNISERS = "specialised-streams-recogniser", "specialised-streams-recogniser-lungs"


@dataclass(frozen=True)
class Part:
    """One network.

    ``trained`` are the records of finished folds, from their checkpoints or kept ones, ``shipped`` those of the weights
    in the folder of weights as they run; both of left-out patients only. ``missing`` says why there is neither.
    """

    name: str
    recipe: Recipe
    trained: tuple[Record, ...] = ()
    shipped: tuple[Record, ...] = ()
    folds: tuple[str, ...] = ()
    epochs: int = 0
    minutes: float = 0.0
    patients: int = 0
    entry: Entry | None = None
    file: str = ""
    missing: str = ""
    unfinished: tuple[str, ...] = field(default=())

    @property
    def records(self) -> tuple[Record, ...]:
        """What figures are made of: the checkpoints' where there are any, else the shipped weights'."""
        return self.trained or self.shipped


def gather(
    where: Where, as_shipped: bool | Collection[str] = True, kept: Path | None = None, keep: bool = False
) -> list[Part]:
    """Every part of the recipe book in its order; records of slices know how much lung the default finds in them.

    ``as_shipped``: shipped weights are run too (once; their records are kept in the cache), of every part or of those
    that are named (without the variant). ``kept`` is the folder of kept records: those of folds without a checkpoint
    are taken from it, and with ``keep`` those of folds with one are put there.
    """
    where = replace(where, unseen=True)
    found: list[Part] = []
    for recipe in _all():
        runs = as_shipped if isinstance(as_shipped, bool) else short(recipe) in as_shipped
        part = _part(recipe, where, runs, kept, keep)
        if recipe.variant == "paper" and not part.records:
            continue
        found.append(part)
        if recipe.masked and not recipe.lungs_by:
            found.append(_cascade(part, where) if part.records else replace(part, name=part.name + CASCADED))
    found += _joined({part.name: part for part in found})
    lungs = [one for part in found if part.name == _LUNGS for one in part.records]
    return [
        replace(
            part, trained=tuple(with_lung_shares(part.trained, lungs)),
            shipped=tuple(with_lung_shares(part.shipped, lungs)),
        )
        for part in found
    ]  # fmt: skip


def _joined(found: Mapping[str, Part]) -> Iterator[Part]:
    """The default's recognition: what its two recognisers say together, where both have records."""
    both = [found[name] for name in _RECOGNISERS if name in found]
    if len(both) < len(_RECOGNISERS) or not all(part.records for part in both):
        return
    recipe = replace(both[-1].recipe, system="consensus", part="recognition")
    trained, as_shipped = (
        tuple(joined([getattr(part, kind) for part in both])) for kind in ("trained", "shipped")
    )  # fmt: skip
    if trained or as_shipped:
        files = " and ".join(part.file for part in both if part.file)
        yield Part(
            short(recipe), recipe, trained, as_shipped, both[-1].folds, both[-1].epochs, both[-1].minutes,
            both[-1].patients, file=files,
        )  # fmt: skip


def joined(opinions: Sequence[Sequence[Record]]) -> Iterator[Record]:
    """Records of the pictures that all have judged, each with the mean of their log-odds."""
    by_picture = [{(one.set, one.item): one for one in records} for records in opinions]
    for key, first in by_picture[0].items():
        if not all(key in others for others in by_picture):
            continue
        said = [others[key] for others in by_picture]
        classes = {
            label: float(together([np.array([one.classes[label]], np.float32) for one in said])[0])
            for label in first.classes
        }
        yield replace(first, classes=classes, seen=any(one.seen for one in said))


def short(recipe: Recipe) -> str:
    """A part's name without the variant, unless that is the paper's."""
    return recipe.name.removesuffix("-compact")


def _all() -> Iterator[Recipe]:
    for variant in ("compact", "paper"):
        for system in systems():
            yield from recipes(system, variant)


def _part(recipe: Recipe, where: Where, as_shipped: bool, kept: Path | None, keep: bool) -> Part:
    states = list(_states(recipe, where.out))
    part = Part(
        short(recipe), recipe, unfinished=tuple(state.fold for _, state in states if not state.finished),
        entry=entry_of(recipe),
    )  # fmt: skip
    try:
        done = [(path, state) for path, state in states if state.finished]
        folds = _folds(part.name, done, where, kept)
        if kept is not None and keep and done:
            archive.save(kept, part.name, folds)
        part = _with_folds(part, folds)
        if as_shipped and part.entry is not None and not part.entry.disabled:
            trained_weights = shipped(recipe, where)
            records = _unseen(weight_records(trained_weights, where, trained_weights.fold or None))
            part = replace(part, shipped=tuple(records), file=trained_weights.file)
            part = part if part.patients else replace(part, patients=len(trained_weights.patients))
    except InferenceError as error:
        where.note(f"{recipe.name}: {error}")
        return replace(part, missing=str(error).replace(str(where.data), "the data folder"))
    return part if part.records else replace(part, missing=_why(part))


def _cascade(part: Part, where: Where) -> Part:
    lungs = next(one for one in recipes(part.recipe.system, part.recipe.variant) if one.part == "lungs")
    try:
        found = _unseen(cascaded(part.recipe, lungs, where))
    except InferenceError as error:
        return Part(part.name + CASCADED, part.recipe, missing=str(error))
    return replace(part, name=part.name + CASCADED, trained=tuple(found), shipped=(), entry=None)


def _states(recipe: Recipe, out: Path) -> Iterator[tuple[Path, Checkpoint]]:
    for fold in map(str, range(FOLDS)):
        path = checkpoints.place(out, recipe, fold)
        if path.is_file():
            yield path, checkpoints.load(path)


def _folds(name: str, done: Sequence[tuple[Path, Checkpoint]], where: Where, kept: Path | None) -> tuple[Fold, ...]:
    """Every finished fold: of checkpoints, and those that were kept before."""
    made = [
        Fold(state.fold, len(state.history), state.seconds, len(state.patients), tuple(fold_records(path, where)))
        for path, state in done
    ]
    return archive.merged(archive.load(kept, name) if kept else (), made)


def _with_folds(part: Part, folds: Sequence[Fold]) -> Part:
    if not folds:
        return part
    return replace(
        part, trained=tuple(_unseen(one for fold in folds for one in fold.records)),
        folds=tuple(one.fold for one in folds), epochs=folds[0].epochs,
        minutes=sum(one.seconds for one in folds) / len(folds) / 60.0, patients=folds[0].patients,
    )  # fmt: skip


def _unseen(found: Iterable[Record]) -> list[Record]:
    return [one for one in found if not one.seen]


def _why(part: Part) -> str:
    if part.entry is not None and part.entry.disabled:
        return part.entry.disabled
    if part.unfinished:
        return f"training of fold {', '.join(part.unfinished)} is not finished"
    return "not trained"
