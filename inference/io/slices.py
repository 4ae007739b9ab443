"""Slices put in their order in the patient: by position along the normal, never by file name or InstanceNumber.

A reader fills one :class:`SliceHeader` per image (per frame of a multi-frame object) and calls :func:`arrange`. What
stands against measuring such a stack is said by :func:`inference.io.verdict.from_headers`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from numpy.typing import NDArray

from inference.volume import Point

Cosines = tuple[float, float, float, float, float, float]

SAME_POSITION_MM = 0.01
"""Slices nearer than this along the normal lie at one position."""
SAME_DIRECTION = 1e-3
"""Largest difference of a direction cosine within one orientation (0.06 degree)."""
GAP_TOLERANCE = 0.2
"""A distance within this share of a multiple of the base spacing is a gap; else it is uneven spacing."""
MOST_MISSING = 3
"""A grid with more places than this many times its slices is no stack with gaps but an uneven one."""
SHEAR_DEGREES = 0.1
"""From this angle between normal and stacking direction on, the grid is sheared (gantry tilt)."""


@dataclass(frozen=True, eq=False)
class SliceHeader:
    """What one image's header says, as far as order and verdict need it. No identity, no file name.

    Parameters
    ----------
    position
        (0020,0032), LPS mm of the first voxel's centre, or None where absent.
    orientation
        (0020,0037), cosines of the row direction (x, y, z), then of the column direction, or None.
    rows, columns
        (0028,0010), (0028,0011).
    pixel_spacing
        (0028,0030): distance between rows, then between columns, mm.
    thickness_mm
        (0018,0050).
    image_type
        (0008,0008); of an enhanced object, of the frame.
    rescale_slope, rescale_intercept, rescale_type
        (0028,1053), (0028,1052), (0028,1054); None where absent, which differs from 1, 0 and "HU".
    units
        (0054,1001) or the code value of a real-world value map, "" where neither is there.
    contrast_agent
        (0018,0010), else the codes of (0018,0012), or any words for it, "" where there is none.
    described_as_enhanced
        Whether (0008,103E) names a contrast agent.
    lossy
        (0028,2110) is "01" or the transfer syntax is a lossy one; None where the syntax can be either (JPEG 2000) and
        the header does not say.
    derivation_codes
        Code values of (0008,9215).
    kev
        Energy of a virtual monoenergetic image where the header has it.
    content_hash
        Returns a hash of the pixels and their rescale; called only where two slices share a position. None: unknown,
        and then two slices at one position count as different.
    """

    position: Point | None
    orientation: Cosines | None
    rows: int
    columns: int
    pixel_spacing: tuple[float, float] | None
    thickness_mm: float | None = None
    instance_number: int | None = None
    image_type: tuple[str, ...] = ()
    frame_of_reference_uid: str = ""
    modality: str = ""
    rescale_slope: float | None = None
    rescale_intercept: float | None = None
    rescale_type: str | None = None
    units: str = ""
    patient_position: str = ""
    contrast_agent: str = ""
    described_as_enhanced: bool = False
    gantry_tilt_degrees: float | None = None
    lossy: bool | None = False
    derivation_codes: tuple[str, ...] = ()
    kev: float | None = None
    bits_stored: int | None = None
    unreadable_table: bool = False
    """Whether a Modality LUT stands in place of the rescale that cannot be read."""
    content_hash: Callable[[], str] | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The order of a stack and the grid it makes.

    ``order[n]`` is the index (into the headers given) of the nth slice kept, ascending along ``normal``; it belongs at
    index ``slots[n]`` of a volume of ``slices`` slices. Slots of a gap are in ``missing``.
    """

    order: tuple[int, ...]
    slots: tuple[int, ...]
    slices: int
    """Slices of the grid, missing ones included."""
    missing: tuple[int, ...]
    dropped: tuple[int, ...]
    """Indices (into the headers) of exact duplicates."""
    affine: NDArray[np.float64]
    """4x4, ``(i, j, k, 1)`` to LPS mm; sheared where the gantry was tilted. Nominal where positions are unknown."""
    normal: Point
    """Unit vector, its largest component positive: to the head for axial stacks."""
    spacing_mm: float | None
    """Base distance of neighbouring slices along the normal; None for a single slice or unknown positions."""
    spacing_variation: float = 0.0
    """Largest deviation of a slice distance from the base, as a share, gaps taken out."""
    shear_degrees: float = 0.0
    """Angle between the normal and the direction in which slices follow one another."""
    plane_degrees: float = 0.0
    """Angle between the normal and the body's long axis."""
    positions_known: bool = True
    """False where a slice lacks its position or orientation: the order is then by InstanceNumber or as given."""
    clashing: tuple[int, ...] = ()
    """Indices (into the headers) of slices that share another's position but not its pixels; not in ``order``."""
    sideways_mm: float = 0.0
    """Largest distance, within the plane, of a slice from the line through the first and the last."""
    mixed_orientation: bool = False
    mixed_grid: bool = False
    """Images of different size or pixel spacing."""
    frames_of_reference: tuple[str, ...] = ()
    """The distinct ones that are named."""

    @property
    def sheared(self) -> bool:
        """Whether the grid must be resampled to become orthogonal."""
        return self.shear_degrees >= SHEAR_DEGREES


