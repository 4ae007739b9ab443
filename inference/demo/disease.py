"""Ground-glass, consolidation and fluid: how much of what is where, calibrated to the shares that were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d
from scipy.spatial import cKDTree

from inference.demo.fields import Axes, Floats, smooth_noise, smooth_step
from inference.demo.lungs import LOBES, Lungs
from inference.demo.organs import Organs
from inference.demo.parameters import DemoParameters, Sides
from inference.demo.shapes import Frame
from inference.demo.trunk import Trunk

VISIBLE_HU = 60.0
"""The truth calls a voxel ground-glass where disease adds at least this much to the density of the lung."""

SOLID_SHARE = 0.5
"""The truth calls a voxel consolidated where at least this share of its air is gone."""

LOBULE_MM = 10.0


@dataclass(frozen=True, eq=False)
class Disease:
    """Fields on the lattice."""

    room: Floats
    """Distance to the outline of what air (or opacity) fills: the lung without pleural fluid."""
    fluid: Floats
    """Distance to the outline of the pleural fluid."""
    added_hu: Floats
    """What ground-glass adds."""
    solid: Floats
    """Share of the air that consolidation took, 0 to 1."""


def place_fluid(
    frame: Frame, trunk: Trunk, organs: Organs, lungs: Lungs, parameters: DemoParameters, down: float
) -> tuple[Floats, Floats]:
    """The lung's and the fluid's outlines: fluid pools where gravity draws it and climbs along the walls."""
    room: Floats = lungs.pleura
    fluid: Floats = np.full(room.shape, 30.0, dtype=np.float32)
    if parameters.effusion_ml <= 0:
        return room, fluid
    node_ml = float(np.prod(frame.lattice.steps)) / 1000.0
    climb = 13.0 * np.exp(np.minimum(trunk.cage, 0.0) / 6.0) + 13.0 * np.exp(-np.maximum(organs.abdomen, 0.0) / 7.0)
    reach = (down * frame.y + 0.5 * np.maximum(trunk.cage, -40.0) - 0.26 * (frame.z + 150.0) + climb) / 1.4
    for side in _sides(parameters.effusion_sides):
        beyond = np.maximum(lungs.midline * side, lungs.pleura)
        heights = np.sort(reach[beyond < 0])[::-1]
        surface = reach - heights[min(int(parameters.effusion_ml / node_ml), len(heights) - 1)]
        fluid = np.asarray(np.minimum(fluid, np.maximum(beyond, -surface)), np.float32)
        room = np.asarray(np.where(lungs.midline * side < 0, np.maximum(room, surface), room), np.float32)
    return room, fluid


def place_disease(
    frame: Frame,
    trunk: Trunk,
    lungs: Lungs,
    outlines: tuple[Floats, Floats],
    parameters: DemoParameters,
    down: float,
    rng: np.random.Generator,
) -> Disease:
    """Patches that favour the periphery, the dependent side and the bases."""
    room, fluid = outlines
    fine, small, broad, patchy, deep = (smooth_noise(rng, frame.lattice, mm) for mm in (8.0, 13.0, 44.0, 40.0, 46.0))
    ragged = 0.28 * small + 0.2 * fine
    rim = np.exp(np.minimum(trunk.cage, 0.0) / 15.0)
    low = np.clip(down * frame.y / 80.0, -1.2, 1.2)
    base = np.clip(-frame.z / 100.0, -1.0, 1.2)
    of_lobe = np.append(0.0, rng.normal(0.0, 0.35, len(LOBES)))[lungs.lobes].astype(np.float32)
    score = np.asarray(1.1 * patchy + ragged + 1.7 * rim + 0.8 * low + 0.3 * base + of_lobe, np.float32)
    core = np.asarray(1.0 * deep + ragged + 0.35 * patchy + 0.9 * rim + 1.1 * low + 0.9 * base + of_lobe, np.float32)
    sided = np.zeros(room.shape, np.bool_)
    for side in _sides(parameters.sides):
        sided |= lungs.midline * side < 0
    chosen = sided & (room < 0)
    solid = _solid(core, chosen, parameters.consolidation) * sided
    density = (235.0 + 95.0 * broad + 20.0 * small).clip(95.0, 460.0)
    halo = 220.0 * smooth_step(_above(core, chosen, 1.6 * parameters.consolidation), 0.0, 0.4)
    added = _ground_glass(score, density, halo, solid, chosen, parameters.ground_glass) * sided
    if parameters.effusion_ml > 0:
        band = min(11.0, 2.0 + parameters.effusion_ml / 30.0)
        collapse = smooth_step(-fluid, -band, -0.35 * band) * (0.85 + 0.15 * fine).clip(0.0, 1.0)
        solid = np.maximum(solid, collapse)
    return Disease(room, fluid, np.asarray(added, np.float32), np.asarray(solid, np.float32))


def _sides(sides: Sides) -> tuple[float, ...]:
    """+1 for the right (where the midline's distance is negative), -1 for the left."""
    return {"right": (1.0,), "left": (-1.0,), "both": (1.0, -1.0)}[sides]


def _above(score: Floats, chosen: NDArray[np.bool_], share: float) -> Floats:
    """``score`` less the level that ``share`` of the chosen nodes exceed; far below zero everywhere if share is 0."""
    if share <= 0 or not chosen.any():
        return np.full_like(score, -9.0)
    return np.asarray(score - np.quantile(score[chosen], 1.0 - min(share, 1.0)), np.float32)


def _solid(core: Floats, chosen: NDArray[np.bool_], share: float) -> Floats:
    return np.asarray(smooth_step(_above(core, chosen, share), -0.2, 0.2), np.float32)


def _ground_glass(
    score: Floats, density: Floats, halo: Floats, solid: Floats, chosen: NDArray[np.bool_], share: float
) -> Floats:
    """HU added, such that the visible part outside consolidation is ``share`` of the chosen lung."""
    if share <= 0 or not chosen.any():
        return np.zeros_like(score)
    clear = _read_out(solid)[chosen] < SOLID_SHARE
    level, aim = 0.0, share
    for _ in range(3):
        level = _level_for(aim, score[chosen], density[chosen], halo[chosen], clear)
        added = np.asarray(np.maximum(density * _onset(score, level), halo), np.float32)
        came_out = float(((_read_out(added)[chosen] >= VISIBLE_HU) & clear).mean())
        aim = float(np.clip(aim * share / max(came_out, 1e-4), 0.2 * share, 1.5 * share))
    return added


def _onset(score: Any, level: float) -> Any:
    """How strongly ground-glass shows: it sets in within a few mm, then thickens slowly."""
    return 0.55 * smooth_step(score, level, level + 0.35) + 0.45 * smooth_step(score, level + 0.2, level + 1.6)


def _level_for(share: float, score: Floats, density: Floats, halo: Floats, clear: NDArray[np.bool_]) -> float:
    """The score at which ground-glass must set in to be visible in ``share`` of the nodes."""
    low, high = float(score.min()) - 2.0, float(score.max()) + 1.0
    for _ in range(25):
        middle = (low + high) / 2
        visible = np.maximum(density * _onset(score, middle), halo) >= VISIBLE_HU
        low, high = (middle, high) if float((visible & clear).mean()) > share else (low, middle)
    return high


def _read_out(field: Floats) -> Floats:
    """What the fine grid will read at the nodes: the splines smooth a little."""
    out = field
    for axis in range(3):
        out = correlate1d(out, [1 / 6, 4 / 6, 1 / 6], axis=axis, mode="nearest")
    return np.asarray(out, np.float32)


def lobular_pattern(lattice: Axes, rng: np.random.Generator, where: NDArray[np.bool_], crazy_paving: float) -> Floats:
    """A factor about 1 for what ground-glass adds: lobules of unequal density with thickened septa between them.

    Worked out where ``where`` is true on ``lattice`` (which must be finer than the septa are apart); 1 elsewhere.
    """
    pattern = np.ones(lattice.shape, np.float32)
    nodes = np.argwhere(where)
    if not len(nodes):
        return pattern
    lower = [float(axis[0]) for axis in lattice.all]
    counts = [max(2, round((float(axis[-1]) - float(axis[0])) / LOBULE_MM)) for axis in lattice.all]
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in counts), indexing="ij"), axis=-1).reshape(-1, 3)
    seeds = np.array(lower) + (grid + rng.uniform(0, 1, grid.shape)) * LOBULE_MM
    points = np.array(lower) + nodes * np.array(lattice.steps) + rng.normal(0, 0.4, nodes.shape)
    near, cell = (np.asarray(found) for found in cKDTree(seeds).query(points, k=2))
    septum = np.exp(-(((near[:, 1] - near[:, 0]) / 1.4) ** 2))
    tone = rng.uniform(0.72, 1.15, len(seeds))[cell[:, 0]]
    fine = rng.normal(0, 0.10, len(nodes))
    values: Any = tone + fine + septum * (0.15 + 0.9 * crazy_paving)
    pattern[tuple(nodes.T)] = values
    return pattern
