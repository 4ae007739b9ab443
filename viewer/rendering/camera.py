"""Zoom and pan of a slice: between slice pixels and widget pixels. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from viewer.rendering.plane import PlaneGrid

MINIMUM_ZOOM, MAXIMUM_ZOOM = 0.2, 40.0


@dataclass(frozen=True)
class Camera:
    """What part of a slice a view shows.

    ``zoom`` is 1 where the whole slice just fits; ``centre`` is the place, in mm from the slice's top left corner
    (right, down), that lies in the middle of the view; None is the slice's own middle.
    """

    zoom: float = 1.0
    centre: tuple[float, float] | None = None

    def frame(self, grid: PlaneGrid, width: float, height: float) -> ViewFrame:
        """The mapping for a view of ``width`` x ``height`` pixels."""
        wide, high = grid.extent_mm
        fit = min(max(width, 1.0) / wide, max(height, 1.0) / high)
        x, y = self.centre or (wide / 2, high / 2)
        scale = fit * self.zoom
        return ViewFrame(grid, scale, width / 2 - x * scale, height / 2 - y * scale, width, height)


@dataclass(frozen=True, eq=False)
class ViewFrame:
    """The mapping between the pixels of a slice and of a view. ``scale`` is view pixels per mm."""

    grid: PlaneGrid
    scale: float
    left: float
    top: float
    width: float
    height: float

    @property
    def rectangle(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the whole slice in the view."""
        wide, high = self.grid.extent_mm
        return self.left, self.top, wide * self.scale, high * self.scale

    @property
    def percent(self) -> float:
        """View pixels per slice pixel (across), in percent."""
        return self.scale * self.grid.pixel_mm[1] * 100

    def to_view(self, x: float, y: float) -> tuple[float, float]:
        """View pixels of slice pixels."""
        height, width = self.grid.pixel_mm
        return self.left + x * width * self.scale, self.top + y * height * self.scale

    def to_slice(self, x: float, y: float) -> tuple[float, float]:
        """Slice pixels of view pixels."""
        height, width = self.grid.pixel_mm
        return (x - self.left) / (width * self.scale), (y - self.top) / (height * self.scale)

    def holds(self, x: float, y: float) -> bool:
        """Whether a place in view pixels lies on the slice."""
        column, row = self.to_slice(x, y)
        return 0 <= column < self.grid.shape[1] and 0 <= row < self.grid.shape[0]

    def zoomed(self, camera: Camera, factor: float, x: float, y: float) -> Camera:
        """The camera after zooming by ``factor`` with the place under ``(x, y)`` held still."""
        zoom = min(max(camera.zoom * factor, MINIMUM_ZOOM), MAXIMUM_ZOOM)
        scale = self.scale * zoom / camera.zoom
        fixed_x, fixed_y = (x - self.left) / self.scale, (y - self.top) / self.scale
        return Camera(zoom, (fixed_x + (self.width / 2 - x) / scale, fixed_y + (self.height / 2 - y) / scale))

    def panned(self, camera: Camera, right: float, down: float) -> Camera:
        """The camera after moving the slice by view pixels."""
        x = (self.width / 2 - self.left - right) / self.scale
        y = (self.height / 2 - self.top - down) / self.scale
        return replace(camera, centre=(x, y))
