"""The state of the window: what is open, where the reader looks, what was found. No Qt; panels observe it.

Operations (:mod:`viewer.operations`) change it, widgets show it, and nothing calls a widget.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inference.findings import DetectionFloor, Findings
from inference.io.study import FirstImage, LoadedSeries, SeriesInfo, Study, WindowLevel
from inference.verdict import Verdict
from inference.volume import LabelMap, Point
from viewer.state.layers import Layers
from viewer.state.measurements import Measurements, Plane
from viewer.state.observable import Signal, Value
from viewer.state.window_level import preset


class Layout(Enum):
    """Arrangements of the views."""

    AXIAL = "axial"
    QUAD = "quad"
    LARGE_3D = "large 3D"
    SIDE_BY_SIDE = "side by side"


class Tool(Enum):
    """What the left mouse button does on a slice."""

    WINDOW = "window"
    PAN = "pan"
    ZOOM = "zoom"
    CROSSHAIR = "crosshair"
    LENGTH = "length"
    ANGLE = "angle"
    ELLIPSE = "ellipse"
    PROBE = "probe"
    MAGNIFIER = "magnifier"


class Projection(Enum):
    """How a slab becomes one picture."""

    NONE = "slice"
    MIP = "MIP"
    MINIP = "MinIP"
    MEAN = "mean"


@dataclass(frozen=True)
class Slab:
    """Slab mode and thickness in mm."""

    projection: Projection = Projection.NONE
    thickness_mm: float = 10.0


@dataclass(frozen=True)
class ViewTransform:
    """Flips and quarter turns of one plane, as the reader asked; letters follow."""

    flip_horizontal: bool = False
    flip_vertical: bool = False
    quarter_turns: int = 0


@dataclass(frozen=True)
class JobState:
    """A long job in the job bar. ``ending`` is "" while it runs."""

    number: int
    title: str
    detail: str = ""
    fraction: float | None = None
    seconds_left: float | None = None
    ending: Literal["", "done", "failed", "refused", "cancelled"] = ""
    message: str = ""
    can_retry: bool = False


@dataclass(frozen=True)
class Notice:
    """A sentence for the reader: ``what`` happened, in full, copyable."""

    text: str
    level: Literal["info", "warning", "error"] = "info"


@dataclass(eq=False)
class Masks:
    """The masks on show, on the grid of the loaded volume: partial while a system runs, final afterwards.

    ``version`` grows with every change of content, so that renderers can cache by it.
    """

    lungs: NDArray[np.uint8] | None = None
    lesions: NDArray[np.uint8] | None = None
    heatmap: NDArray[np.float32] | None = None
    version: int = 0
    agreement: NDArray[np.uint8] | None = None
    """How many systems mark infection in each voxel."""


class Session:
    """Everything observable about one window."""

    def __init__(self) -> None:
        # the study and the open series
        self.study: Value[Study | None] = Value(None)
        self.series_found: Signal[SeriesInfo] = Signal()
        self.scanning: Value[bool] = Value(False)
        self.selected: Value[SeriesInfo | None] = Value(None)
        self.first_image: Value[FirstImage | None] = Value(None)
        self.loading: Value[float | None] = Value(None)
        self.loaded: Value[LoadedSeries | None] = Value(None)
        self.beside: Value[LoadedSeries | None] = Value(None)
        """The second series of the side-by-side layout; None shows the first one again, without overlays."""
        self.verdict: Value[Verdict | None] = Value(None)
        # where and how the reader looks
        self.crosshair: Value[Point] = Value((0.0, 0.0, 0.0))
        self.crosshair_visible: Value[bool] = Value(True)
        self.window: Value[WindowLevel] = Value(preset("lung"))
        self.beside_window: Value[WindowLevel] = Value(preset("mediastinum"))
        """The window of the second view of the side-by-side layout."""
        self.inverted: Value[bool] = Value(False)
        self.drag_up_brightens: Value[bool] = Value(True)
        """Vertical sense of the window/level drag (a preference): upwards lowers the level."""
        self.slab: Value[Slab] = Value(Slab())
        self.interpolate: Value[bool] = Value(True)
        self.tool: Value[Tool] = Value(Tool.WINDOW)
        self.layout: Value[Layout] = Value(Layout.QUAD)
        self.maximised: Value[str | None] = Value(None)
        """The name of the view that fills the layout: axial, coronal, sagittal, 3d, beside; None for all."""
        self.active_view: Value[str] = Value("axial")
        self.detached: Value[frozenset[str]] = Value(frozenset())
        """The names of the views that stand in windows of their own."""
        self.transforms: dict[Plane, Value[ViewTransform]] = {
            "axial": Value(ViewTransform()), "coronal": Value(ViewTransform()), "sagittal": Value(ViewTransform()),
        }  # fmt: skip
        self.cine: Value[bool] = Value(False)
        self.identity_hidden: Value[bool] = Value(False)
        # what was found
        self.layers = Layers()
        self.masks: Value[Masks] = Value(Masks())
        self.findings: Value[Findings | None] = Value(None)
        self.segment_anyway: Value[bool] = Value(False)
        """Whether a system segments what it did not recognise as diseased (a preference)."""
        self.detection_floor: Value[DetectionFloor] = Value(DetectionFloor())
        """Below it the next analysis grades CT-0 (a preference)."""
        self.lobes: Value[LabelMap | None] = Value(None)
        """A lobe map on the grid of the loaded volume, for the next analysis."""
        self.co_rads: Value[int | None] = Value(None)
        """The category that the reader chose for this study, 0 to 6; only the reader ever sets one."""
        self.hovered_lesion: Value[int | None] = Value(None)
        """The number of the lesion the reader points at in the list; every view outlines it."""
        self.measurements = Measurements()
        # work and words
        self.jobs: Value[tuple[JobState, ...]] = Value(())
        self.notice: Signal[Notice] = Signal()

    def look_at(self, point: Point) -> None:
        """Move every view to a point (LPS mm), held inside the open volume."""
        loaded = self.loaded.value
        if loaded is not None:
            geometry = loaded.volume.geometry
            index = np.clip(geometry.to_index(point), 0, np.array(geometry.shape) - 1)
            x, y, z = geometry.to_patient(index)
            point = (float(x), float(y), float(z))
        self.crosshair.value = point

    def look_at_slice(self, k: int) -> None:
        """Move to slice ``k`` of the open volume's own grid, the in-plane position kept."""
        loaded = self.loaded.value
        if loaded is None:
            return
        geometry = loaded.volume.geometry
        index = geometry.to_index(self.crosshair.value)
        index[0] = k
        x, y, z = geometry.to_patient(index)
        self.look_at((float(x), float(y), float(z)))

    def show_masks(
        self,
        lungs: NDArray[np.uint8] | None,
        lesions: NDArray[np.uint8] | None,
        heatmap: NDArray[np.float32] | None = None,
        agreement: NDArray[np.uint8] | None = None,
    ) -> None:
        """Put masks on show (also after their content changed in place)."""
        self.masks.value = Masks(lungs, lesions, heatmap, self.masks.value.version + 1, agreement)

    def show_findings(self, findings: Findings) -> None:
        """Put an analysis on show: its masks, then its figures."""
        output = findings.output
        self.show_masks(
            output.lungs.array, output.lesions.array, None if output.heatmap is None else output.heatmap.array,
            None if output.agreement is None else output.agreement.marks.array,
        )  # fmt: skip
        self.findings.value = findings
