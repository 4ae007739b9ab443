"""The words and marks round a slice: corner texts, orientation letters, scale bar, verdict, progress. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field

from inference.io.export_identity import redacted
from inference.io.study import SeriesInfo, WindowLevel
from inference.verdict import Colour, Verdict
from inference.volume import Point, Units
from viewer.rendering.annotations import unit_name
from viewer.rendering.camera import ViewFrame
from viewer.rendering.plane import Letters, PlaneGrid, coordinate_text
from viewer.rendering.slice_scene import SliceScene
from viewer.rendering.slice_source import SliceSource, slab_slices
from viewer.state.session import Projection, Slab
from viewer.state.studies import date_words

COMPACT_BELOW = 420
"""Views narrower or lower than this many pixels show fewer words."""
SPACING_FROM = 560
"""Narrower views leave the voxel size out, which would run into the lower letter."""
_BAR_LENGTHS_MM = (1, 2, 5, 10, 20, 50, 100, 200)


@dataclass(frozen=True)
class ScaleBar:
    """A bar of ``pixels`` in the view that stands for ``text``."""

    pixels: float
    text: str


@dataclass(frozen=True)
class Furniture:
    """Everything over a slice that is neither image nor overlay nor measurement."""

    letters: Letters = field(default_factory=Letters)
    top_left: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    verdict_colour: Colour = Colour.GREEN
    verdict: str = ""
    scale_bar: ScaleBar | None = None
    notice: str = ""
    """In the middle of the view: a missing slice, a series that cannot be linked."""
    key_image: bool = False
    heat_target: str | None = None
    """The colour bar's caption, None without a heat map on show."""
    progress: float | None = None
    active: bool = False


def furniture_of(
    scene: SliceScene, frame: ViewFrame, *, identity_hidden: bool, cursor: tuple[float, float] | None = None
) -> Furniture:
    """The furniture of a view's present slice. ``cursor`` is where the mouse is, in view pixels."""
    session, source, grid = scene.session, scene.source, frame.grid
    info = info_of(scene)
    small = compact(frame)
    plane = scene.plane.capitalize() if grid.geometry.orientation_known else ""
    who = () if info is None else identity_lines(info, identity_hidden)
    if small:
        who = who[:1] if scene.plane == "axial" and not identity_hidden else ()
    colour, text = verdict_text(verdict_of(scene))
    lines = display_lines(
        frame,
        scene.index,
        scene.window.value,
        session.slab.value,
        scene.inverted(),
        scene.whole,
        scene.overlaid(),
    )
    if source is not None and source.volume.units is not Units.HU and not (info is not None and info.is_xray):
        lines = (*lines, "no Hounsfield units")
    if _without_heat(scene):
        lines = (*lines, "no heat map of this slice")
    missing = source is not None and source.is_missing(grid, scene.index)
    return Furniture(
        letters=grid.letters,
        top_left=tuple(line for line in (*who, plane) if line),
        bottom_left=(*_under_cursor(scene, frame, cursor), *lines),
        verdict_colour=colour,
        verdict=text,
        scale_bar=scale_bar(frame),
        notice="slice missing" if missing else "" if scene.linked else "not linked: another frame of reference",
        key_image=scene.is_key_image(),
        heat_target=_heat_caption(scene),
        progress=session.loading.value,
    )


def info_of(scene: SliceScene) -> SeriesInfo | None:
    """The series that a view shows."""
    return scene.series.info if scene.series is not None else scene.session.selected.value


def verdict_of(scene: SliceScene) -> Verdict | None:
    """The verdict of the series that a view shows."""
    beside = scene.session.beside.value
    return beside.verdict if scene.second and beside is not None else scene.session.verdict.value


def scale_bar(frame: ViewFrame) -> ScaleBar | None:
    """The longest round length within a quarter of the view's width; None where pixels have no millimetres."""
    if not frame.grid.geometry.spacing_known:
        return None
    fitting = [length for length in _BAR_LENGTHS_MM if length * frame.scale <= frame.width / 4]
    if not fitting:
        return None
    length = fitting[-1]
    return ScaleBar(length * frame.scale, f"{length // 10} cm" if length >= 10 else f"{length} mm")


def compact(frame: ViewFrame) -> bool:
    """Whether a view is too small for every word."""
    return frame.width < COMPACT_BELOW or frame.height < COMPACT_BELOW


