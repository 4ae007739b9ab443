"""What a picture of a view says of it: which series, how it was judged, and how and where it is looked at. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from inference.io.study import SeriesInfo
from inference.verdict import Verdict
from viewer.rendering.camera import ViewFrame
from viewer.rendering.furniture import info_of, slab_text, verdict_of, window_text
from viewer.rendering.slice_scene import SliceScene
from viewer.state.session import Projection, Session


@dataclass(frozen=True)
class Caption:
    """The words of one view.

    ``look`` is its window and slab, ``place`` its plane and position (``coronal A 12 mm``); a 3D view has neither.
    ``second`` tells the second view of the side-by-side layout.
    """

    info: SeriesInfo | None
    verdict: Verdict | None
    look: str = ""
    place: str = ""
    second: bool = False


def caption_of_slice(scene: SliceScene, frame: ViewFrame | None) -> Caption:
    """The words of a slice view as it stands; without a frame it shows nothing."""
    info, verdict = info_of(scene), verdict_of(scene)
    if frame is None:
        return Caption(info, verdict, second=scene.second)
    grid, slab = frame.grid, scene.session.slab.value
    position = grid.position_text(scene.index) or f"slice {grid.number(scene.index)}/{grid.count}"
    plane = scene.plane if grid.geometry.orientation_known else ""
    look = [window_text(scene.window.value, scene.inverted())]
    if slab.projection is not Projection.NONE:
        look.append(slab_text(grid, slab))
    return Caption(info, verdict, " · ".join(look), f"{plane} {position}".strip(), scene.second)


def caption_of_volume(session: Session) -> Caption:
    """The words of the 3D view: it has no window, and shows every slice."""
    loaded = session.loaded.value
    return Caption(session.selected.value if loaded is None else loaded.info, session.verdict.value)
