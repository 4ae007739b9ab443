"""Trachea and main bronchi, grown from a seed in the neck until they would leak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inference.systems.densitometry.morphology import Mask, dilate, pieces, touching
from inference.systems.densitometry.scene import Scene

Pool = tuple[int, Mask]
"""A slice and a round pool of air in it."""


def find_airways(scene: Scene) -> Mask:
    """The trachea with the bronchi that can be told from lung, walls' partial volume included; empty if not found."""
    tree = _grown_tree(scene)
    if not tree.any() and not scene.oriented:
        tree = _grown_tree(replace(scene, hu=scene.hu[::-1], body=scene.body[::-1]))[::-1]
    return tree


def _grown_tree(scene: Scene) -> Mask:
    grid, config = scene.grid, scene.config
    tree = _trachea(scene)
    if not tree.any():
        return tree
    seed, size = tree, int(tree.sum())
    top = int(np.flatnonzero(tree.any(axis=(1, 2)))[-1])
    for threshold in config.airway_hu:
        scene.pulse()
        air = scene.body & (scene.hu < threshold)
        air[top + 1 :] = False
        grown = touching(air | seed, seed)
        volume = int(grown.sum())
        if volume > grid.voxels(config.airway_ml) or volume > config.airway_growth * size + grid.voxels(6.0):
            break
        tree, size = grown, volume
    rim = scene.body & (scene.hu < config.airway_rim_hu)
    return dilate(tree, 1.5 * max(grid.spacing_mm[1:]), grid.spacing_mm) & rim


def _trachea(scene: Scene) -> Mask:
    """The longest chain, from the head down, of round pools of air near the middle of the body."""
    pixel = scene.spacing_mm[1] * scene.spacing_mm[2]
    chains: list[list[Pool]] = []
    slices = scene.hu.shape[0]
    for k in range(slices - 1, slices // 3, -1):
        if k % 16 == 0:
            scene.pulse()
        for pool in _round_pools(scene, k, pixel):
            above = [n for n, chain in enumerate(chains) if 0 < chain[-1][0] - k <= 2 and (chain[-1][1] & pool).any()]
            if above:
                chains[max(above, key=lambda n: len(chains[n]))].append((k, pool))
            else:
                chains.append([(k, pool)])
    seed = np.zeros(scene.hu.shape, bool)
    if not chains:
        return seed
    chain = max(chains, key=lambda links: sum(min(float(pool.sum()) * pixel, 300.0) for _, pool in links))
    if len(chain) * scene.spacing_mm[0] >= scene.config.trachea_mm:
        for k, pool in chain:
            seed[k] |= pool
    return seed


def _round_pools(scene: Scene, k: int, pixel: float) -> list[Mask]:
    """Pools of air of a trachea's size and shape, inside the body and near its middle."""
    hu, body, config = scene.hu[k], scene.body[k], scene.config
    if not body.any():
        return []
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    middle = (columns[0] + columns[-1]) / 2
    reach = 0.16 * (columns[-1] - columns[0])
    labels, sizes = pieces(((hu < config.trachea_hu) & body)[None], 6)
    found = []
    low, high = config.trachea_area_mm2
    for number in np.flatnonzero((sizes * pixel >= low) & (sizes * pixel <= high)):
        pool = labels[0] == number
        j, i = np.nonzero(pool)
        height, width = np.ptp(j) + 1, np.ptp(i) + 1
        compact = sizes[number] > 0.5 * height * width and max(height, width) < 2.6 * min(height, width)
        enclosed = rows[0] + 3 < j.min() and j.max() < rows[-1] - 3
        if compact and enclosed and abs(i.mean() - middle) < reach and float(hu[pool].mean()) < -900.0:
            found.append(pool)
    return found