def identity_lines(info: SeriesInfo, hidden: bool) -> tuple[str, ...]:
    """Who and which series. Without the patient and every date where identity is hidden."""
    if hidden:
        description = redacted(info.description, info.identity)
        return (description,) if description else ()
    who = info.identity
    lines = (
        _joined(who.plain_name, who.patient_id),
        _joined(date_words(who.birth_date), who.sex),
        _joined(date_words(info.study_date), info.description),
    )
    return tuple(line for line in lines if line)


def display_lines(
    frame: ViewFrame, index: int, window: WindowLevel, slab: Slab, inverted: bool, whole: bool, overlaid: bool = False
) -> tuple[str, ...]:
    """Slice number and position, window, slab, zoom and spacing.

    ``whole`` is False while a series still loads; ``overlaid`` says that labels lie over the picture.
    """
    grid = frame.grid
    number = f"{grid.number(index)}/{grid.count}" if whole else ""
    lines = [_joined(number, grid.position_text(index)), window_text(window, inverted)]
    if slab.projection is not Projection.NONE:
        middle = "values, overlay" if overlaid else "values"
        lines.append(f"{slab_text(grid, slab)}  ({middle}: middle slice)")
    zoom = f"zoom {frame.percent:.0f} %"
    if not compact(frame) and frame.width >= SPACING_FROM:
        zoom = _joined(zoom, _spacing(grid))
    return tuple(line for line in (*lines, zoom) if line)


def probe_line(source: SliceSource, grid: PlaneGrid, point: Point, value: int | None) -> str:
    """``−843 HU  R 34  A 12  S 57 mm`` for the place under the cursor."""
    units = source.volume.units
    amount = "outside the scan field" if value is None else f"{value} {unit_name(units)}".replace("-", "−")
    if not (grid.geometry.orientation_known and grid.geometry.spacing_known):
        return amount
    return amount + "  " + "  ".join(coordinate_text(point, component) for component in range(3)) + " mm"


def window_text(window: WindowLevel, inverted: bool) -> str:
    """The display window by width, level and name, and whether low values are white."""
    values = f"W {window.width:g}  L {window.level:g}".replace("-", "−") if window.table is None else "VOI LUT"
    return "  ".join(part for part in (values, window.name, "inverted" if inverted else "") if part)


def slab_text(grid: PlaneGrid, slab: Slab) -> str:
    """``MIP 10 mm``; the number of slices where they have no millimetres."""
    if grid.geometry.spacing_known:
        return f"{slab.projection.value} {slab.thickness_mm:g} mm"
    slices = slab_slices(grid, slab)
    return f"{slab.projection.value} {slices} slice{'s' * (slices != 1)}"


def verdict_text(verdict: Verdict | None) -> tuple[Colour, str]:
    """Colour and words for the view's top right: the worst reason and how many more; nothing when green.

    A reason that may still turn red comes before one that stays as it is.
    """
    if verdict is None or verdict.colour is Colour.GREEN:
        return Colour.GREEN, ""
    worst = [reason for reason in verdict.reasons if reason.colour is verdict.colour]
    first = next((reason for reason in worst if reason.provisional), worst[0])
    more = len(verdict.reasons) - 1
    text = f"{verdict.colour.word}: {first.text.rstrip('.')}"
    return verdict.colour, text + (f"  (+{more})" if more else "")


def _under_cursor(scene: SliceScene, frame: ViewFrame, cursor: tuple[float, float] | None) -> tuple[str, ...]:
    source, grid = scene.source, frame.grid
    if cursor is None or source is None or not frame.holds(*cursor):
        return ()
    x, y = frame.to_slice(*cursor)
    return (probe_line(source, grid, grid.point(scene.index, x, y), source.value(grid, scene.index, x, y)),)


def _without_heat(scene: SliceScene) -> bool:
    """Whether the heat map is on show and leaves this slice out: positive ones alone are explained."""
    source, grid = scene.source, scene.grid
    if source is None or grid is None or not scene.heat_shown() or not source.stacked_along(grid):
        return False
    heat = source.slice_of(grid, scene.index, scene.session.masks.value.heatmap)
    return heat is not None and not heat.any()


def _heat_caption(scene: SliceScene) -> str | None:
    if not scene.heat_shown():
        return None
    findings = scene.session.findings.value
    heat = None if findings is None else findings.output.heatmap
    if heat is None or not heat.target:
        return "heat"
    return "COVID-like" if heat.target == "covid" else heat.target.replace("_", " ")


def _joined(*parts: str) -> str:
    return "   ".join(part for part in parts if part)


def _spacing(grid: PlaneGrid) -> str:
    if not grid.geometry.spacing_known:
        return "no spacing"
    height, width = grid.pixel_mm
    return f"{width:.2f} × {height:.2f} × {grid.slice_mm:.2f} mm"
