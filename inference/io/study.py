"""What the readers return: a study as its headers tell it, and a loaded series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from inference.verdict import Verdict
from inference.volume import LabelMap, Units, Volume, VolumeGeometry

Kind = Literal["dicom", "nifti", "nrrd", "metaimage", "image"]


@dataclass(frozen=True)
class VoiTable:
    """A VOI LUT (DICOM PS3.3 C.11.2.1.1): what is shown for each value from ``first`` on, in the volume's units.

    Values beyond its ends are shown as the end's. Entries have ``bits`` bits: ``2**bits - 1`` is white.
    """

    first: int
    bits: int
    _packed: bytes = field(repr=False)

    @classmethod
    def of(cls, first: int, bits: int, entries: NDArray[Any]) -> VoiTable:
        """The table of those entries, whole numbers from 0 to ``2**bits - 1``."""
        return cls(first, bits, entries.astype(np.uint16).tobytes())

    @property
    def entries(self) -> NDArray[np.uint16]:
        """uint16, one for each value."""
        return np.frombuffer(self._packed, np.uint16)

    @property
    def white(self) -> int:
        """The highest entry there can be."""
        return (1 << self.bits) - 1

    def at(self, values: NDArray[np.float64]) -> NDArray[np.uint16]:
        """The entries for values, each taken for the whole number nearest to it."""
        index = np.clip(np.rint(values) - self.first, 0, self.entries.size - 1)
        return np.asarray(np.minimum(self.entries[index.astype(np.intp)], self.white))


@dataclass(frozen=True)
class WindowLevel:
    """Display window: ``width`` and ``level`` (centre) in the volume's units.

    Where there is a ``table``, it alone says what is shown, and width and level are what it spans.
    """

    width: float
    level: float
    name: str = ""
    function: Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"] = "LINEAR"
    table: VoiTable | None = None


@dataclass(frozen=True)
class Identity:
    """Who the patient is. Kept apart: shown in the window unless hidden, written only when asked for."""

    name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    accession: str = ""
    is_file_name: bool = False
    """Whether ``name`` is a file's, which can carry a patient's number; no header then repeats it."""

    @property
    def plain_name(self) -> str:
        """The name without DICOM's carets between its components."""
        return self.name.replace("^", " ").strip()


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
    """Low values are to be shown white: the file is MONOCHROME1, and its values are kept, being Hounsfield units.

    Other MONOCHROME1 pictures are turned as they are read, windows and all, and have False here.
    """


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
    units: Units = Units.HU
    """As far as headers and this slice tell."""


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
