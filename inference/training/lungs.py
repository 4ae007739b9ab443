"""Lungs of pictures on which nobody drew any, as shipped weights find them: for networks that see the lung alone."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.models.outputs import MASK
from inference.systems import weights
from inference.systems.model import Model
from inference.systems.runtime import open_model
from inference.systems.weights import Entry
from inference.training.datasets.sample import DataError
from inference.training.packing import Pack
from inference.training.planes import LUNG
from inference.transforms.lung_window import seen_through

_BATCH = 8


def teacher(name: str) -> Entry:
    """The shipped weights of that name. Raises DataError where there are none."""
    entry = weights.find(name)
    if entry is None or not entry.files:
        raise DataError(f"The lungs of these pictures are found by the weights {name}, which are not installed.")
    return entry


def with_lungs(packed: Pack, name: str, cache: Path) -> Pack:
    """The pack with a lung plane where none is known: what the weights called ``name`` find, and a little around it.

    It shows what a masked network gets to see; ``known`` stays false, so that no loss and no figure takes it for
    truth, and the digest becomes one of the weights as well. Whoever learns from it has seen the patients of those
    weights too. Kept in ``cache``. Raises DataError where the weights are not listed, WeightsMissing for altered ones.
    """
    missing = np.flatnonzero(~packed.known[:, LUNG])
    if not len(missing):
        return packed
    entry = teacher(name)
    digest = sha256(json.dumps([packed.digest, [file.sha256 for file in entry.files]]).encode()).hexdigest()
    place = cache / f"lungs-{packed.name}-{packed.size}-{digest[:16]}.npy"
    if not place.is_file():
        _write(place, _found(packed, missing, open_model(entry, "cpu")))
    planes = np.array(packed.planes)
    planes[missing, LUNG] = np.load(place)
    return replace(packed, planes=planes, digest=digest)


def _found(packed: Pack, numbers: NDArray[np.int64], model: Model) -> NDArray[np.uint8]:
    """One bit a pixel: (n, size, size/8)."""
    entry, out = model.entry, []
    index = next(head.labels.index("lung") for head in model.heads if head.name == MASK)
    for first in range(0, len(numbers), _BATCH):
        batch = numbers[first : first + _BATCH]
        grey = np.stack([_resized(packed.images[n, 0].astype(np.float32) / 255.0, entry.size) for n in batch])
        said = model((grey[:, None] - entry.mean) / entry.deviation, lambda warning: None)[MASK][:, index]
        fine = np.stack([_resized(one, packed.size) for one in said])
        out.append(np.packbits(seen_through(fine > entry.threshold), axis=-1))
    return np.concatenate(out)


def _resized(image: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _write(place: Path, planes: NDArray[np.uint8]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.stem}.{sha256(planes.tobytes()).hexdigest()[:8]}.npy")
    np.save(beside, planes)
    beside.replace(place)
