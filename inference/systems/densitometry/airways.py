"""Trachea and main bronchi, grown from a seed in the neck until they would leak."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask, dilate, pieces


def find_airways(hu: NDArray[np.float32], body: Mask, grid: WorkingGrid, config: DensitometryConfig) -> Mask:
    """The trachea with the bronchi that can be told from lung, walls' partial volume included; empty if not found."""
    trachea = _trachea(hu, body, grid, config)
    if not trachea.any():
        return trachea
    tree = trachea
    size = int(tree.sum())
    top = int(np.flatnonzero(trachea.any(axis=(1, 2)))[-1])
    for threshold in config.airway_hu:
        air = body & (hu < threshold)
        air[top + 1 :] = False
        grown = _connected(air | trachea, trachea)
        volume = int(grown.sum())
        if volume > grid.voxels(config.airway_ml) or volume > config.airway_growth * size + grid.voxels(6.0):
            break
        tree, size = grown, volume
    return dilate(tree, max(grid.spacing_mm[1:]) * 1.5, grid.spacing_mm) & body & (hu < config.trachea_hu + 400)


def _connected(mask: Mask, seed: Mask) -> Mask:
    labels, sizes = pieces(mask, 6)
    keep = np.zeros(len(sizes), bool)
    keep[np.unique(labels[seed])] = True
    keep[0] = False
    return np.asarray(keep[labels])


def _trachea(hu: NDArray[np.float32], body: Mask, grid: WorkingGrid, config: DensitometryConfig) -> Mask:
    """The longest chain, from the head down, of round pools of air near the middle of the body."""
    pixel = grid.spacing_mm[1] * grid.spacing_mm[2]
    chains: list[list[tuple[int, Mask]]] = []
    slices = hu.shape[0]
    for k in range(slices - 1, slices // 3, -1):
        if not body[k].any():
            continue
        for pool in _round_pools(hu[k], body[k], pixel, grid, config):
            above = [n for n, chain in enumerate(chains) if 0 < chain[-1][0] - k <= 2 and (chain[-1][1] & pool).any()]
            if above:
                chains[max(above, key=lambda n: len(chains[n]))].append((k, pool))
            else:
                chains.append([(k, pool)])
    seed = np.zeros(hu.shape, bool)
    if not chains:
        return seed
    chain = max(chains, key=lambda links: sum(min(float(pool.sum()) * pixel, 300.0) for _, pool in links))
    if len(chain) * grid.spacing_mm[0] < 15.0:
        return seed
    for k, pool in chain:
        seed[k] |= pool
    return seed


def _round_pools(
    hu: NDArray[np.float32], body: Mask, pixel: float, grid: WorkingGrid, config: DensitometryConfig
) -> list[Mask]:
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    middle = (columns[0] + columns[-1]) / 2
    reach = 0.16 * (columns[-1] - columns[0])
    labels, sizes = pieces((hu < config.trachea_hu)[None] & body[None], 6)
    found = []
    low, high = config.trachea_area_mm2
    for number in np.flatnonzero((sizes * pixel >= low) & (sizes * pixel <= high)):
        pool = labels[0] == number
        j, i = np.nonzero(pool)
        height, width = np.ptp(j) + 1, np.ptp(i) + 1
        round_enough = sizes[number] > 0.5 * height * width and max(height, width) < 2.6 * min(height, width)
        inside = rows[0] + 3 < j.min() and j.max() < rows[-1] - 3
        if round_enough and inside and abs(i.mean() - middle) < reach and float(hu[pool].mean()) < -900.0:
            found.append(pool)
    return found
