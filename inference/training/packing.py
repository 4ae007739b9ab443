"""Rendered pictures and their planes, packed once, so that an epoch decodes nothing.

A pack is a folder: ``images.npy`` uint8 (n, channels, size, size), ``planes.npy`` one bit a pixel (n, planes, size,
size/8), ``known.npy`` bool (n, planes) and ``meta.json``. Arrays are mapped, not read, so processes share them.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.training.datasets.sample import ASPECT, MILLIMETRES, Adapter, DataError, Sample
from inference.training.planes import PLANES, planes_of
from inference.transforms.rendering import RENDERING_VERSION, Box, Kind, render, soft_tissue

Channel = str
"""``local``: the one rendering. ``soft``: the soft-tissue picture, black where there are no Hounsfield units."""

_ARRAYS = ("images", "planes", "known")
_PACK_VERSION = 3
"""Goes up when an adapter or the planes give other contents for the same files."""


@dataclass(frozen=True)
class Row:
    """What is known of one packed picture besides its pixels."""

    item: str
    source: str
    patient: str
    fold: str
    kind: str
    label: str | None
    facts: dict[str, float]


@dataclass(frozen=True, eq=False)
class Pack:
    """One packed set. ``digest`` is the SHA-256 of its arrays and rows."""

    name: str
    size: int
    images: NDArray[np.uint8]
    planes: NDArray[np.uint8]
    known: NDArray[np.bool_]
    rows: tuple[Row, ...]
    digest: str

    def picture(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Channels (c, size, size) and planes (p, size, size; 0 or 1) of one picture."""
        return self.images[index], np.unpackbits(self.planes[index], axis=-1)


def pack(
    adapter: Adapter, folder: Path, cache: Path, size: int, channels: tuple[Channel, ...] = ("local",),
    progress: Callable[[int], None] = lambda count: None,
) -> Pack:  # fmt: skip
    """The set at ``folder``, from the cache if nothing has changed, else packed now (``progress`` gets the count).

    Raises DataError when the set is empty or the size no multiple of eight.
    """
    if size % 8:
        raise DataError(f"Pictures are packed at multiples of 8 pixels, not at {size}.")
    key = sha256(f"{_PACK_VERSION} {RENDERING_VERSION} {size} {channels} {_listing(folder)}".encode()).hexdigest()[:16]
    place = cache / f"{adapter.name}-{size}-{key}"
    if not (place / "meta.json").is_file():
        _write(adapter, folder, place, size, channels, progress)
    return _open(adapter.name, place, size)


def _listing(folder: Path) -> str:
    """Names, sizes and times of all files, and of the fold list beside them."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    lists = [folder.parent / "folds.csv"] if (folder.parent / "folds.csv").is_file() else []
    stats = [(path.relative_to(folder.parent).as_posix(), path.stat()) for path in files + lists]
    return "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)


def _write(
    adapter: Adapter, folder: Path, place: Path, size: int, channels: tuple[Channel, ...],
    progress: Callable[[int], None],
) -> None:  # fmt: skip
    images: list[NDArray[np.uint8]] = []
    planes: list[NDArray[np.uint8]] = []
    known: list[NDArray[np.bool_]] = []
    rows: list[dict[str, Any]] = []
    for sample in adapter.samples(folder):
        marked, which = planes_of(sample, size)
        image = sample.image()
        images.append(_channels(sample, image, size, channels))
        planes.append(np.packbits(marked, axis=-1))
        known.append(which)
        rows.append(
            {"item": sample.item, "source": sample.source, "patient": sample.patient, "fold": sample.fold,
             "kind": sample.kind.value, "label": sample.label, "facts": _facts(sample, image, size)}
        )  # fmt: skip
        progress(len(rows))
    if not rows:
        raise DataError(f"The data set {adapter.name} at {folder} holds nothing.")
    beside = place.with_name(f"{place.name}.{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    digest = sha256(json.dumps(rows, sort_keys=True).encode())
    stacked: tuple[NDArray[Any], ...] = (np.stack(images), np.stack(planes), np.stack(known))
    for name, array in zip(_ARRAYS, stacked, strict=True):
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
        np.save(beside / f"{name}.npy", array)
    (beside / "meta.json").write_text(json.dumps({"planes": PLANES, "digest": digest.hexdigest(), "rows": rows}))
    try:
        beside.rename(place)
    except OSError:  # another process packed the same meanwhile
        shutil.rmtree(beside, ignore_errors=True)


def _facts(sample: Sample, image: NDArray[Any], size: int) -> dict[str, float]:
    """The sample's facts, millimetres turned into those of a packed pixel, and the shape that an X-ray loses here."""
    if sample.kind is Kind.XRAY:
        return {**sample.facts, ASPECT: image.shape[1] / image.shape[0]}
    if MILLIMETRES not in sample.facts:
        return sample.facts
    side = (sample.box or Box.whole((image.shape[0], image.shape[1]))).side
    return {**sample.facts, MILLIMETRES: sample.facts[MILLIMETRES] * side / size}


def _channels(sample: Sample, image: NDArray[Any], size: int, channels: tuple[Channel, ...]) -> NDArray[np.uint8]:
    out = np.zeros((len(channels), size, size), np.uint8)
    for n, channel in enumerate(channels):
        if channel == "local":
            out[n] = render(image, sample.kind, size, sample.box)
        elif channel == "soft" and sample.kind is Kind.HU:
            out[n] = soft_tissue(image, size, sample.box)
    return out


def _open(name: str, place: Path, size: int) -> Pack:
    try:
        meta = json.loads((place / "meta.json").read_text())
        images, planes, known = (np.load(place / f"{array}.npy", mmap_mode="r") for array in _ARRAYS)
    except (OSError, ValueError) as error:
        raise DataError(f"The cached data set {place} is damaged; delete it and train again.") from error
    return Pack(name, size, images, planes, known, tuple(Row(**row) for row in meta["rows"]), meta["digest"])
