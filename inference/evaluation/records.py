"""What a network said of each left-out picture, small enough to keep, so that every figure can be made of it later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.evaluation.counts import Counts
from inference.evaluation.shapes import e_measure, hausdorff95
from inference.models.outputs import Head
from inference.training.batches import Pool
from inference.training.checkpoints import Checkpoint
from inference.training.datasets.sample import MILLIMETRES
from inference.training.datasets.shared_ct import LESION_PIXELS
from inference.training.devices import Place
from inference.training.judging import Judged, Predict, judge, predictor, restored
from inference.training.planes import PLANES
from inference.training.recipes import Recipe

CUT_OFF = 0.5
_LESION, _LUNG = "lesion", "lung"


@dataclass(frozen=True)
class Record:
    """One picture.

    ``counts`` per map label: pixels true positive, false positive, false negative, true negative. ``alignment`` is the
    E-measure, ``distance`` HD95 in ``unit``. ``classes`` and ``findings`` are probabilities, ``present`` the truth of
    the findings. ``lesion_score`` orders slices by disease: pixels found, plus the highest probability. ``lung_share``
    is the share of the picture found to be lung. ``lesion_pixels`` is the truth at the source's own size.
    """

    set: str
    item: str
    source: str
    patient: str
    fold: str
    seen: bool = False
    label: str | None = None
    counts: dict[str, list[int]] = field(default_factory=dict)
    alignment: dict[str, float] = field(default_factory=dict)
    distance: dict[str, float | None] = field(default_factory=dict)
    unit: str = "px"
    classes: dict[str, float] = field(default_factory=dict)
    findings: dict[str, float] = field(default_factory=dict)
    present: dict[str, bool] = field(default_factory=dict)
    lesion_score: float | None = None
    lesion_pixels: float | None = None
    lung_share: float | None = None


@dataclass(frozen=True, eq=False)
class Judge:
    """A trained network as it is judged: its outputs, how it answers, and whom its weights have seen.

    ``fold`` is the one that its weights left out, ``identity`` a hash of the weights that run (nothing where there is
    none), ``file`` the name of their file.
    """

    recipe: Recipe
    heads: tuple[Head, ...]
    predict: Predict
    patients: tuple[str, ...]
    sources: tuple[str, ...]
    fold: str = ""
    identity: str = ""
    file: str = ""

    @classmethod
    def of(cls, state: Checkpoint, place: Place) -> Judge:
        """That of a checkpoint."""
        network = restored(state.recipe, state.weights, place)
        predict = predictor(network, place, state.recipe.mirrored)
        return cls(
            state.recipe, network.heads, predict, state.patients, state.sources, state.fold, _identity(state)
        )  # fmt: skip


def records(trained: Judge, source: Pool, lungs: Predict | None = None) -> Iterator[Record]:
    """A record of every picture of a pool; ``lungs`` finds the lung for a network that sees the lung alone."""
    seen = frozenset(trained.patients)
    for one in judge(trained.heads, trained.predict, source, trained.recipe.masked, lungs):
        yield _record(one, source, seen)


def to_json(record: Record) -> dict[str, Any]:
    """Plain values."""
    return asdict(record)


def from_json(values: dict[str, Any]) -> Record:
    """The record of plain values."""
    return Record(**values)


def _identity(state: Checkpoint) -> str:
    """A hash of the weights."""
    digest = sha256()
    for name, value in sorted(state.weights.items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _record(one: Judged, source: Pool, seen: frozenset[str]) -> Record:
    row = source.row(one.number)
    spacing = row.facts.get(MILLIMETRES)
    inside = one.probabilities > CUT_OFF
    counts, alignment, distance = {}, {}, {}
    for n, label in enumerate(one.labels):
        if one.known[n]:
            said, true = inside[n] & one.weight[n], one.truth[n] & one.weight[n]
            found = Counts.of(said, true, one.weight[n])
            counts[label] = [found.tp, found.fp, found.fn, found.tn]
            alignment[label] = e_measure(said, true)
            distance[label] = hausdorff95(said, true, (spacing, spacing) if spacing else None)
    return Record(
        source.packs[int(source.where[one.number, 0])].name, row.item, row.source, row.patient, row.fold,
        row.patient in seen, row.label, counts, alignment, distance, "mm" if spacing else "px", one.classes,
        one.findings, _present(one, source), _lesion_score(one, inside), row.facts.get(LESION_PIXELS),
        _share(one, inside, _LUNG),
    )  # fmt: skip


def _present(one: Judged, source: Pool) -> dict[str, bool]:
    """Which findings are drawn, of those that the network names and the picture knows."""
    known = source.known(one.number)
    if not one.findings:
        return {}
    _, planes = source.picture(one.number)
    return {name: bool(planes[PLANES.index(name)].any()) for name in one.findings if known[PLANES.index(name)]}


def _lesion_score(one: Judged, inside: NDArray[np.bool_]) -> float | None:
    if _LESION not in one.labels:
        return None
    n = one.labels.index(_LESION)
    return float(inside[n].sum()) + float(one.probabilities[n].max())


def _share(one: Judged, inside: NDArray[np.bool_], label: str) -> float | None:
    return float(inside[one.labels.index(label)].mean()) if label in one.labels else None
