"""What NIfTI, NRRD and MetaImage have in common: one file is one series, without DICOM headers."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.io.reader import PADDING_HU
from inference.io.sources import FileSource
from inference.io.study import Identity, Kind, SeriesInfo
from inference.io.verdict import from_grid
from inference.verdict import Verdict
from inference.volume import PADDING_CEILING_HU, Units, VolumeGeometry

AIR_CEILING_HU = -200
"""Numbers that reach below this hold air in Hounsfield units; CT stored from 0 on does not."""


class HeaderlessSource:
    """Base of the sources that have a grid and nothing else."""

    kind: Kind

    def __init__(self, file: FileSource, geometry: VolumeGeometry, stored: np.dtype[Any]) -> None:
        self.file = file
        self.geometry = geometry
        self.stored = stored

    @property
    def missing(self) -> tuple[int, ...]:
        """None is known to be missing."""
        return ()

    @property
    def patient_position(self) -> str:
        """Unknown; supine is assumed, and said."""
        return ""

    @property
    def padding_hu(self) -> int | None:
        """No header names one."""
        return None

    def verdict(self, units: Units, lost: tuple[int, ...] = ()) -> Verdict:
        """What the grid and the units say about measuring."""
        return from_grid(self.kind, self.geometry, units)

    def tags(self, k: int) -> Mapping[str, Any] | None:
        """There are no tags."""
        return None


class ValueRange:
    """Lowest and highest value seen, padding left out; tells the units. Thread-safe."""

    def __init__(self) -> None:
        self.lowest = 32767
        self.highest = -32768
        self._lock = threading.Lock()

    def see(self, pixels: NDArray[np.int16]) -> None:
        """Take in a slice."""
        lowest, highest = int(pixels.min()), int(pixels.max())
        if lowest <= PADDING_CEILING_HU:
            inside = pixels[pixels > PADDING_CEILING_HU]
            lowest = int(inside.min()) if inside.size else self.lowest
        with self._lock:
            self.lowest, self.highest = min(self.lowest, lowest), max(self.highest, highest)

    def units(self) -> Units:
        """HU where air is among the values, 8-bit grey where they span a byte."""
        if self.lowest <= AIR_CEILING_HU:
            return Units.HU
        return Units.GREY8 if self.lowest >= 0 and self.highest <= 255 else Units.UNKNOWN


def to_int16(values: NDArray[Any], slope: float, intercept: float, out: NDArray[np.int16]) -> None:
    """``slope * values + intercept`` rounded into int16; what is no number becomes padding."""
    plain = slope == 1.0 and intercept == 0.0
    if plain and np.can_cast(values.dtype, np.int16):
        out[...] = values
        return
    scaled = values.astype(np.float64) * slope + intercept
    bad = ~np.isfinite(scaled)
    scaled[bad] = PADDING_HU
    out[...] = np.rint(np.clip(scaled, -32768, 32767))


def volume_info(index: int, source: HeaderlessSource, name: str) -> SeriesInfo:
    """The series of one file of a volume."""
    bits = 8 * source.stored.itemsize
    stem = re.sub(r"\.(nii|nrrd|nhdr|mha|mhd)(\.gz)?$", "", source.file.name, flags=re.IGNORECASE)
    description = f"{name} volume, {'floating point' if source.stored.kind == 'f' else f'{bits}-bit'}"
    return headerless_info(index, source, description, stem, Units.GREY8 if bits == 8 else Units.HU)


def headerless_info(index: int, source: HeaderlessSource, description: str, name: str, units: Units) -> SeriesInfo:
    """A series without headers; the files' ``name`` goes into the identity, for it can carry the patient's number."""
    geometry = source.geometry
    slices, rows, columns = geometry.shape
    return SeriesInfo(
        index=index,
        uid=f"{source.kind}-{index}",
        study_uid="",
        kind=source.kind,
        modality="",
        description=description,
        slices=slices,
        rows=rows,
        columns=columns,
        spacing_mm=geometry.spacing_mm if geometry.spacing_known else None,
        thickness_mm=None,
        kernel="",
        study_date="",
        body_part="",
        transfer_syntax="",
        frame_of_reference_uid="",
        verdict=source.verdict(units),
        loadable=True,
        score=0.0,
        reason="",
        identity=Identity(name=name, is_file_name=True),
        source=source,
    )