def arrange(headers: Sequence[SliceHeader]) -> Arrangement:
    """Order slices and find duplicates, conflicts, gaps, uneven spacing, gantry tilt and mixtures.

    Raises
    ------
    ValueError
        Without any header.
    """
    if not headers:
        raise ValueError("There is no slice to arrange.")
    directions = [header.orientation for header in headers]
    points = [header.position for header in headers]
    if any(direction is None for direction in directions) or any(point is None for point in points):
        return _unplaced(headers)
    cosines = np.array(directions, dtype=np.float64)
    positions = np.array(points, dtype=np.float64)
    if not (np.isfinite(cosines).all() and np.isfinite(positions).all() and _are_directions(cosines[0])):
        return _unplaced(headers)
    normal = normal_of(cosines[0])
    along = positions @ normal
    kept, dropped, clashing = _one_per_position(headers, along, positions)
    steps = np.diff(along[kept])
    spacing, counts, variation = _spacing(steps, positions[kept])
    slots = (0, *(int(n) for n in np.cumsum(counts)))
    slices = slots[-1] + 1
    step, shear = _step(positions[kept], normal, slices, headers[kept[0]].thickness_mm)
    return Arrangement(
        order=tuple(kept),
        slots=slots,
        slices=slices,
        missing=tuple(sorted(set(range(slices)) - set(slots))),
        dropped=tuple(dropped),
        affine=_affine(headers[kept[0]], cosines[0], step, positions[kept[0]]),
        normal=(float(normal[0]), float(normal[1]), float(normal[2])),
        spacing_mm=spacing,
        spacing_variation=variation,
        shear_degrees=shear,
        plane_degrees=float(np.degrees(np.arccos(min(1.0, abs(float(normal[2])))))),
        clashing=tuple(clashing),
        sideways_mm=_sideways(positions[kept], slots, step, normal),
        mixed_orientation=bool(np.abs(cosines - cosines[0]).max() > SAME_DIRECTION),
        mixed_grid=_mixed_grid(headers),
        frames_of_reference=_frames(headers),
    )


