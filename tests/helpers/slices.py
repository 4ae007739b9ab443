"""Small volumes opened in a session, for tests of slice views."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.io.study import Identity, LoadedSeries, SeriesInfo
from inference.verdict import Verdict
from inference.volume import Units, Volume, VolumeGeometry
from viewer.state.session import Session

PATIENT = Identity("Quillfeather^Ottoline", "PX-4471-QQ", "19511204", "F")


def asymmetric(
    shape: tuple[int, int, int] = (5, 6, 8), spacing: tuple[float, float, float] = (4.0, 2.0, 1.0), **changes: Any
) -> Volume:
    """A canonical volume in which every voxel has its own value: ``100 k + 10 j + i`` (HU)."""
    k, j, i = np.indices(shape)
    affine = np.diag([spacing[2], spacing[1], spacing[0], 1.0])
    affine[:3, 3] = (-10.0, -20.0, 30.0)
    geometry = replace(VolumeGeometry(shape, affine, "1.2.3"), **changes)
    return Volume((100 * k + 10 * j + i).astype(np.int16), geometry, Units.HU)


def loaded(volume: Volume, verdict: Verdict | None = None, **changes: Any) -> LoadedSeries:
    """The volume as a loaded series with a patient."""
    slices, rows, columns = volume.geometry.shape
    info = SeriesInfo(
        index=0, uid="1.2.3.4.5", study_uid="1.2.3.4", kind="dicom", modality="CT", description="chest 2 mm",
        slices=slices, rows=rows, columns=columns, spacing_mm=volume.geometry.spacing_mm, thickness_mm=2.0,
        kernel="B41f", study_date="20200412", body_part="CHEST", transfer_syntax="",
        frame_of_reference_uid=volume.geometry.frame_of_reference_uid, verdict=Verdict(), loadable=True, score=1.0,
        reason="", identity=PATIENT, source=None,
    )  # fmt: skip
    return LoadedSeries(replace(info, **changes), volume, volume.geometry, verdict or Verdict(), 0.0)


def session_on(
    volume: Volume, lungs: NDArray[np.uint8] | None = None, lesions: NDArray[np.uint8] | None = None, **changes: Any
) -> Session:
    """A session with the volume open, looking at its middle, the masks on show."""
    session = Session()
    series = loaded(volume, **changes)
    session.selected.value = series.info
    session.loaded.value = series
    session.look_at(volume.geometry.centre)
    if lungs is not None or lesions is not None:
        session.show_masks(lungs, lesions)
    return session
