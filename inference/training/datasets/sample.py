"""One labelled picture, whatever set it comes from. Nothing is read before it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from inference.errors import InferenceError
from inference.transforms.rendering import Box, Kind

Reader = Callable[[], NDArray[Any]]
"""Reads one picture (rows, columns)."""

MILLIMETRES = "mm"
"""Fact of a sample: millimetres per pixel."""
ASPECT = "aspect"
"""Fact of an X-ray: width over height, which betrays the source and so the class."""
DEVELOP = "develop"
TEST = "test"
NO_FOLD = ""
"""Fold of a sample that no list places; :func:`hashed_fold` gives it one."""


class DataError(InferenceError):
    """A data set is not where it should be, or not as its owner publishes it."""


@dataclass(frozen=True)
class Sample:
    """A slice or X-ray with what is known of it. What is None is unknown, and its loss term is skipped.

    Parameters
    ----------
    item
        A name that is unique within the adapter.
    source
        The set it comes from: recognition is judged within one source only.
    patient, fold
        Who it is, or what stands for one, and that patient's fold: ``"0"`` to ``"4"``, ``develop`` or ``test``.
    kind
        What the numbers of ``image`` are.
    image, lung, lesion, classes, effusion
        Readers of pictures of one shape. Masks: anything but 0 is inside. ``classes``: 1 ground-glass,
        2 consolidation, 3 effusion. Where ``lesion`` holds effusion too, ``classes`` or ``effusion`` say where.
    label
        What the whole picture shows: ``covid``, ``non_covid``, ``normal``, ``bacterial``, ``viral``,
        ``other_pneumonia``, ``pneumonia``.
    box
        The part of the picture to show, where that is not all of it.
    facts
        Numbers that tables need: millimetres per pixel, graded extent, grade of the volume.
    """

    item: str
    source: str
    patient: str
    fold: str
    kind: Kind
    image: Reader
    lung: Reader | None = None
    lesion: Reader | None = None
    classes: Reader | None = None
    effusion: Reader | None = None
    label: str | None = None
    box: Box | None = None
    facts: dict[str, float] = field(default_factory=dict)


class Adapter(Protocol):
    """Knows how one data set lies on disk."""

    @property
    def name(self) -> str:
        """How recipes call the set."""

    def find(self, data: Path) -> Path | None:
        """The set's folder inside (or at) ``data``, or None where it is not there."""

    def samples(self, folder: Path) -> Iterator[Sample]:
        """Every sample, in a fixed order. Raises DataError when something that belongs to the set is missing."""


_WIDER = {
    "pneumonia": {"bacterial", "viral", "other_pneumonia"},
    "non_covid": {"normal", "bacterial", "viral", "other_pneumonia"},
}


def is_of(label: str | None, name: str) -> bool:
    """Whether a picture's label is the class ``name``, or one that this class takes in."""
    return label is not None and (label == name or label in _WIDER.get(name, set()))


def hashed_fold(patient: str, folds: int = 5) -> str:
    """A fold that depends on the patient's name alone, for sets that no list splits."""
    from hashlib import sha256

    return str(int.from_bytes(sha256(patient.encode()).digest()[:4], "big") % folds)


def blank(shape: tuple[int, int]) -> Reader:
    """A reader of a mask in which nothing is marked."""
    return lambda: np.zeros(shape, np.uint8)
