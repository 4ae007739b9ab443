"""What one slice view shows, worked out from the session. No Qt: a view paints it, a test reads its pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.io.study import LoadedSeries, WindowLevel
from inference.volume import Point
from viewer.rendering.camera import Camera, ViewFrame
from viewer.rendering.compose import Composer
from viewer.rendering.lesion_mask import LesionMask
from viewer.rendering.lut import padding_threshold, rgb_table
from viewer.rendering.palette import OverlayStyle, overlay_style
from viewer.rendering.plane import PlaneGrid
from viewer.rendering.slice_source import SliceSource
from viewer.state.measurements import Measurement, Plane
from viewer.state.navigation import go_to_index, index_of_number
from viewer.state.observable import Signal, Value
from viewer.state.session import Session, ViewTransform


class Change(Enum):
    """What a view must paint anew."""

    ALL = "all"
    SLICE = "slice"
    """Another slice: its picture, its number, what is marked on it."""
    LINES = "lines"
    """Only the crosshair's lines moved, on the same slice."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A slice ready to be painted: ``0xffRRGGBB``, and premultiplied ``0xAARRGGBB`` to lie over it (or None)."""

    image: NDArray[np.uint32]
    overlay: NDArray[np.uint32] | None
    version: int = 0
    """Grows whenever the scene has drawn into its arrays anew."""


