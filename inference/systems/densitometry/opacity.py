"""Opacity inside the lung: vessels, fissures and the pleural rim's partial volume taken out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.effusion import Texture
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import (
    Mask,
    box,
    closed,
    dilate,
    erode,
    opened,
    pieces,
    smoothed,
    smoothed_inside,
    without_small,
)
from inference.systems.densitometry.ribcage import RibCage
from inference.systems.densitometry.scene import Scene


@dataclass(frozen=True)
class _Densities:
    """One box of lung by density.

    ``solid`` is as dense as tissue, ``band`` denser than aerated lung, ``veil`` nearly so; ``hazy`` and ``dense`` are
    the shares of band and of solid in the neighbourhood.
    """

    lung: Mask
    solid: Mask
    band: Mask
    veil: Mask
    calm: NDArray[np.float32]
    lowest: NDArray[np.float32]
    hazy: NDArray[np.float32]
    dense: NDArray[np.float32]
    shallow: Mask


def find_opacity(scene: Scene, lung: Mask, cage: RibCage, progress: Callable[[float], None]) -> tuple[Mask, float]:
    """Lung that is denser than aerated lung by more than vessels are, and the lower cut-off used (HU).

    Ground-glass is a band of densities: a vessel's own rim of partial volume is in it too, but is thinner than an
    opacity and stands alone. Dense tissue counts where it is thicker than vessels are at that depth below the pleura.
    """
    config, spacing = scene.config, scene.spacing_mm
    where = box(lung, 4.0, spacing)
    parts, cutoff = _densities(scene, lung, cage, where, progress)
    haze = _haze(parts, scene)
    progress(0.6)
    mass = _mass(parts, scene)
    progress(0.85)
    core = haze | mass
    around = dilate(core, config.halo_mm, spacing) & (parts.band | parts.veil)
    near = dilate(core, config.haze_mm / 2 + config.rim_mm, spacing) & (parts.band | parts.veil)
    near |= opened(around, config.haze_mm / 2, spacing)
    vessels = without_small(parts.solid & ~dilate(mass, 2.0, spacing), scene.grid.voxels(1.0), 26)
    found = near | (dilate(near | mass, 2.5, spacing) & parts.solid & ~vessels)
    out = np.zeros(lung.shape, bool)
    out[where] = without_small(found, scene.grid.voxels(config.smallest_lesion_ml), 26)
    return out, cutoff


def _densities(
    scene: Scene, lung: Mask, cage: RibCage, where: tuple[slice, slice, slice], progress: Callable[[float], None]
) -> tuple[_Densities, float]:
    config, spacing = scene.config, scene.spacing_mm
    bearing = scene.beneath_mm(lung)[where] < config.dependent_mm
    hu, lung = scene.hu[where], np.ascontiguousarray(lung[where])
    calm = smoothed_inside(hu, lung, config.smoothing_mm, spacing)
    progress(0.15)
    cutoff = ground_glass_cutoff(calm[lung], config)
    lowest = (cutoff + config.dependent_step_hu * bearing).astype(np.float32)
    solid = lung & (hu > config.consolidation_hu)
    band = lung & ~solid & (calm > lowest)
    room = np.maximum(smoothed(lung.astype(np.float32), config.crowding_mm, spacing), np.float32(0.05))
    progress(0.25)
    hazy = np.asarray(smoothed(band.astype(np.float32), config.crowding_mm, spacing) / room, np.float32)
    dense = np.asarray(smoothed(solid.astype(np.float32), config.crowding_mm, spacing) / room, np.float32)
    progress(0.4)
    veil = lung & ~solid & (calm > lowest - config.halo_step_hu)
    shallow = (cage.per_voxel(cage.radius) - cage.distance)[where] < config.shallow_mm
    return _Densities(lung, solid, band, veil, calm, lowest, hazy, dense, shallow), cutoff


def _haze(parts: _Densities, scene: Scene) -> Mask:
    """Sure ground-glass: thick, outweighing the vessels in it; or faint, thicker still and nearly without vessels."""
    config, spacing = scene.config, scene.spacing_mm
    off_dome = _off_dome(parts.lung, scene.grid, config)
    haze = opened(parts.band & off_dome, config.haze_mm / 2, spacing)
    deep = opened(haze, config.central_haze_mm / 2, spacing)
    haze &= deep | (parts.shallow & (parts.dense < config.few_vessels)) | (parts.dense < config.few_vessels / 4)
    haze &= (parts.hazy + parts.dense > config.crowding) & (parts.hazy > config.haze_to_vessel * parts.dense)
    scene.pulse()
    still = smoothed_inside(parts.calm, parts.lung, config.faint_smoothing_mm, spacing)
    faint = parts.lung & (still > parts.lowest - config.faint_step_hu) & (parts.dense < config.few_vessels / 2)
    return haze | (opened(faint & off_dome, config.faint_mm / 2, spacing) & parts.veil)


def _mass(parts: _Densities, scene: Scene) -> Mask:
    """Sure consolidation: thicker than vessels are, by its depth below the pleura."""
    config, spacing = scene.config, scene.spacing_mm
    inner = erode(parts.lung, config.rim_mm, spacing) & _off_dome(parts.lung, scene.grid, config)
    tissue = closed(parts.solid, 1.2, spacing) & parts.lung & inner
    mass = opened(tissue, config.central_vessel_mm / 2, spacing)
    scene.pulse()
    crowded = parts.hazy + parts.dense > config.crowding
    return mass | (opened(tissue & parts.shallow, config.peripheral_vessel_mm / 2, spacing) & crowded)


def ground_glass_cutoff(values: NDArray[np.float32], config: DensitometryConfig) -> float:
    """The lower cut-off for this lung: a step above its most frequent density, within limits."""
    counts, edges = np.histogram(values, bins=np.arange(-1000, -500, 10))
    peak = ndimage.gaussian_filter1d(counts.astype(np.float64), 2.0).argmax()
    low, high = config.ground_glass_hu
    return float(np.clip(edges[peak] + 5.0 + config.ground_glass_step_hu, low, high))


def _off_dome(lung: Mask, grid: WorkingGrid, config: DensitometryConfig) -> Mask:
    """Lung without the slices that share voxels with the diaphragm, where slices are too thick for an opening."""
    off = lung.copy()
    if grid.spacing_mm[0] > config.haze_mm / 2:
        off[:-1] &= lung[1:]
        off[1:] &= lung[:-1]
    return off


def dense_lung(
    scene: Scene, gap: NDArray[np.uint8], certain: Mask, lung: Mask, fluid: Mask, texture: Texture
) -> NDArray[np.uint8]:
    """The parts of the gap between lung and ribs that are consolidated lung, by side.

    A part counts where it is as dense as tissue, no even water, and joins aerated lung over a broad front. Where it is
    not ``certain`` that the diaphragm lies lower, its densities must vary too, as they do around bronchi and do not in
    liver and spleen. What is certain and does not count stays unclaimed, and is reported as possibly missed lung.
    """
    grid, config = scene.grid, scene.config
    free = (gap > 0) & ~fluid & ~lung
    labels, sizes = pieces(free)
    front = np.bincount(labels[dilate(lung, 3.0, grid.spacing_mm)], minlength=len(sizes))
    mean = np.bincount(labels.ravel(), weights=scene.hu.ravel(), minlength=len(sizes)) / np.maximum(sizes, 1)
    water = free & (texture.spread < config.fluid_spread_hu) & (texture.mean < 15.0) & texture.soft
    watery = np.bincount(labels[water], minlength=len(sizes))
    high = config.tall_pool_mm / grid.spacing_mm[0]
    keep = (front > 0.08 * sizes) & (mean > config.returned_hu[0]) & (mean < config.returned_hu[1])
    keep &= (watery < 0.35 * sizes) | ((sizes < grid.voxels(config.plaque_ml)) & (_heights(labels) < high))
    uneven = texture.spread > max(config.fluid_spread_hu, 2.2 * texture.noise)
    rough = np.bincount(labels[free & texture.soft & uneven], minlength=len(sizes))
    known = np.bincount(labels[free & certain], minlength=len(sizes))
    keep &= (known > 0.5 * sizes) | (rough > 0.5 * sizes)
    keep[0] = False
    for number in np.flatnonzero(keep):
        keep[number] = not _on_organ(labels == number, scene.hu, lung, grid)
    return np.asarray(np.where(keep[labels], gap, 0), np.uint8)


def _heights(labels: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Slices that each labelled part spans."""
    out = np.zeros(int(labels.max()) + 1, np.int64)
    for number, found in enumerate(ndimage.find_objects(labels.astype(np.int32)), start=1):
        out[number] = found[0].stop - found[0].start
    return out


def _on_organ(part: Mask, hu: NDArray[np.float32], lung: Mask, grid: WorkingGrid) -> bool:
    """Whether a flat part only caps dense tissue that goes on below it: the liver's or spleen's dome."""
    where = box(part, 12.0, grid.spacing_mm)
    part, hu, lung = part[where], hu[where], lung[where]
    levels = np.flatnonzero(part.any(axis=(1, 2)))
    if np.ptp(levels) * grid.spacing_mm[0] > 30.0:
        return False
    footprint = part.any(axis=0)
    under = np.maximum(part.argmax(axis=0) - max(1, round(8.0 / grid.spacing_mm[0])), 0)
    rows, columns = np.nonzero(footprint)
    beneath = under[footprint], rows, columns
    return bool(np.mean((hu[beneath] > -50.0) & ~lung[beneath]) > 0.5)
