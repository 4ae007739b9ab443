"""Key images and measurements."""

from __future__ import annotations

from inference.volume import Point
from viewer.operations.looking import active_plane
from viewer.state.measurements import KeyImage, Plane
from viewer.state.session import Notice, Session

_ORDER: dict[Plane, tuple[int, int]] = {"axial": (2, -1), "coronal": (1, 1), "sagittal": (0, 1)}
"""Per plane: the patient axis and the sense in which its slices are counted (axial from the head)."""


def toggle_key_image(session: Session) -> None:
    """Mark the slice of the active view, or unmark it."""
    loaded = session.loaded.value
    if loaded is None:
        return
    plane = active_plane(session)
    turn = loaded.volume.geometry.orientation
    spacing = loaded.volume.geometry.spacing_mm[turn.axes[("axial", "coronal", "sagittal").index(plane)]]
    marked = session.measurements.toggle_key_image(plane, session.crosshair.value, spacing / 2)
    session.notice.emit(Notice(f"Key image {'marked' if marked else 'taken away'} ({plane})."))


def next_key_image(session: Session) -> None:
    """Go to the next key image, in the order of planes and slices; after the last comes the first."""
    images = sorted(session.measurements.key_images.value, key=_rank)
    if not images:
        session.notice.emit(Notice("No key image is marked. K marks the slice you look at."))
        return
    plane = active_plane(session)
    here = _rank(KeyImage(plane, session.crosshair.value))
    later = [
        image for image in images if _rank(image) > here and not _same_slice(image, plane, session.crosshair.value)
    ]
    chosen = later[0] if later else images[0]
    session.active_view.value = chosen.plane
    session.look_at(chosen.point)


def delete_measurements(session: Session) -> None:
    """Take away every measurement; key images stay."""
    session.measurements.items.value = ()


def _rank(image: KeyImage) -> tuple[int, float]:
    axis, sense = _ORDER[image.plane]
    return list(_ORDER).index(image.plane), sense * image.point[axis]


def _same_slice(image: KeyImage, plane: Plane, point: Point) -> bool:
    axis, _ = _ORDER[plane]
    return image.plane == plane and abs(image.point[axis] - point[axis]) < 1e-3