class SliceScene:
    """One plane of the open volume, at the crosshair's slice.

    ``name`` is the view's name. ``beside`` shows the second series (or the first again) with its own window and
    without overlays, and follows the crosshair only where both series share a frame of reference.
    """

    def __init__(self, session: Session, plane: Plane, name: str) -> None:
        self.session = session
        self.plane: Plane = plane
        self.name = name
        self.second = name == "beside"
        self.window: Value[WindowLevel] = session.beside_window if self.second else session.window
        self.camera: Value[Camera] = Value(Camera())
        self.changed: Signal[Change] = Signal()
        self.source: SliceSource | None = None
        self.grid: PlaneGrid | None = None
        self.index = 0
        self.whole = False
        """Whether the complete volume is there, not only its first image."""
        self.linked = True
        """Whether the view follows the crosshair."""
        self._own_point: Point = (0.0, 0.0, 0.0)
        self._lesion: LesionMask | None = None
        self._composer = Composer()
        self._drawn = 0
        self._style: OverlayStyle | None = None
        self._image: tuple[object, NDArray[np.uint32]] | None = None
        self._overlay: tuple[object, NDArray[np.uint32] | None] | None = None
        self._ends = list(self._connections())
        self._open(None)

    def close(self) -> None:
        """Stop listening to the session and let go of its arrays."""
        for end in self._ends:
            end()
        self._ends.clear()
        self.source = self.grid = self._lesion = None

    # what is shown ----------------------------------------------------------------------------------------------

    @property
    def series(self) -> LoadedSeries | None:
        """The series on show, None before it is complete."""
        session = self.session
        return (session.beside.value if self.second else None) or session.loaded.value

    @property
    def point(self) -> Point:
        """The LPS point whose slice is shown."""
        return self.session.crosshair.value if self.linked else self._own_point

    def frame(self, width: float, height: float) -> ViewFrame | None:
        """The mapping for a view of that size, None with nothing to show."""
        return None if self.grid is None else self.camera.value.frame(self.grid, width, height)

    def picture(self, overlays: bool = True) -> Picture | None:
        """The pixels of the present slice. The arrays are the scene's own and change with its next picture."""
        if self.source is None or self.grid is None:
            return None
        image, overlay = self._draw_image(), self._draw_overlay() if overlays else None
        return Picture(image, overlay, self._drawn)

    def measurements(self) -> tuple[Measurement, ...]:
        """The measurements of the open series; none on the second one."""
        return () if self.second or not self.whole else self.session.measurements.items.value

    def is_key_image(self) -> bool:
        """Whether the slice on show is marked."""
        grid = self.grid
        if grid is None or self.second:
            return False
        images = self.session.measurements.key_images.value
        return any(k.plane == self.plane and grid.nearest(k.point) == self.index for k in images)

    def heat_shown(self) -> bool:
        """Whether the heat map lies over the image."""
        return not self.second and self.session.masks.value.heatmap is not None and self._styles().heat is not None

    def inverted(self) -> bool:
        """Whether low values are white on the screen: by the reader's wish, or the file's (MONOCHROME1), not both."""
        return self.session.inverted.value != (self.source is not None and self.source.monochrome1)

    def overlaid(self) -> bool:
        """Whether labels or heat lie over the present slice."""
        return self.grid is not None and self._draw_overlay() is not None

    # what the reader does ---------------------------------------------------------------------------------------

    def move_to(self, point: Point) -> None:
        """Show the slice through a point, and take the linked views along."""
        if not self.linked:
            self._own_point = point
            self._moved(None)
        elif self.second and self.session.beside.value is not None:
            self.session.crosshair.value = point
        else:
            self.session.look_at(point)

    def step(self, slices: int) -> None:
        """Go ``slices`` further down the numbers (axial: to the feet); held at the ends."""
        grid = self.grid
        if grid is None or not self.whole:
            return
        index = self.index + (-slices if self.plane == "axial" else slices)
        self.go_to_index(index)

    def go_to_end(self, last: bool) -> None:
        """Go to the first or last slice by number."""
        if self.grid is not None:
            self.go_to_index(index_of_number(self.plane, self.grid.count, self.grid.count if last else 1))

    def go_to_index(self, index: int) -> None:
        """Go to a canonical index, held inside the volume."""
        grid = self.grid
        if grid is None or not self.whole:
            return
        index = min(max(index, 0), grid.count - 1)
        if self.linked and not self.second:
            go_to_index(self.session, self.plane, index)
        elif index != self.index:
            _, x, y = grid.locate(self.point)
            self.move_to(grid.point(index, x, y))

    def show_lesion(self, mask: LesionMask | None) -> None:
        """Outline a lesion (its voxels on the volume's own grid), or none."""
        self._lesion = None if mask is None or self.source is None else self.source.canonical_lesion(mask)
        self.changed.emit(Change.ALL)

    # following the session --------------------------------------------------------------------------------------

    def _connections(self) -> list[Callable[[], None]]:
        session = self.session
        contents: tuple[Value[Any], ...] = (session.loaded, session.first_image, session.beside)
        looks: tuple[Value[Any], ...] = (
            self.window, self.camera, session.inverted, session.slab, session.interpolate, session.crosshair_visible,
            session.measurements.items, session.measurements.key_images, session.verdict, session.loading,
            session.identity_hidden, session.active_view, session.findings, session.masks,
        )  # fmt: skip
        styles: tuple[Value[Any], ...] = (*session.layers.by_group.values(), session.layers.all_hidden)
        return [
            *(value.changed.connect(self._open) for value in contents),
            *(value.changed.connect(self._looked) for value in looks),
            *(value.changed.connect(self._restyled) for value in styles),
            session.crosshair.changed.connect(self._moved),
            session.transforms[self.plane].changed.connect(self._turned),
        ]

    def _open(self, _: object) -> None:
        """Take up what the session has open now; zoom and pan stay where the slice's extent stays the same."""
        session, series = self.session, self.series
        first = session.first_image.value
        extent = None if self.grid is None else self.grid.extent_mm
        self._image = self._overlay = self._lesion = None
        self.whole = series is not None
        if series is not None:
            self.source = SliceSource(series.volume, series.info.monochrome1)
        else:
            self.source = None if first is None or self.second else SliceSource.of_first_image(first)
        if self.source is None or not self.source.shows(self.plane):
            self.source = self.grid = None
        else:
            self.grid = self.source.grid(self.plane, session.transforms[self.plane].value)
            self._link(series)
            self.index = self.grid.nearest(self.point)
        if self.grid is None or extent is None or not np.allclose(extent, self.grid.extent_mm):
            self.camera.value = Camera()
        self.changed.emit(Change.ALL)

    def _link(self, series: LoadedSeries | None) -> None:
        main = self.session.loaded.value
        self.linked = True
        if self.second and series is not None and main is not None and series is not main:
            frame = series.volume.geometry.frame_of_reference_uid
            self.linked = bool(frame) and frame == main.volume.geometry.frame_of_reference_uid
            if not self.linked:
                self._own_point = series.volume.geometry.centre

    def _moved(self, _: object) -> None:
        if self.grid is None:
            return
        index = self.grid.nearest(self.point)
        same = index == self.index
        self.index = index
        self.changed.emit(Change.LINES if same else Change.SLICE)

    def _turned(self, transform: ViewTransform) -> None:
        """Another flip or turn: the part of the slice in the middle of the view stays there."""
        if self.source is None or self.grid is None:
            return
        old, camera = self.grid, self.camera.value
        self.grid = self.source.grid(self.plane, transform)
        if camera.centre is not None:
            x, y = camera.centre
            middle = old.point(self.index, x / old.pixel_mm[1], y / old.pixel_mm[0])
            _, x, y = self.grid.locate(middle)
            self.camera.value = Camera(camera.zoom, (x * self.grid.pixel_mm[1], y * self.grid.pixel_mm[0]))
        self.changed.emit(Change.ALL)

    def _looked(self, _: object) -> None:
        self.changed.emit(Change.ALL)

    def _restyled(self, _: object) -> None:
        self._style = None
        self.changed.emit(Change.ALL)

    # drawing ----------------------------------------------------------------------------------------------------

    def _draw_image(self) -> NDArray[np.uint32]:
        session, source, grid = self.session, self.source, self.grid
        assert source is not None and grid is not None
        inverted = self.inverted()
        key = (self.index, grid, session.slab.value, self.window.value, inverted)
        if self._image is None or self._image[0] != key:
            table = rgb_table(self.window.value, inverted, padding_threshold(source.volume))
            values = source.image(grid, self.index, session.slab.value)
            self._image = key, self._composer.image(values, table)
            self._drawn += 1
        return self._image[1]

    def _draw_overlay(self) -> NDArray[np.uint32] | None:
        source, grid, style = self.source, self.grid, self._styles()
        assert source is not None and grid is not None
        masks = self.session.masks.value
        if self.second or not self.whole:
            return None
        key = (self.index, grid, masks.version, style, self._lesion)
        if self._overlay is None or self._overlay[0] != key:
            self._overlay = key, self._compose_overlay(source, grid, style)
            self._drawn += 1
        return self._overlay[1]

    def _compose_overlay(self, source: SliceSource, grid: PlaneGrid, style: OverlayStyle) -> NDArray[np.uint32] | None:
        masks = self.session.masks.value
        heat = None if style.heat is None else source.slice_of(grid, self.index, masks.heatmap)
        lesion = None
        if self._lesion is not None:
            cut = self._lesion.plane(grid.normal_axis, self.index, source.geometry.shape)
            lesion = None if cut is None else grid.laid_out(cut)
        return self._composer.overlay(
            source.slice_of(grid, self.index, masks.lungs),
            source.slice_of(grid, self.index, masks.agreement if style.agreement else masks.lesions),
            style,
            heat,
            lesion,
        )

    def _styles(self) -> OverlayStyle:
        if self._style is None:
            layers = self.session.layers
            values = {group: layer.value for group, layer in layers.by_group.items()}
            self._style = overlay_style(values, layers.all_hidden.value)
        return self._style
