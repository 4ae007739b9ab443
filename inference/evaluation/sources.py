"""Which weights there are for a part of a system, and their records."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from inference.errors import WeightsMissing
from inference.evaluation.neighbours import with_shortcuts
from inference.evaluation.records import Judge, Record, from_json, records, to_json
from inference.evaluation.summary import Row, rows
from inference.systems import runtime, weights
from inference.training import checkpoints
from inference.training.batches import Pool, pool
from inference.training.data import FOLDS, packs, split
from inference.training.devices import Place
from inference.training.planes import EFFUSION, LESION
from inference.training.recipes import Recipe
from inference.training.uses import Use

RECORDS = "records"
JUDGED = 2
"""Version of the judging; records kept under another are made anew."""
_RUNS = {"Torch": "PyTorch", "OpenVino": "OpenVINO"}
STACKS = (Use("covid20-stacks-128", "no lesion"), Use("covid20-stacks-128", "lesion"))


@dataclass(frozen=True)
class Where:
    """Where data, prepared pictures and checkpoints are, and what computes.

    ``unseen``: only patients whom the weights do not know are judged.
    """

    data: Path
    cache: Path
    out: Path
    place: Place
    note: Callable[[str], None]
    unseen: bool = False


def part_records(recipe: Recipe, where: Where, fold: str | None) -> list[Record]:
    """Records of a part: of the fold asked for, else cross-validated over the folds there are, else of its weights.

    Records that a fold's checkpoint holds already are taken from it when the data are still the same. Without
    checkpoints the shipped weights are judged as they run: patients whom they know are marked ``seen``, and a fold can
    be asked for where they left it out. Raises WeightsMissing where there is nothing to evaluate.
    """
    folds = [fold] if fold is not None else [str(n) for n in range(FOLDS)]
    paths = [checkpoints.place(where.out, recipe, one) for one in folds]
    out = [one for path in paths if path.is_file() for one in fold_records(path, where)]
    if out:
        return out
    try:
        return weight_records(weights_of(recipe, where), where, fold)
    except WeightsMissing as missing:
        if fold is None:
            raise
        raise WeightsMissing(
            f"{recipe.name} was not trained with fold {fold} left out; train it first. ({missing})"
        ) from missing


def weight_records(trained: Judge, where: Where, fold: str | None = None) -> list[Record]:
    """Records of weights on the pictures of their recipe (of one fold), kept for the next time.

    Raises WeightsMissing for a fold that the weights have not left out.
    """
    if fold is not None and trained.fold != fold:
        raise WeightsMissing(f"The weights of {trained.recipe.name} have not left fold {fold} out.")
    everything = pool(packs(trained.recipe, where.data, where.cache), trained.recipe.uses)
    return kept_records(trained, _chosen(everything, trained, where, fold), where)


def kept_records(trained: Judge, source: Pool, where: Where, lungs: Judge | None = None) -> list[Record]:
    """Records of a pool, from the cache where the same weights have judged the same pictures before."""
    digests = [one.digest for one in source.packs]
    who = [trained.identity, lungs.identity if lungs else "", trained.recipe.name, *digests]
    key = sha256(json.dumps([JUDGED, *who, source.where.tolist()]).encode()).hexdigest()[:16]
    place = where.cache / "records" / f"{trained.recipe.name}-{key}.json"
    if trained.identity and place.is_file():
        return [from_json(one) for one in json.loads(place.read_text("utf-8"))]
    found = list(records(trained, source, lungs.predict if lungs else None))
    if trained.identity:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.{os.getpid()}")
        beside.write_text(json.dumps([to_json(one) for one in found]), "utf-8")
        beside.replace(place)
    return found


def part_rows(recipe: Recipe, where: Where, fold: str | None) -> list[Row]:
    """The rows of a part's records, recognition with what the sources alone would give."""
    found = part_records(recipe, where, fold)
    made = rows(found)
    if not recipe.labels:
        return made
    return with_shortcuts(made, pool(packs(recipe, where.data, where.cache), recipe.uses), found)


