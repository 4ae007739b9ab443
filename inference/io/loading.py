"""Fills a volume from an open reader: the middle slice first, then the rest in threads, and stops when asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inference.errors import InputShapeError, SeriesError
from inference.io.memory import reuse_freed_memory
from inference.io.reader import AIR_HU, SeriesSource, SliceDamaged, SliceReader
from inference.io.stream import StreamReader
from inference.io.study import Allocate, FirstImage, SeriesInfo
from inference.io.tilt import Straightening, straightening
from inference.pipeline.cancellation import CancellationToken
from inference.volume import Units, VolumeGeometry

MAX_THREADS = 8
MAX_LOST = 0.25
"""A series of which more slices are damaged is refused; fewer make a gap, which the verdict judges."""
_PROGRESS_SECONDS = 0.05


@dataclass(frozen=True, eq=False)
class Filled:
    """The voxels, their grid and units."""

    array: NDArray[np.int16]
    geometry: VolumeGeometry
    units: Units
    straightening: Straightening | None
    lost: tuple[int, ...]
    """Damaged slices; they hold air."""


@dataclass(frozen=True, eq=False)
class Hooks:
    """Who wants to hear of the load, and who may stop it."""

    first_image: Callable[[FirstImage], None] | None = None
    progress: Callable[[float], None] | None = None
    cancel: CancellationToken | None = None

    def check(self) -> None:
        """Raise Cancelled if asked to stop."""
        if self.cancel is not None:
            self.cancel.check()


def fill(info: SeriesInfo, source: SeriesSource, allocate: Allocate | None, hooks: Hooks) -> Filled:
    """Read every slice.

    Raises
    ------
    SeriesError
        If a slice cannot be read, or the volume does not fit the memory.
    Cancelled
        If stopped.
    """
    straight = straightening(source.geometry)
    geometry = straight.target if straight is not None else source.geometry
    _refuse_too_large(geometry)
    reuse_freed_memory()
    array = allocate(geometry.shape) if allocate is not None else np.empty(geometry.shape, dtype=np.int16)
    if array.shape != geometry.shape or array.dtype != np.int16:
        raise InputShapeError(f"The memory given for the voxels is {array.dtype} {array.shape}, not {geometry.shape}.")
    for k in source.missing:
        array[k] = AIR_HU
    reader = source.open()
    if isinstance(reader, StreamReader):
        reader.stop_when(hooks.check)
    try:
        filling = _Filling(info, source, reader, straight, geometry, array, hooks)
        filling.run()
        return Filled(array, geometry, reader.units(), straight, tuple(sorted(filling.lost)))
    finally:
        reader.close()


def threads() -> int:
    """Threads that decode: one per usable core, within reason."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(MAX_THREADS, usable))


def middle(source: SeriesSource) -> int:
    """The slice nearest the middle that the source has."""
    missing = set(source.missing)
    slices = source.geometry.shape[0]
    return min((k for k in range(slices) if k not in missing), key=lambda k: abs(k - slices // 2))


@dataclass(frozen=True, eq=False)
class _Filling:
    info: SeriesInfo
    source: SeriesSource
    reader: SliceReader
    straight: Straightening | None
    geometry: VolumeGeometry
    array: NDArray[np.int16]
    hooks: Hooks
    lost: dict[int, SliceDamaged] = field(default_factory=dict)

    def run(self) -> None:
        present = [k for k in range(self.geometry.shape[0]) if k not in set(self.source.missing)]
        if not self.reader.parallel:
            first = middle(self.source)
            for done, k in enumerate(present):
                self.read(k)
                if k == first:
                    self.show(k)
                self.tell((done + 1) / len(present))
            return
        self.read_in_threads(self.read_first(present))
        if len(self.lost) > MAX_LOST * len(present):
            raise next(iter(self.lost.values()))
        self.tell(1.0)

    def read_first(self, present: list[int]) -> list[int]:
        """Read and show the sound slice nearest the middle; returns what is left to read."""
        half = self.geometry.shape[0] // 2
        for k in sorted(present, key=lambda k: abs(k - half)):
            self.read(k)
            if k not in self.lost:
                self.show(k)
                self.hooks.check()
                rest = [other for other in present if other != k and other not in self.lost]
                if rest:
                    self.reader.settle(k, self.source_slice(k))
                return rest
        raise next(iter(self.lost.values()))

    def read_in_threads(self, slices: list[int]) -> None:
        if not slices:
            return
        queue, failed, done = iter(slices), [False], [0]

        def work() -> None:
            for k in _until_failure(queue, failed):
                try:
                    self.read(k)
                except BaseException:
                    failed[0] = True
                    raise
                done[0] += 1

        with ThreadPoolExecutor(threads(), thread_name_prefix="read-slices") as pool:
            pending: set[Future[None]] = {pool.submit(work) for _ in range(threads())}
            futures = set(pending)
            while pending:
                _, pending = wait(pending, _PROGRESS_SECONDS, FIRST_EXCEPTION)
                if not failed[0] and not (self.hooks.cancel and self.hooks.cancel.cancelled):
                    self.tell(done[0] / len(slices))
        for future in futures:
            future.result()

    def read(self, k: int) -> None:
        self.hooks.check()
        try:
            if self.straight is None:
                self.reader.read(k, self.array[k])
            else:
                self.straight.straighten(k, self.source_slice(k), self.array[k])
        except SliceDamaged as damage:
            self.array[k] = AIR_HU
            self.lost[k] = damage

    def source_slice(self, k: int) -> NDArray[np.int16]:
        pixels: NDArray[np.int16] = self.array[k]
        if self.straight is None:
            return pixels
        pixels = np.empty(self.source.geometry.shape[1:], dtype=np.int16)
        self.reader.read(k, pixels)
        return pixels

    def show(self, k: int) -> None:
        if self.hooks.first_image is not None:
            units = self.reader.units()
            self.hooks.first_image(FirstImage(k, self.array[k].copy(), self.geometry, self.info, units))

    def tell(self, fraction: float) -> None:
        if self.hooks.progress is not None:
            self.hooks.progress(fraction)


def _until_failure(queue: Iterator[int], failed: list[bool]) -> Iterator[int]:
    while not failed[0]:
        k = next(queue, None)  # atomic for a list's iterator: each slice goes to one thread
        if k is None:
            return
        yield k


def _refuse_too_large(geometry: VolumeGeometry) -> None:
    import psutil

    slices, rows, columns = geometry.shape
    needed, free = 2 * slices * rows * columns, int(psutil.virtual_memory().available)
    if needed > 0.9 * free:
        raise SeriesError(
            f"This series needs {needed / 2**30:.1f} GB of memory and {free / 2**30:.1f} GB are free; "
            "close other programs, or open a thicker reconstruction."
        )
