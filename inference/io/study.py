"""What the readers return: a study as its headers tell it, and a loaded series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from inference.verdict import Verdict
from inference.volume import LabelMap, Volume, VolumeGeometry

Kind = Literal["dicom", "nifti", "nrrd", "metaimage", "image"]


@dataclass(frozen=True)
class WindowLevel:
    """Display window: ``width`` and ``level`` (centre) in the volume's units."""

    width: float
    level: float
    name: str = ""
    function: Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"] = "LINEAR"


@dataclass(frozen=True)
class Identity:
    """Who the patient is. Kept apart: shown in the window unless hidden, written only when asked for."""

    name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    accession: str = ""


@dataclass(frozen=True, eq=False)
class SeriesInfo:
    """A series as its headers tell it; no pixel was read. All but ``identity`` and ``source`` is patient-free.

    ``source`` is the reader's own handle (file paths, sorted slices, archive members); nobody else looks inside.
    """

    index: int
    uid: str
    study_uid: str
    kind: Kind
    modality: str
    description: str
    slices: int
    rows: int
    columns: int
    spacing_mm: tuple[float, float, float] | None
    """``(k, j, i)``."""
    thickness_mm: float | None
    kernel: str
    study_date: str
    body_part: str
    transfer_syntax: str
    frame_of_reference_uid: str
    verdict: Verdict
    """Provisional: from headers alone."""
    loadable: bool
    score: float
    """How well it fits (chest, thin, non-contrast, lung or standard kernel); the highest is proposed."""
    reason: str
    """Why it is proposed or not, in a few words."""
    identity: Identity
    source: Any = field(repr=False)
    windows: tuple[WindowLevel, ...] = ()
    is_localizer: bool = False
    is_xray: bool = False
    monochrome1: bool = False
    """Photometric interpretation MONOCHROME1: low values are shown white (the stored values stay as they are)."""


@dataclass(frozen=True)
class Problem:
    """A file that was left out, and why, in one sentence without the path's folder."""

    file: str
    text: str


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that one opened path holds. ``proposed`` is the index into ``series`` or None."""

    path: Path
    series: tuple[SeriesInfo, ...]
    proposed: int | None
    problems: tuple[Problem, ...] = ()
    files_seen: int = 0


@dataclass(frozen=True, eq=False)
class FirstImage:
    """The first decoded slice: index ``k`` of the volume to come, its pixels and the geometry of the whole."""

    k: int
    pixels: NDArray[np.int16]
    geometry: VolumeGeometry
    info: SeriesInfo


class Allocate(Protocol):
    """Where the voxels go: an int16 array of the wanted shape (ordinary or shared memory)."""

    def __call__(self, shape: tuple[int, int, int]) -> NDArray[np.int16]:
        """Uninitialised voxels of that shape, C order."""
        ...


@dataclass(frozen=True, eq=False)
class LoadedSeries:
    """A series in memory.

    ``volume`` has an orthogonal grid: a tilted gantry's shear was resampled away. ``source_geometry`` is the grid of
    the files, and :meth:`to_source` brings a mask back to it.
    """

    info: SeriesInfo
    volume: Volume
    source_geometry: VolumeGeometry
    verdict: Verdict
    seconds: float
    restore: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None
    tags: Callable[[int], Mapping[str, Any]] | None = None
    """``tags(k)`` returns a pydicom Dataset of slice k without pixels (DICOM only), for the tag viewer."""
    scout: SeriesInfo | None = None
    """A localizer of the same study and frame of reference, if there is one."""

    def to_source(self, labels: LabelMap) -> LabelMap:
        """The mask on the grid of the files."""
        if self.restore is None:
            return LabelMap(labels.array, self.source_geometry)
        return LabelMap(self.restore(labels.array), self.source_geometry)