def weights_of(recipe: Recipe, where: Where) -> Judge:
    """The weights trained on all folds, else the shipped ones as they run. Raises WeightsMissing without either."""
    path = checkpoints.place(where.out, recipe, None)
    if path.is_file():
        return Judge.of(checkpoints.load(path), where.place)
    return shipped(recipe, where)


def shipped(recipe: Recipe, where: Where) -> Judge:
    """The shipped weights as they run. Raises WeightsMissing where there are none, or they are altered."""
    entry = entry_of(recipe)
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

    own = replace(recipe, size=entry.size, channels=entry.channels, mirrored=entry.mirrored)
    sources = tuple(entry.figures.get("sources", ()))
    fold = str(entry.figures.get("fold_left_out") or "")
    runs = type(model).__name__.removesuffix("Model")
    identity = f"{runs} {model.file.sha256} {model.device}"
    return Judge(
        own,
        model.heads,
        predict,
        entry.patients,
        sources,
        fold,
        identity,
        f"{model.file.name} ({_RUNS.get(runs, runs)})",
    )


def entry_of(recipe: Recipe) -> weights.Entry | None:
    """The manifest's line of a part, under its own name or that of a fold left out."""
    listed = weights.manifest()
    names = [recipe.name, *(f"{recipe.name}-fold{n}" for n in range(FOLDS))]
    return next((listed[name] for name in names if name in listed), None)


def cascaded(recipe: Recipe, lungs: Recipe, where: Where) -> list[Record]:
    """Records of a network that sees the lung alone, with the lung as the system's own lung network finds it.

    The stacks, which have no lung drawn, are judged too: that is where slices are told apart.
    """
    out: list[Record] = []
    for fold in map(str, range(FOLDS)):
        paths = [checkpoints.place(where.out, one, fold) for one in (recipe, lungs)]
        if all(path.is_file() for path in paths):
            states = [checkpoints.load(path) for path in paths]
            if all(state.finished for state in states):
                lesion, lung = (Judge.of(state, where.place) for state in states)
                out += _in_cascade(lesion, lung, where, fold)
    if not out:
        lesion, lung = weights_of(recipe, where), weights_of(lungs, where)
        known = tuple(sorted({*lesion.patients, *lung.patients}))
        out = _in_cascade(replace(lesion, patients=known), lung, where, lesion.fold or None)
    return out


def _in_cascade(lesion: Judge, lung: Judge, where: Where, fold: str | None) -> list[Record]:
    """Of a fold, or of everybody."""
    whole = replace(lesion.recipe, uses=(*lesion.recipe.uses, *STACKS))
    source = _chosen(pool(packs(whole, where.data, where.cache), whole.uses), lesion, where, fold)
    return kept_records(lesion, source, where, lung)


def _chosen(source: Pool, trained: Judge, where: Where, fold: str | None) -> Pool:
    keep = np.ones(len(source), bool) if fold is None else source.folds() == fold
    if where.unseen:
        known = frozenset(trained.patients)
        keep &= np.array([source.row(n).patient not in known for n in range(len(source))], bool)
    return source.kept(keep)


def fold_records(path: Path, where: Where) -> list[Record]:
    """Records of the fold that a checkpoint left out: those in it, or made now where the data have changed."""
    state = checkpoints.load(path)
    if not state.finished:
        where.note(f"{state.recipe.name}, fold {state.fold}: training is not finished; these weights are provisional.")
    packed = packs(state.recipe, where.data, where.cache)
    left_out = split(state.recipe, packed, state.fold).left_out
    trained = Judge.of(state, where.place)
    kept = state.figures.get(RECORDS)
    if kept is None or {name: pack.digest for name, pack in packed.items()} != state.data:
        return kept_records(trained, left_out, where)
    anew = {(one.set, one.item): one for one in records(trained, left_out.kept(_with_fluid(left_out)))}
    found = [from_json(one) for one in kept]
    return [anew.get((one.set, one.item), one) for one in found]


def _with_fluid(source: Pool) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Pictures whose lesion holds effusion: checkpoints of earlier versions left that out of their figures."""
    out = np.zeros(len(source), bool)
    for n in range(len(source)):
        if source.known(n)[[LESION, EFFUSION]].all():
            out[n] = bool(source.picture(n)[1][EFFUSION].any())
    return out
