"""Moving through the volume and changing how it is displayed."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from inference.io.study import WindowLevel
from viewer.operations.opening import reset_transforms
from viewer.operations.windowing import natural_window
from viewer.state.measurements import Plane
from viewer.state.navigation import go_to_number, plane_of, slice_count, step
from viewer.state.observable import Value
from viewer.state.session import Notice, Projection, Session, Slab, Tool
from viewer.state.transforms import flipped_horizontally, flipped_vertically, turned
from viewer.state.window_level import preset, presets


def active_plane(session: Session) -> Plane:
    """The plane of the active view; the 3D and the second view stand for axial."""
    return plane_of(session.active_view.value)


def active_window(session: Session) -> Value[WindowLevel]:
    """The display window of the active view: the second view of the side-by-side layout has its own."""
    return session.beside_window if session.active_view.value == "beside" else session.window


def step_slice(session: Session, by: int) -> None:
    """Go ``by`` slices down the list of the active view: to the feet, to the back, or to the patient's left."""
    step(session, active_plane(session), by)


def go_to_end(session: Session, last: bool) -> None:
    """Go to the first or last slice of the active view (axial: the first is at the head)."""
    plane = active_plane(session)
    go_to_number(session, plane, slice_count(session, plane) if last else 1)


def set_window_preset(session: Session, key: str) -> None:
    """Set the preset under a digit key, for the active view."""
    for item in presets():
        if item.key == key:
            active_window(session).value = item.window


def cycle_file_windows(session: Session) -> None:
    """Set the next of the windows that the file itself stores, for the active view."""
    window = active_window(session)
    other = session.beside.value if window is session.beside_window else None
    info = session.selected.value if other is None else other.info
    windows: tuple[WindowLevel, ...] = () if info is None else info.windows
    if not windows:
        session.notice.emit(Notice("This series stores no window of its own."))
        return
    present = window.value
    here = windows.index(present) if present in windows else -1
    window.value = windows[(here + 1) % len(windows)]


def set_projection(session: Session, projection: Projection) -> None:
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
    mirror = flipped_horizontally if direction == "horizontal" else flipped_vertically
    transform.value = mirror(transform.value)


def rotate(session: Session, quarter_turns: int) -> None:
    """Turn the active view by quarter turns clockwise; its letters follow."""
    transform = session.transforms[active_plane(session)]
    transform.value = turned(transform.value, quarter_turns)


def toggle_maximised(session: Session) -> None:
    """Let the active view fill the layout, or show all views again."""
    session.maximised.value = session.active_view.value if session.maximised.value is None else None


def toggle_detached(session: Session) -> None:
    """Give the active view a window of its own, or bring it back into the layout."""
    session.detached.value = session.detached.value ^ {session.active_view.value}


def toggle_crosshair(session: Session) -> None:
    """Show or hide the crosshair."""
    session.crosshair_visible.value = not session.crosshair_visible.value


def reset(session: Session) -> None:
    """Undo flips, rotations, inversion and slab, and set the natural window; zoom and pan belong to the views."""
    reset_transforms(session)
    session.inverted.value = False
    session.slab.value = replace(session.slab.value, projection=Projection.NONE)
    loaded = session.loaded.value
    if loaded is not None:
        session.window.value = natural_window(loaded)
    session.beside_window.value = preset("mediastinum")


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
