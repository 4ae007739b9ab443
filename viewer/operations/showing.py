"""From a figure to the picture that proves it: every number, bar and row of the panel can be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.findings import Findings, SliceFigures, Zone
from inference.labels import INFECTED, Lesion, Lung
from inference.quantification.zones import thirds
from inference.volume import LabelMap, Reorientation, VolumeGeometry
from viewer.state.session import Session

_ENOUGH = 30
"""Pixels of a density band that make a slice worth showing."""

Slice2D = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Place:
    """The findings turned feet to head."""

    findings: Findings
    geometry: VolumeGeometry
    turn: Reorientation
    lungs: NDArray[np.uint8]
    lesions: NDArray[np.uint8]
    hu: NDArray[np.int16]

    def k_of(self, row: SliceFigures) -> int:
        """The slice of the turned arrays that a row of the per-slice table is about."""
        return self.geometry.shape[0] - 1 - row.index if self.turn.flips[0] else row.index

    def infected(self, k: int) -> Slice2D:
        """Where opacity lies in the lung on a slice."""
        return np.asarray(np.isin(self.lesions[k], INFECTED) & (self.lungs[k] != 0))


def show_lesion(session: Session, number: int) -> bool:
    """Go to the centre of a lesion of the list. Returns whether there is one of that number."""
    findings = session.findings.value
    lesion = None if findings is None else next((one for one in findings.lesions if one.number == number), None)
    if lesion is None:
        return False
    session.look_at(lesion.centre_lps_mm)
    return True


def show_class(session: Session, label: Lesion) -> bool:
    """Go to the slice that holds most of a class. Returns whether any slice does."""
    if (place := _place(session)) is None:
        return False
    scores = {place.k_of(row): float(getattr(row, label.key)) for row in place.findings.slices}
    inside = label is not Lesion.EFFUSION
    return _show(session, place, scores, lambda k: (place.lesions[k] == label) & ((place.lungs[k] != 0) | (not inside)))


def show_infected(session: Session, side: Lung | None = None, zone: Zone | None = None) -> bool:
    """Go to the slice with most opacity in both lungs, a lung or a zone; to its lung if there is no opacity."""
    if (place := _place(session)) is None:
        return False
    if zone is not None:
        side = Lung.RIGHT if zone.startswith("right") else Lung.LEFT
    rows = {place.k_of(row): row for row in place.findings.slices}
    wanted = _in_zone(rows, side, zone, place.geometry.shape[0])
    infected = {k: rows[k].lung * (_percent(rows[k], side) or 0.0) for k in wanted}

    def there(k: int) -> Slice2D:
        return place.infected(k) if side is None else place.infected(k) & (place.lungs[k] == side)

    return _show(session, place, infected, there) or show_lung(session, side, zone)


def show_lung(session: Session, side: Lung | None = None, zone: Zone | None = None) -> bool:
    """Go to the slice where both lungs, a lung or a zone are largest. Returns whether there is any lung."""
    if (place := _place(session)) is None:
        return False
    rows = {place.k_of(row): row for row in place.findings.slices}
    scores = {k: rows[k].lung for k in _in_zone(rows, side, zone, place.geometry.shape[0])}
    return _show(session, place, scores, lambda k: place.lungs[k] == side if side else place.lungs[k] != 0)


def show_band(
    session: Session, low: int | None, high: int | None, side: Lung | None = None, *, in_opacity: bool = False
) -> bool:
    """Go to the nearest slice that holds a fair number of voxels of lung with HU in ``[low, high)``, or the most.

    ``side`` looks in that lung alone.
    """
    if (place := _place(session)) is None:
        return False

    def there(k: int) -> Slice2D:
        inside = place.infected(k) if in_opacity else place.lungs[k] != 0
        if side is not None:
            inside = inside & (place.lungs[k] == side)
        if low is not None:
            inside = inside & (place.hu[k] >= low)
        return inside if high is None else inside & (place.hu[k] < high)

    here = round(float(place.geometry.to_index(session.crosshair.value)[0]))
    best: tuple[int, int] = (0, here)
    for k in sorted((place.k_of(row) for row in place.findings.slices if row.lung), key=lambda k: abs(k - here)):
        best = max(best, (int(np.count_nonzero(there(k))), -k))
        if best[0] >= _ENOUGH:
            break
    return best[0] > 0 and _show(session, place, {-best[1]: 1.0}, there)


def show_heat(session: Session) -> bool:
    """Go to the hottest place of the heat map, where the network looked most; to the opacity where there is no heat."""
    place = _place(session)
    heat = None if place is None else place.findings.output.heatmap
    if place is None or heat is None or not heat.array.any():
        return show_infected(session)
    turned = place.turn.apply(heat.array)
    best = int(turned.max(axis=(1, 2)).argmax())
    return _show(session, place, {best: 1.0}, lambda k: turned[k] == turned[k].max())


def show_missed(session: Session, side: Lung | None) -> bool:
    """Go to the slice with most of the rib cage that neither lung nor effusion claims."""
    place = _place(session)
    if place is None or place.findings.output.rib_cage is None:
        return False
    cage = place.turn.apply(place.findings.output.rib_cage.array)

    def there(k: int, step: int = 1) -> Slice2D:
        part = (k, slice(None, None, step), slice(None, None, step))
        inside = cage[part] != 0 if side is None else cage[part] == side
        return np.asarray(inside & (place.lungs[part] == 0) & (place.lesions[part] != Lesion.EFFUSION))

    scores = {place.k_of(row): float(np.count_nonzero(there(place.k_of(row), 8))) for row in place.findings.slices}
    return _show(session, place, scores, there)


def show_marks(session: Session, fewest: int, most: int) -> bool:
    """Go to the slice with most of what ``fewest`` to ``most`` systems mark as infected."""
    place = _place(session)
    agreement = None if place is None else place.findings.output.agreement
    if place is None or agreement is None:
        return False
    marks = place.turn.apply(agreement.marks.array)

    def there(k: int) -> Slice2D:
        return np.asarray((marks[k] >= fewest) & (marks[k] <= most))

    return _show(session, place, {k: float(np.count_nonzero(there(k))) for k in range(len(marks))}, there)


def _place(session: Session) -> _Place | None:
    findings, loaded = session.findings.value, session.loaded.value
    if findings is None or loaded is None:
        return None
    volume, turn = loaded.volume.canonical()

    def turned(labels: LabelMap) -> NDArray[np.uint8]:
        return turn.apply(labels.array)

    return _Place(
        findings, volume.geometry, turn, turned(findings.output.lungs), turned(findings.output.lesions), volume.array
    )


def _percent(row: SliceFigures, side: Lung | None) -> float | None:
    return {None: row.percent, Lung.RIGHT: row.right_percent, Lung.LEFT: row.left_percent}[side]


def _in_zone(rows: dict[int, SliceFigures], side: Lung | None, zone: Zone | None, count: int) -> Iterable[int]:
    """The slices that hold lung of a side, of one third of its height if a zone is named."""
    holds = np.zeros(count, dtype=bool)
    holds[[k for k, row in rows.items() if _percent(row, side) is not None]] = True
    if zone is None:
        return [int(k) for k in np.flatnonzero(holds)]
    third = {"lower": 0, "middle": 1, "upper": 2}[zone.split()[1]]
    return [int(k) for k in np.flatnonzero(holds & (thirds(holds) == third))]


def _show(session: Session, place: _Place, scores: dict[int, float], there: Callable[[int], Slice2D]) -> bool:
    """Go to the voxel nearest the middle of what lies on the slice of the highest score."""
    if not scores or max(scores.values()) <= 0:
        return False
    k = max(scores, key=lambda one: scores[one])
    pixels = np.argwhere(there(k))
    if not len(pixels):
        return False
    row, column = pixels[int(((pixels - pixels.mean(axis=0)) ** 2).sum(axis=1).argmin())]
    x, y, z = place.geometry.to_patient((k, row, column))
    session.look_at((float(x), float(y), float(z)))
    return True
