"""What the sources alone would give, printed beside every recogniser: thumbnails' neighbours, and the film's shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.evaluation.figures import confusion
from inference.evaluation.measures import ALL_SOURCES, CLASSES
from inference.evaluation.records import Record
from inference.evaluation.roc import auc
from inference.evaluation.summary import AGAINST, SEEN, Row
from inference.training.batches import Pool
from inference.training.datasets.sample import ASPECT, is_of

THUMBNAIL = 32
NEIGHBOURS = 15


def thumbnail_auc(source: Pool, positive: str, judged: frozenset[str] | None = None) -> float | None:
    """AUC of the share of ``positive`` among the fifteen nearest thumbnails of the other folds; None for one class.

    All pictures of the other folds vote; of the items ``judged`` (else of all) the area is.
    """
    numbers = [n for n in range(len(source)) if source.row(n).label is not None]
    if not numbers:
        return None
    pictures = np.stack([_thumbnail(source.picture(n)[0][0]) for n in numbers])
    truth = np.array([is_of(source.row(n).label, positive) for n in numbers])
    folds = np.array([source.row(n).fold for n in numbers])
    scores = np.zeros(len(numbers))
    for fold in np.unique(folds):
        here, others = folds == fold, folds != fold
        if others.any():
            scores[here] = _vote(pictures[here], pictures[others], truth[others])
    chosen = np.array([judged is None or source.row(n).item in judged for n in numbers], bool)
    return auc(scores[chosen], truth[chosen])


def shape_auc(source: Pool, positive: str, judged: frozenset[str] | None = None) -> float | None:
    """AUC of being square alone, the better way round; None where no X-ray's shape is known or there is one class."""
    every = [row for row in map(source.row, range(len(source))) if row.label is not None and ASPECT in row.facts]
    known = [row for row in every if judged is None or row.item in judged]
    square = [float(row.facts[ASPECT] == 1.0) for row in known]
    found = auc(square, [is_of(row.label, positive) for row in known])
    return None if found is None else max(found, 1.0 - found)


def with_shortcuts(rows: list[Row], source: Pool, judged: Sequence[Record]) -> list[Row]:
    """The rows with what the sources alone would give, over the same pictures.

    Those about recognition within one source get ``shortcuts``, both AUCs; those about the classes of all sources
    ``sources_alone``, a confusion.
    """
    out = []
    for row in rows:
        if row["what"] == CLASSES and row["set"] == ALL_SOURCES:
            mine = [one for one in judged if one.seen == (row["who"] == SEEN)]
            row = {**row, "figures": {**row["figures"], "sources_alone": by_source_alone(source, mine)}}
        positive = row["what"].removesuffix(AGAINST)
        if positive == row["what"]:
            out.append(row)
            continue
        mine = [one for one in judged if one.source == row["set"] and one.seen == (row["who"] == SEEN)]
        out.append({**row, "figures": {**row["figures"], "shortcuts": shortcuts(source, positive, mine)}})
    return out


def shortcuts(source: Pool, positive: str, judged: Sequence[Record]) -> dict[str, float | None]:
    """Thumbnails' neighbours and the film's shape, over the pictures of the records, which are of one source.

    Pictures of that source with other labels do not vote.
    """
    items, origin = frozenset(one.item for one in judged), {one.source for one in judged}
    labels = {one.label for one in judged}
    every = map(source.row, range(len(source)))
    keep = np.array([row.source in origin and row.label in labels for row in every], bool)
    same = source.kept(keep)
    return {"thumbnails": thumbnail_auc(same, positive, items), "square": shape_auc(same, positive, items)}


def by_source_alone(source: Pool, judged: Sequence[Record]) -> dict[str, Any]:
    """The confusion of answering each picture with the commonest class of its source in the other folds.

    A picture whose source has none there is answered with the commonest class of all. Nothing where no class is known.
    """
    rows = [row for row in map(source.row, range(len(source))) if row.label is not None]
    answered = []
    for one in judged:
        others = [row for row in rows if row.fold != one.fold]
        near = [row for row in others if row.source == one.source] or others
        names = tuple(one.classes)
        votes = [sum(is_of(row.label, name) for row in near) for name in names]
        if any(votes):
            answered.append(replace(one, classes={name: float(n == np.argmax(votes)) for n, name in enumerate(names)}))
    return confusion(answered)


def _thumbnail(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(image, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel() / 255.0


def _vote(these: NDArray[np.float32], others: NDArray[np.float32], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    distance = (these**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2.0 * these @ others.T
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :NEIGHBOURS]
    return np.asarray(truth[nearest].mean(axis=1), np.float64)
