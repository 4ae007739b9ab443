"""Scanning a path and loading a series, off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inference.io.study import FirstImage, LoadedSeries, SeriesInfo, Study
from inference.pipeline.cancellation import CancellationToken
from inference.pipeline.isolated import SharedVolume
from inference.pipeline.shared import SharedArray
from inference.volume import Point
from viewer.state.session import Masks, Session
from viewer.state.studies import same_study

if TYPE_CHECKING:
    from viewer.jobs.runner import Jobs, Report


@dataclass(frozen=True)
class _Place:
    """A point in a patient. Series of one study with one frame of reference share it, as the two kernels of a scan."""

    study_uid: str
    frame_uid: str
    point: Point

    def within(self, loaded: LoadedSeries) -> Point | None:
        """The point, where that series shows it too."""
        geometry = loaded.volume.geometry
        same = (loaded.info.study_uid, geometry.frame_of_reference_uid) == (self.study_uid, self.frame_uid)
        if not (same and geometry.orientation_known):
            return None
        index = geometry.to_index(self.point)
        inside = np.all(index >= -0.5) and np.all(index <= np.array(geometry.shape) - 0.5)
        return self.point if inside else None


def _place(loaded: LoadedSeries, point: Point) -> _Place | None:
    """Where a point of an open series lies in the patient; None where the files do not tell."""
    geometry = loaded.volume.geometry
    known = geometry.orientation_known and geometry.frame_of_reference_uid
    return _Place(loaded.info.study_uid, geometry.frame_of_reference_uid, point) if known else None


class ReadingJobs:
    """Fills ``session.study`` and ``session.loaded``. One scan and one load at a time: a new one ends the old."""

    def __init__(self, session: Session, jobs: Jobs) -> None:
        self._session = session
        self._jobs = jobs
        self._scan_number: int | None = None
        self._load_number: int | None = None
        self.shared: SharedVolume | None = None
        """The loaded series' voxels in shared memory."""
        self._left: _Place | None = None
        """Where the reader looked in the series that was open before."""

    def scan(self, path: Path, on_done: Callable[[], None] | None, on_found: Callable[[], None] | None) -> int:
        """Scan headers; ``session.series_found`` tells each series, ``session.study`` the whole.

        A path that holds nothing leaves the session as it was; ``on_found`` comes before the first series.
        """
        self._give_up(self._scan_number)
        session = self._session
        session.scanning.value = True
        begun = False

        def begin() -> None:
            nonlocal begun
            if not begun:
                begun = True
                session.study.value = None
                if on_found is not None:
                    on_found()

        def tell(info: SeriesInfo) -> None:
            begin()
            session.series_found.emit(info)

        def work(report: Report, token: CancellationToken) -> Study:
            from inference.io.open import scan

            def found(info: SeriesInfo) -> None:
                self._jobs.post(lambda: self._if_current(number, lambda: tell(info)))

            return scan(path, on_series=found, cancel=token)

        def done(study: Study) -> None:
            begin()
            session.scanning.value = False
            session.study.value = study
            if on_done is not None:
                on_done()

        def stopped(_: BaseException) -> None:
            self._if_current(number, lambda: setattr(session.scanning, "value", False))

        number = self._jobs.run("Reading headers", work, done, on_stopped=stopped)
        self._scan_number = number
        return number

    def load(self, info: SeriesInfo, on_done: Callable[[], None] | None, xray: bool | None = None) -> int:
        """Load a series for reading: the first image shows before the rest is there.

        ``xray`` says whether a picture is an X-ray, where the reader knows better than its look.
        """
        self._give_up(self._load_number)
        session = self._session
        if session.loaded.value is not None:
            self._left = _place(session.loaded.value, session.crosshair.value)
        self._forget_series()
        if session.selected.value is None or not same_study(session.selected.value, info):
            session.co_rads.value = None
        session.selected.value = info
        session.loading.value = 0.0

        def first(image: FirstImage) -> None:
            self._jobs.post(lambda: self._if_loading(number, lambda: setattr(session.first_image, "value", image)))

        def progress(fraction: float) -> None:
            self._jobs.post(lambda: self._if_loading(number, lambda: setattr(session.loading, "value", fraction)))

        def work(report: Report, token: CancellationToken) -> tuple[LoadedSeries, SharedVolume]:
            def on_progress(fraction: float) -> None:
                report(fraction)
                progress(fraction)

            return self._load(info, token, first, on_progress, xray)

        def done(result: tuple[LoadedSeries, SharedVolume]) -> None:
            if number != self._load_number:
                result[1].voxels.release()
                return
            self._show(*result)
            if on_done is not None:
                on_done()

        def stopped(_: BaseException) -> None:
            if number == self._load_number:
                session.loading.value = None

        number = self._jobs.run("Loading images", work, done, on_stopped=stopped)
        self._load_number = number
        return number

    def load_beside(self, info: SeriesInfo) -> int:
        """Load a second series, for comparison only."""

        def work(report: Report, token: CancellationToken) -> LoadedSeries:
            return self._load(info, token, lambda image: None, report)[0]

        return self._jobs.run(
            "Loading second series", work, lambda loaded: setattr(self._session.beside, "value", loaded)
        )

    def unload(self) -> None:
        """Give up a load in progress and forget the open series: another study is about to be opened."""
        self._give_up(self._load_number)
        self._load_number = self._left = None
        self._session.loading.value = self._session.co_rads.value = None
        self._forget_series()

    def close(self) -> None:
        """Release the shared memory of the open series."""
        if self.shared is not None:
            self.shared.voxels.release()
            self.shared = None

    def _load(
        self,
        info: SeriesInfo,
        token: CancellationToken,
        first: Callable[[FirstImage], None],
        progress: Callable[[float], None],
        xray: bool | None = None,
    ) -> tuple[LoadedSeries, SharedVolume]:
        from inference.io.open import load
        from inference.pipeline.xray import recognised

        kept: list[SharedArray] = []

        def allocate(shape: tuple[int, int, int]) -> NDArray[np.int16]:
            kept.append(SharedArray(shape, np.int16))
            return kept[-1].array

        try:
            loaded = load(
                info, study=self._session.study.value, allocate=allocate, on_first_image=first, on_progress=progress,
                cancel=token,
            )  # fmt: skip
            return _in_shared_memory(recognised(loaded, xray), kept)
        except BaseException:
            for voxels in kept:
                voxels.release()
            raise

    def _show(self, loaded: LoadedSeries, shared: SharedVolume) -> None:
        session = self._session
        self.shared = shared
        session.loading.value = None
        session.verdict.value = loaded.verdict
        kept = None if self._left is None else self._left.within(loaded)
        session.crosshair.value = loaded.volume.geometry.centre if kept is None else kept
        session.loaded.value = loaded
        session.first_image.value = None

    def _forget_series(self) -> None:
        session = self._session
        session.findings.value = None
        session.masks.value = Masks(version=session.masks.value.version + 1)
        session.hovered_lesion.value = None
        session.lobes.value = None
        session.measurements.clear()
        session.beside.value = None
        session.first_image.value = None
        session.verdict.value = None
        session.loaded.value = None
        self.close()

    def _give_up(self, number: int | None) -> None:
        if number is not None:
            self._jobs.cancel(number)

    def _if_current(self, number: int, then: Callable[[], None]) -> None:
        if number == self._scan_number:
            then()

    def _if_loading(self, number: int, then: Callable[[], None]) -> None:
        if number == self._load_number and self._session.loaded.value is None:
            then()


def _in_shared_memory(loaded: LoadedSeries, kept: list[SharedArray]) -> tuple[LoadedSeries, SharedVolume]:
    """The series with its voxels in shared memory: as the reader put them there, or copied (after a resampling)."""
    home = next((one for one in kept if np.shares_memory(one.array, loaded.volume.array)), None)
    same = home is not None and loaded.volume.array.shape == home.array.shape
    if home is None or not same or loaded.volume.array.strides != home.array.strides:
        copy = SharedArray(loaded.volume.array.shape, np.int16)
        copy.array[...] = loaded.volume.array
        home = copy
    for other in kept:
        if other is not home:
            other.release()
    home.array.flags.writeable = False
    volume = replace(loaded.volume, array=home.array)
    return replace(loaded, volume=volume), SharedVolume(volume, home)
