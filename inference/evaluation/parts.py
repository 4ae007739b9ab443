"""Everything that is known of each trained part: its records on patients left out, and what runs in its name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from inference.errors import InferenceError
from inference.evaluation.measures import with_lung_shares
from inference.evaluation.records import Record
from inference.evaluation.sources import Where, cascaded, entry_of, fold_records, shipped, weight_records
from inference.systems.weights import Entry
from inference.training import checkpoints
from inference.training.checkpoints import Checkpoint
from inference.training.data import FOLDS
from inference.training.recipe_book import recipes, systems
from inference.training.recipes import Recipe

CASCADED = ", lungs found"
_LUNGS = "consensus-lungs-lesions"


@dataclass(frozen=True)
class Part:
    """One network.

    ``trained`` are the records of finished fold checkpoints, ``shipped`` those of the weights in the folder of weights
    as they run; both of left-out patients only. ``missing`` says why there is neither.
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


def gather(where: Where, as_shipped: bool | Collection[str] = True) -> list[Part]:
    """Every part of the recipe book in its order; records of slices know how much lung the default finds in them.

    ``as_shipped``: shipped weights are run too (once; their records are kept in the cache), of every part or of those
    that are named (without the variant).
    """
    where = replace(where, unseen=True)
    found: list[Part] = []
    for recipe in _all():
        runs = as_shipped if isinstance(as_shipped, bool) else short(recipe) in as_shipped
        part = _part(recipe, where, runs)
        if recipe.variant == "paper" and not part.records:
            continue
        found.append(part)
        if recipe.masked and part.records:
            found.append(_cascade(part, where))
    lungs = [one for part in found if part.name == _LUNGS for one in part.records]
    return [
        replace(
            part, trained=tuple(with_lung_shares(part.trained, lungs)),
            shipped=tuple(with_lung_shares(part.shipped, lungs)),
        )
        for part in found
    ]  # fmt: skip


def short(recipe: Recipe) -> str:
    """A part's name without the variant, unless that is the paper's."""
    return recipe.name.removesuffix("-compact")


def _all() -> Iterator[Recipe]:
    for variant in ("compact", "paper"):
        for system in systems():
            yield from recipes(system, variant)


def _part(recipe: Recipe, where: Where, as_shipped: bool) -> Part:
    states = list(_states(recipe, where.out))
    done = [(path, state) for path, state in states if state.finished]
    part = Part(
        short(recipe), recipe, folds=tuple(state.fold for _, state in done),
        unfinished=tuple(state.fold for _, state in states if not state.finished), entry=entry_of(recipe),
    )  # fmt: skip
    try:
        trained = _unseen(one for path, _ in done for one in fold_records(path, where))
        part = _with_facts(replace(part, trained=tuple(trained)), [state for _, state in done])
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


def _with_facts(part: Part, states: Sequence[Checkpoint]) -> Part:
    if not states:
        return part
    minutes = sum(state.seconds for state in states) / len(states) / 60.0
    return replace(part, epochs=len(states[0].history), minutes=minutes, patients=len(states[0].patients))


def _unseen(found: Iterable[Record]) -> list[Record]:
    return [one for one in found if not one.seen]


def _why(part: Part) -> str:
    if part.entry is not None and part.entry.disabled:
        return part.entry.disabled
    if part.unfinished:
        return f"training of fold {', '.join(part.unfinished)} is not finished"
    return "not trained"