def normal_of(orientation: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit normal of an image plane, its sign chosen so that the largest component is positive (S, P or L)."""
    cosines = np.asarray(orientation, dtype=np.float64)
    normal = np.cross(cosines[:3], cosines[3:])
    normal = normal / np.linalg.norm(normal)
    return np.asarray(normal * np.sign(normal[np.argmax(np.abs(normal))]))


def _are_directions(cosines: NDArray[np.float64]) -> bool:
    row, column = cosines[:3], cosines[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    return bool(abs(lengths[0] - 1) < 0.01 and abs(lengths[1] - 1) < 0.01 and abs(row @ column) < 0.01)


def _one_per_position(
    headers: Sequence[SliceHeader], along: NDArray[np.float64], positions: NDArray[np.float64]
) -> tuple[list[int], list[int], list[int]]:
    """Indices kept (ascending), exact duplicates, and slices that clash with one kept."""
    kept: list[int] = []
    dropped: list[int] = []
    clashing: list[int] = []
    hashes: dict[int, str | None] = {}

    def content(index: int) -> str | None:
        if index not in hashes:
            make = headers[index].content_hash
            hashes[index] = make() if make is not None else None
        return hashes[index]

    for index in sorted(range(len(headers)), key=lambda n: (along[n], _number(headers[n]), n)):
        if not kept or along[index] - along[kept[-1]] > SAME_POSITION_MM:
            kept.append(index)
            continue
        here = float(np.abs(positions[index] - positions[kept[-1]]).max()) <= 10 * SAME_POSITION_MM
        same = here and content(index) is not None and content(index) == content(kept[-1])
        (dropped if same else clashing).append(index)
    return kept, dropped, clashing


def _spacing(
    steps: NDArray[np.float64], positions: NDArray[np.float64]
) -> tuple[float | None, NDArray[np.int64], float]:
    """Base spacing, the number of base spacings in each step, and the largest deviation once gaps are taken out."""
    if steps.size == 0:
        return None, np.zeros(0, dtype=np.int64), 0.0
    base = _base(steps)
    ratio = steps / base
    nearest = np.maximum(1, np.rint(ratio)).astype(np.int64)
    is_gap = (nearest > 1) & (np.abs(ratio - nearest) <= np.clip(0.02 * nearest, GAP_TOLERANCE, 0.45))
    counts = np.where(is_gap, nearest, 1)
    if counts.sum() > MOST_MISSING * (steps.size + 1):
        counts = np.ones_like(counts)
    even = steps / counts
    spacing = float(np.median(even))
    if _only_rounded(np.concatenate([[0], np.cumsum(counts)]), positions):
        return float(steps.sum() / counts.sum()), counts, 0.0
    return spacing, counts, float(np.abs(even - spacing).max() / spacing)


def _base(steps: NDArray[np.float64]) -> float:
    """The commonest distance (steps alike within a tenth): a gap, however wide, must not set it."""
    groups: dict[int, list[float]] = defaultdict(list)
    for step in steps:
        groups[int(np.rint(np.log(step) / np.log(1.1)))].append(float(step))
    largest = max(len(group) for group in groups.values())
    if largest * 2 > steps.size:
        return float(np.median(steps))
    return float(median(min(group for group in groups.values() if len(group) == largest)))


def _only_rounded(numbers: NDArray[np.int64], positions: NDArray[np.float64]) -> bool:
    """Whether positions are an even stack whose coordinates were written with one decimal (0.625 as 0.6 and 0.7)."""
    if np.abs(positions - np.round(positions, 1)).max() > 1e-6:
        return False
    for coordinate in positions.T:
        slope = (coordinate[-1] - coordinate[0]) / numbers[-1]
        fit = np.polyval(np.polyfit(numbers, coordinate, 1), numbers) if numbers.size > 2 else coordinate
        is_multiple = abs(slope * 10 - round(slope * 10)) < 1e-6
        if np.abs(coordinate - fit).max() > (1e-6 if is_multiple else 0.06):
            return False
    return True


def _step(
    positions: NDArray[np.float64], normal: NDArray[np.float64], slices: int, thickness: float | None
) -> tuple[NDArray[np.float64], float]:
    """Vector from one slice to the next (from the first and the last), and its angle to the normal in degrees."""
    if slices == 1:
        return normal * (thickness or 1.0), 0.0
    step = (positions[-1] - positions[0]) / (slices - 1)
    cosine = float(step @ normal / np.linalg.norm(step))
    across = float(np.linalg.norm(step - (step @ normal) * normal) / np.linalg.norm(step))
    return step, float(np.degrees(np.arctan2(across, cosine)))


def _sideways(
    positions: NDArray[np.float64], slots: Sequence[int], step: NDArray[np.float64], normal: NDArray[np.float64]
) -> float:
    drift = positions - positions[0] - np.outer(slots, step)
    within = drift - np.outer(drift @ normal, normal)
    return float(np.linalg.norm(within, axis=1).max())


def _affine(
    header: SliceHeader, cosines: NDArray[np.float64], step: NDArray[np.float64], origin: NDArray[np.float64]
) -> NDArray[np.float64]:
    between_rows, between_columns = header.pixel_spacing or (1.0, 1.0)
    affine = np.eye(4)
    affine[:3, 0] = cosines[:3] / np.linalg.norm(cosines[:3]) * between_columns
    affine[:3, 1] = cosines[3:] / np.linalg.norm(cosines[3:]) * between_rows
    affine[:3, 2] = step
    affine[:3, 3] = origin
    return affine


def _unplaced(headers: Sequence[SliceHeader]) -> Arrangement:
    """Slices to look at only: by InstanceNumber where all have one, on a nominal grid."""
    numbered = all(header.instance_number is not None for header in headers)
    order = sorted(range(len(headers)), key=lambda n: _number(headers[n])) if numbered else list(range(len(headers)))
    axial = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    step = np.array([0.0, 0.0, headers[0].thickness_mm or 1.0])
    return Arrangement(
        order=tuple(order),
        slots=tuple(range(len(order))),
        slices=len(order),
        missing=(),
        dropped=(),
        affine=_affine(headers[order[0]], axial, step, np.zeros(3)),
        normal=(0.0, 0.0, 1.0),
        spacing_mm=None,
        positions_known=False,
        mixed_grid=_mixed_grid(headers),
        frames_of_reference=_frames(headers),
    )


def _number(header: SliceHeader) -> int:
    return header.instance_number if header.instance_number is not None else 0


def _mixed_grid(headers: Sequence[SliceHeader]) -> bool:
    first = headers[0]
    return any(
        (header.rows, header.columns) != (first.rows, first.columns)
        or (header.pixel_spacing is None) != (first.pixel_spacing is None)
        or not np.allclose(header.pixel_spacing or (1, 1), first.pixel_spacing or (1, 1), rtol=1e-3)
        for header in headers
    )


def _frames(headers: Sequence[SliceHeader]) -> tuple[str, ...]:
    return tuple(sorted({header.frame_of_reference_uid for header in headers} - {""}))
