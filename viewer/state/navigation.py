"""Moving through slices, the same for wheel, keys and cine. Slice 1 lies at the head, the front or the right."""

from __future__ import annotations

import numpy as np

from inference.volume import VolumeGeometry
from viewer.state.measurements import Plane
from viewer.state.session import Session

NORMAL_AXIS: dict[Plane, int] = {"axial": 0, "coronal": 1, "sagittal": 2}
"""The axis of the canonical array ``[k, j, i]`` along which a plane's slices are stacked."""


def plane_of(view: str) -> Plane:
    """The plane that a view of that name shows: its own, or axial for ``beside`` and ``3d``."""
    if view == "coronal":
        return "coronal"
    return "sagittal" if view == "sagittal" else "axial"


def index_of_number(plane: Plane, count: int, number: int) -> int:
    """The canonical index of slice ``number`` (1..count); axial slices are counted from the head."""
    return count - number if plane == "axial" else number - 1


def number_of_index(plane: Plane, count: int, index: int) -> int:
    """The slice number, 1..count, of a canonical index."""
    return count - index if plane == "axial" else index + 1


def slice_count(session: Session, plane: Plane) -> int:
    """How many slices the open volume has in that plane; 0 with nothing open."""
    geometry = _canonical(session)
    return 0 if geometry is None else geometry.shape[NORMAL_AXIS[plane]]


def step(session: Session, plane: Plane, slices: int) -> None:
    """Go ``slices`` further down the numbers (negative: back), held at the first and last slice."""
    geometry = _canonical(session)
    if geometry is None:
        return
    axis = NORMAL_AXIS[plane]
    here = int(np.rint(geometry.to_index(session.crosshair.value)[axis]))
    go_to_index(session, plane, here + (-slices if plane == "axial" else slices))


def go_to_number(session: Session, plane: Plane, number: int) -> None:
    """Go to slice ``number``, held between the first and the last."""
    count = slice_count(session, plane)
    if count:
        go_to_index(session, plane, index_of_number(plane, count, number))


def go_to_index(session: Session, plane: Plane, index: int) -> None:
    """Go to a canonical index along the plane's normal; the position within the plane is kept."""
    geometry = _canonical(session)
    if geometry is None:
        return
    place = geometry.to_index(session.crosshair.value)
    axis = NORMAL_AXIS[plane]
    place[axis] = np.clip(index, 0, geometry.shape[axis] - 1)
    x, y, z = geometry.to_patient(place)
    session.look_at((float(x), float(y), float(z)))


def _canonical(session: Session) -> VolumeGeometry | None:
    loaded = session.loaded.value
    return None if loaded is None else loaded.volume.geometry.canonical
