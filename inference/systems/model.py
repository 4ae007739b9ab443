"""What a trained network is to those who ask it, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference.findings import Warning
from inference.models.outputs import Head
from inference.systems.weights import Entry, StoredFile

Images = NDArray[np.float32]
Answers = dict[str, NDArray[np.float32]]
Notify = Callable[[Warning], None]
BATCH = {"cpu": 4, "mps": 8, "cuda": 32}
"""Pictures at a time, by device."""


class Model(Protocol):
    """A network that can be asked."""

    @property
    def entry(self) -> Entry:
        """What it is."""

    @property
    def heads(self) -> tuple[Head, ...]:
        """Its outputs."""

    @property
    def file(self) -> StoredFile:
        """The weight file that runs."""

    @property
    def device(self) -> str:
        """Where it runs."""

    @property
    def notices(self) -> tuple[Warning, ...]:
        """What the reader ought to know about how it runs."""

    def __call__(self, images: Images, notify: Notify) -> Answers:
        """Probabilities of every head for normalised images (n, c, h, w); ``notify`` hears of every fallback."""
