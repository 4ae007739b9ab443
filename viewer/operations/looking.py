"""Moving through the volume and changing how it is displayed."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from inference.io.study import WindowLevel
from inference.volume import VolumeGeometry
from viewer.operations.opening import reset_transforms
from viewer.state.measurements import Plane
from viewer.state.session import Notice, Projection, Session, Slab, Tool
from viewer.state.window_level import presets

_AXIS: dict[Plane, int] = {"axial": 0, "coronal": 1, "sagittal": 2}


def active_plane(session: Session) -> Plane:
    """The plane of the active view; the 3D and the second view stand for axial."""
    name = session.active_view.value
    return name if name in ("coronal", "sagittal") else "axial"  # type: ignore[return-value]


def step_slice(session: Session, by: int) -> None:
    """Go ``by`` slices down the list of the active view: to the feet, to the back, or to the patient's left."""
    if (where := _position(session)) is not None:
        geometry, axis, step, index = where
        _go(session, geometry, axis, index + by * step)


def go_to_end(session: Session, last: bool) -> None:
    """Go to the first or last slice of the active view (axial: the first is at the head)."""
    if (where := _position(session)) is not None:
        geometry, axis, step, _ = where
        _go(session, geometry, axis, geometry.shape[axis] - 1 if last == (step > 0) else 0)


def set_window_preset(session: Session, key: str) -> None:
    """Set the preset under a digit key."""
    for item in presets():
        if item.key == key:
            session.window.value = item.window


def cycle_file_windows(session: Session) -> None:
    """Set the next of the windows that the file itself stores."""
    info = session.selected.value
    windows: tuple[WindowLevel, ...] = () if info is None else info.windows
    if not windows:
        session.notice.emit(Notice("This series stores no window of its own."))
        return
    present = session.window.value
    here = windows.index(present) if present in windows else -1
    session.window.value = windows[(here + 1) % len(windows)]


def toggle_projection(session: Session, projection: Projection) -> None:
    """Set the slab's mode; the thickness stays."""
    session.slab.value = replace(session.slab.value, projection=projection)


def set_slab_thickness(session: Session, thickness_mm: float) -> None:
    """Set the slab's thickness; a single slice becomes a MIP, so that the reader sees what he chose."""
    slab = session.slab.value
    projection = Projection.MIP if slab.projection is Projection.NONE else slab.projection
    session.slab.value = Slab(projection, thickness_mm)


def flip(session: Session, direction: Literal["horizontal", "vertical"]) -> None:
    """Mirror the active view; its letters follow."""
    transform = session.transforms[active_plane(session)]
    name = f"flip_{direction}"
    transform.value = replace(transform.value, **{name: not getattr(transform.value, name)})


def rotate(session: Session, quarter_turns: int) -> None:
    """Turn the active view by quarter turns clockwise; its letters follow."""
    transform = session.transforms[active_plane(session)]
    transform.value = replace(transform.value, quarter_turns=(transform.value.quarter_turns + quarter_turns) % 4)


def toggle_maximised(session: Session) -> None:
    """Let the active view fill the layout, or show all views again."""
    session.maximised.value = session.active_view.value if session.maximised.value is None else None


def toggle_crosshair(session: Session) -> None:
    """Show or hide the crosshair."""
    session.crosshair_visible.value = not session.crosshair_visible.value


def reset(session: Session) -> None:
    """Undo flips, rotations, inversion and slab, and set the lung window; zoom and pan belong to the views."""
    reset_transforms(session)
    session.inverted.value = False
    session.slab.value = replace(session.slab.value, projection=Projection.NONE)
    session.window.value = presets()[0].window


def step_back(session: Session) -> bool:
    """Go back one state: cine, tool, maximised view. Returns whether there was one; never closes work."""
    if session.cine.value:
        session.cine.value = False
    elif session.tool.value is not Tool.WINDOW:
        session.tool.value = Tool.WINDOW
    elif session.maximised.value is not None:
        session.maximised.value = None
    else:
        return False
    return True


def _position(session: Session) -> tuple[VolumeGeometry, int, int, int] | None:
    """Grid, source axis, the index step that goes down the list, and the present index along that axis."""
    loaded = session.loaded.value
    if loaded is None:
        return None
    geometry, plane = loaded.volume.geometry, active_plane(session)
    turn = geometry.orientation
    axis, flipped = turn.axes[_AXIS[plane]], turn.flips[_AXIS[plane]]
    growing = -1 if flipped else 1  # index step towards the head, the back or the left
    step = -growing if plane == "axial" else growing
    return geometry, axis, step, round(float(geometry.to_index(session.crosshair.value)[axis]))


def _go(session: Session, geometry: VolumeGeometry, axis: int, wanted: int) -> None:
    index = geometry.to_index(session.crosshair.value)
    index[axis] = np.clip(wanted, 0, geometry.shape[axis] - 1)
    x, y, z = geometry.to_patient(index)
    session.look_at((float(x), float(y), float(z)))
