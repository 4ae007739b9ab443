"""Open a study: ``scan`` reads headers only, ``load`` reads one series into memory.

study = scan("ct/")                                    # folder, file, DICOMDIR, zip, NIfTI, NRRD, MetaImage, picture
loaded = load(study.series[study.proposed], study=study)
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from inference.errors import SeriesError
from inference.io.loading import Hooks, fill
from inference.io.reader import SeriesSource
from inference.io.scanning import Scan
from inference.io.study import Allocate, FirstImage, LoadedSeries, SeriesInfo, Study
from inference.io.thumbnail import thumbnail
from inference.io.verdict import from_voxels
from inference.pipeline.cancellation import CancellationToken
from inference.volume import Volume

__all__ = ["load", "scan", "thumbnail"]


def scan(
    path: str | os.PathLike[str],
    *,
    on_series: Callable[[SeriesInfo], None] | None = None,
    cancel: CancellationToken | None = None,
) -> Study:
    """Read the headers of everything under ``path``.

    ``on_series`` is called as series become known, in the order of :attr:`Study.series`; a series whose files lie in
    several folders is told again, under the same index and uid, when all of it is known.

    Raises
    ------
    SeriesError
        If there is nothing that can be read, in one sentence.
    Cancelled
        If stopped.
    """
    return Scan(Path(path), on_series, cancel).run()


def load(
    info: SeriesInfo,
    *,
    study: Study | None = None,
    allocate: Allocate | None = None,
    on_first_image: Callable[[FirstImage], None] | None = None,
    on_progress: Callable[[float], None] | None = None,
    cancel: CancellationToken | None = None,
) -> LoadedSeries:
    """Read one series: its middle image first, then the rest in threads.

    Parameters
    ----------
    info
        From :func:`scan`.
    study
        Where ``info`` comes from, to find its scout.
    allocate
        Where the int16 voxels go; ordinary memory without it.
    on_first_image, on_progress
        Called in the calling thread; progress is 0..1.
    cancel
        Looked at before every slice, and more often where one takes long.

    Raises
    ------
    SeriesError
        If the series cannot be read.
    Cancelled
        If stopped.
    """
    started = time.perf_counter()
    source: SeriesSource | None = info.source
    if source is None or not info.loadable:
        raise SeriesError(f"Series {info.index} cannot be opened: {info.reason}.")
    hooks = Hooks(on_first_image, on_progress, cancel)
    filled = fill(info, source, allocate, hooks)
    hooks.check()
    volume = Volume(
        array=filled.array,
        geometry=filled.geometry,
        units=filled.units,
        padding_hu=source.padding_hu,
        missing_slices=tuple(sorted({*source.missing, *filled.lost})),
        patient_position=source.patient_position,
    )
    straight = filled.straightening
    return LoadedSeries(
        info=info,
        volume=volume,
        source_geometry=source.geometry,
        verdict=from_voxels(source.verdict(filled.units, filled.lost), volume),
        seconds=time.perf_counter() - started,
        restore=straight.restore if straight is not None else None,
        tags=source.tags if info.kind == "dicom" else None,  # type: ignore[arg-type]
        scout=_scout(info, study),
    )


def _scout(info: SeriesInfo, study: Study | None) -> SeriesInfo | None:
    """A localizer of the same study and frame of reference."""
    if study is None or not info.frame_of_reference_uid:
        return None
    for other in study.series:
        same = (other.study_uid, other.frame_of_reference_uid) == (info.study_uid, info.frame_of_reference_uid)
        if other.is_localizer and same and other.loadable and other is not info:
            return other
    return None
