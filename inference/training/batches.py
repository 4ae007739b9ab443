"""What one training step takes, and the data set that gives it: every batch can be made again from its number."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from inference.training.augmentation import Augmentation, augment, mix
from inference.training.datasets.sample import is_of
from inference.training.packing import Pack, Row
from inference.training.planes import EFFUSION, LESION, LUNG
from inference.training.uses import Use

MEAN, DEVIATION = 0.5, 0.25
"""Grey levels 0..1 reach a network as ``(grey - MEAN) / DEVIATION``."""


@dataclass(frozen=True)
class Batch:
    """``images`` (n, c, h, w), normalised; ``planes`` (n, p, h, w), 0 or 1; ``known`` (n, p); ``labels`` (n, classes),
    shares of classes, a row of zeros where the class is unknown."""

    images: Tensor
    planes: Tensor
    known: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on a device, images channels last."""
        images = self.images.to(device, non_blocking=True, memory_format=torch.channels_last)
        rest = {name: getattr(self, name).to(device, non_blocking=True) for name in ("planes", "known", "labels")}
        return replace(self, images=images, **rest)


@dataclass(frozen=True, eq=False)
class Pool:
    """Pictures of one or several packs: parallel lists of pack, index in it and share."""

    packs: tuple[Pack, ...]
    where: NDArray[np.int64]
    """(n, 2): number of the pack, index in it."""
    share: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.where)

    def row(self, n: int) -> Row:
        """What is known of picture ``n``."""
        return self.packs[int(self.where[n, 0])].rows[int(self.where[n, 1])]

    def known(self, n: int) -> NDArray[np.bool_]:
        """Which planes of picture ``n`` are known."""
        return np.asarray(self.packs[int(self.where[n, 0])].known[int(self.where[n, 1])])

    def picture(self, n: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Channels and planes of picture ``n``."""
        return self.packs[int(self.where[n, 0])].picture(int(self.where[n, 1]))

    def kept(self, keep: NDArray[np.bool_]) -> Pool:
        """The pool of the pictures for which ``keep`` is true."""
        return Pool(self.packs, self.where[keep], self.share[keep])

    def patients(self) -> tuple[str, ...]:
        """Everyone in the pool, sorted."""
        return tuple(sorted({self.row(n).patient for n in range(len(self))}))

    def sources(self) -> tuple[str, ...]:
        """Every source in the pool, sorted."""
        return tuple(sorted({self.row(n).source for n in range(len(self))}))

    def folds(self) -> NDArray[np.str_]:
        """The fold of each picture."""
        return np.array([self.row(n).fold for n in range(len(self))], dtype=np.str_)


def pool(packs: dict[str, Pack], uses: tuple[Use, ...]) -> Pool:
    """The pictures that ``uses`` name, of the packs that are there."""
    chosen = [use for use in uses if use.name in packs]
    kept = tuple(packs[use.name] for use in chosen)
    where, share = [], []
    for number, (use, one) in enumerate(zip(chosen, kept, strict=True)):
        index = np.flatnonzero([_fits(one, n, use) for n in range(len(one.rows))])
        where.append(np.stack([np.full(len(index), number), index], axis=1))
        share.append(np.full(len(index), use.share))
    if not where:
        return Pool((), np.empty((0, 2), np.int64), np.empty(0))
    return Pool(kept, np.concatenate(where).astype(np.int64), np.concatenate(share))


def _fits(one: Pack, n: int, use: Use) -> bool:
    if use.source and one.rows[n].source != use.source:
        return False
    if use.only == "labelled":
        return one.rows[n].label is not None
    drawn = {"lung drawn": LUNG, "lesion known": LESION, "classes": EFFUSION}
    if use.only in drawn:
        return bool(one.known[n, drawn[use.only]])
    if use.only in {"lesion", "no lesion"}:
        return bool(one.known[n, LESION]) and bool(one.planes[n, LESION].any()) == (use.only == "lesion")
    return True


class Epochs(Dataset[Batch]):
    """Batches of an epoch by number. Which pictures, in which order and how changed follows from seed and epoch."""

    def __init__(
        self, source: Pool, *, batch: int, augmentation: Augmentation, labels: tuple[str, ...], seed: int,
        mixing: float = 0.0, window: int = 0, masked: bool = False, rank: int = 0, world: int = 1,
    ) -> None:  # fmt: skip
        self._source, self._batch, self._augmentation = source, batch, augmentation
        self._labels, self._seed, self._mixing = labels, seed, mixing
        self._masked, self._window, self._rank, self._world = masked, window, rank, world
        self._order = np.empty(0, np.int64)
        self._length = max(int(source.share.sum()) // (batch * world), 1) * batch * world
        self._epoch = 0
        self.start(0)

    def start(self, epoch: int) -> None:
        """Draw the order of an epoch: each picture as often as its share says, the rest of a share by chance.

        Every epoch has the same length: what chance drew too much is left out, what it drew too little comes again.
        """
        rng = np.random.default_rng((self._seed, epoch))
        times = np.floor(self._source.share + rng.random(len(self._source))).astype(np.int64)
        order = rng.permutation(np.repeat(np.arange(len(self._source)), times))
        self._epoch = epoch
        self._order = np.resize(order, self._length) if len(order) else order

    def __len__(self) -> int:
        return self._length // (self._batch * self._world)

    def __getitem__(self, number: int) -> Batch:
        first = (number * self._world + self._rank) * self._batch
        chosen = self._order[first : first + self._batch]
        made = [self._one(int(n), first + place) for place, n in enumerate(chosen)]
        images = np.stack([image for image, _ in made])
        labels = np.stack([self._label(int(n)) for n in chosen])
        if self._mixing:
            named = np.flatnonzero(labels.sum(axis=1))
            images[named], labels[named] = mix(images[named], labels[named], self._mixing, self._generator(first))
        planes = np.stack([marked for _, marked in made]).astype(np.float32)
        known = np.stack([self._source.known(int(n)) for n in chosen]).astype(np.float32)
        return batch_of(images, planes, known, labels)

    def _one(self, n: int, place: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        image, planes = self._source.picture(n)
        if self._masked:
            image = image * planes[LUNG]
        return augment(image, planes, self._augmentation, self._generator(place, n), self._window)

    def _generator(self, *numbers: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, self._epoch, *numbers))

    def _label(self, n: int) -> NDArray[np.float32]:
        label = self._source.row(n).label
        return np.array([float(is_of(label, name)) for name in self._labels], np.float32)


def batch_of(
    images: NDArray[np.float32], planes: NDArray[np.float32], known: NDArray[np.float32], labels: NDArray[np.float32]
) -> Batch:
    """A batch of arrays, images given as grey levels 0..1."""
    return Batch(
        torch.from_numpy((images - MEAN) / DEVIATION), torch.from_numpy(planes), torch.from_numpy(known),
        torch.from_numpy(labels),
    )  # fmt: skip
