"""True Hounsfield units as a veto and as a splitter, slice by slice on the source's own voxels."""

from __future__ import annotations

from collections.abc import Sequence

import cc3d
import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.labels import Lesion
from inference.systems.consensus.config import ConsensusSettings

Mask = NDArray[np.bool_]
_AERATED_HU = -500
_GAUSSIANS = 2.0
_LUNG_HU = (-1000, -500)
"""Nothing darker or denser than this weighs more in the veto."""
_NEAR_PIXELS = 9
_FAT_HU = (-130, -50)
_NO_AIR_HU = -300
_LEAST_AIR = 0.3
_LEAST_BESIDE = 0.1


def smoothed(hu: NDArray[np.int16], pixel_mm: tuple[float, float], settings: ConsensusSettings) -> NDArray[np.float32]:
    """The median round each pixel of a slice: noise and thin vessels do not lift the lung beside them."""
    wide = settings.smoothing_mm / min(pixel_mm)
    values = hu.astype(np.float32)
    if wide <= 1:
        return values
    return np.asarray(cv2.medianBlur(values, 3 if wide < 4 else 5), np.float32)


def veto(hu: NDArray[np.int16], opacity: Mask, pixel_mm: tuple[float, float], settings: ConsensusSettings) -> Mask:
    """``opacity`` (rows, columns) without the parts that are on the whole as dark as aerated lung.

    Judged by the mean density of what is marked near by, a Gaussian of ``region_mm``: an opacity keeps its outline and
    the aerated lobules inside it, and a vessel makes no opacity of the lung beside it.
    """
    out = np.zeros_like(opacity)
    rows, columns = np.flatnonzero(opacity.any(axis=1)), np.flatnonzero(opacity.any(axis=0))
    if not rows.size:
        return out
    where = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    marked = opacity[where].astype(np.float32)
    values = np.clip(hu[where], *_LUNG_HU).astype(np.float32) * marked
    across, down = settings.region_mm / pixel_mm[1], settings.region_mm / pixel_mm[0]
    total, share = (
        cv2.GaussianBlur(one, (0, 0), sigmaX=across, sigmaY=down, borderType=cv2.BORDER_CONSTANT)
        for one in (values, marked)
    )
    out[where] = opacity[where] & (total >= settings.veto_hu * share)
    return out


def split(smooth: NDArray[np.float32], opacity: Mask, settings: ConsensusSettings) -> NDArray[np.uint8]:
    """Ground-glass below ``consolidation_hu``, consolidation from there on; 0 outside ``opacity``."""
    dense = smooth >= settings.consolidation_hu
    classes = np.where(dense, np.uint8(Lesion.CONSOLIDATION), np.uint8(Lesion.GROUND_GLASS))
    return np.where(opacity, classes, np.uint8(0))


def steadied(levels: NDArray[np.uint8], seen: Sequence[int], spacing_mm: float, settings: ConsensusSettings) -> Mask:
    """Where the probability, averaged along the body, is over the cut-off: a network that sees one slice at a time
    marks and leaves out the same opacity from slice to slice.

    ``levels`` are probabilities in 255ths (slices, rows, columns), ``seen`` the slices that were looked at. The weights
    are a Gaussian's of ``steadying_mm``, over the slices seen alone.
    """
    out = np.zeros(levels.shape, np.bool_)
    reach = int(_GAUSSIANS * settings.steadying_mm / spacing_mm)
    here = set(seen)
    for k in seen:
        near = [j for j in range(k - reach, k + reach + 1) if j in here]
        weights = np.exp([-0.5 * ((j - k) * spacing_mm / settings.steadying_mm) ** 2 for j in near])
        total = np.zeros(levels.shape[1:], np.float32)
        for j, weight in zip(near, weights / weights.sum(), strict=True):
            total += levels[j] * np.float32(weight)
        out[k] = total > settings.probability * 255
    return out


def agreed(mask: Mask) -> Mask:
    """What a slice and its two neighbours along the body agree on, two of three; the ends stand in for what is beyond.

    A lung does not come and go from slice to slice, but what a network says of a slice and of the mirror image of the
    next one does.
    """
    if len(mask) < 3:
        return mask
    above, below = np.concatenate([mask[1:], mask[-1:]]), np.concatenate([mask[:1], mask[:-1]])
    return np.asarray((mask & above) | (mask & below) | (above & below), np.bool_)


def beyond_lungs(grown: NDArray[np.uint8], spacing_mm: float, settings: ConsensusSettings) -> list[int]:
    """The slices farther above or below the lung that rules have ``grown`` than it can reach; none without any."""
    held = np.flatnonzero((grown > 0).any(axis=(1, 2)))
    if not held.size:
        return []
    reach = settings.reach_mm / spacing_mm
    return [k for k in range(len(grown)) if k < held[0] - reach or k > held[-1] + reach]


def fat(hu: NDArray[np.int16], lungs: NDArray[np.uint8], grown: NDArray[np.uint8]) -> Mask:
    """What is fat in ``lungs``: round kidneys and above the apices it looks like lung once contrast is equalised.

    In a slice, a connected part of what is no lung to the rules (``grown``) of which less than three tenths hold air,
    and of which the median is fat's (-130 to -50 HU; consolidated lung is denser, ground-glass darker); its air stays.
    All are canonical (slices, rows, columns).
    """
    out = np.zeros(lungs.shape, np.bool_)
    for k in np.flatnonzero((lungs > 0).any(axis=(1, 2))):
        alone = (lungs[k] > 0) & (grown[k] == 0)
        number, parts = cv2.connectedComponents(alone.astype(np.uint8), connectivity=4)
        values, labels = hu[k][alone], parts[alone]
        solid = values >= _NO_AIR_HU
        held, air = (np.bincount(one, minlength=number) for one in (labels, labels[~solid]))
        asked = np.flatnonzero((air < _LEAST_AIR * held) & (held > 0))
        if asked.size:
            middle = np.asarray(ndimage.median(values, labels, asked))
            fatty = asked[(middle >= _FAT_HU[0]) & (middle <= _FAT_HU[1])]
            out[k][alone] = np.isin(labels, fatty) & solid
    return out


def like_fluid(
    hu: NDArray[np.int16], marked: Mask, lungs: NDArray[np.uint8], spacing_mm: tuple[float, float, float],
    settings: ConsensusSettings,
) -> Mask:  # fmt: skip
    """The connected parts of what a stream ``marked`` as effusion that can be one.

    They are large enough, on the whole as dense as fluid (collapsed lung and muscle are denser, fat is not), and beside
    the lung: a tenth within ``fluid_reach_mm`` of it in their slices. All are canonical (slices, rows, columns).
    """
    out = np.zeros_like(marked)
    where = _box(marked, [0, *(1 + round(settings.fluid_reach_mm / mm) for mm in spacing_mm[1:])])
    if where is None:
        return out
    near, marked = lungs[where] > 0, marked[where]
    labels, values = cc3d.connected_components(marked, connectivity=6)[marked], hu[where][marked]
    beside = near_to(near, marked, spacing_mm, settings.fluid_reach_mm)[marked]
    sizes = np.bincount(labels)
    touching = np.bincount(labels[beside], minlength=len(sizes))
    least = max(settings.least_fluid_ml * 1000.0 / float(np.prod(spacing_mm)), 1.0)
    asked = np.flatnonzero((sizes >= least) & (touching >= _LEAST_BESIDE * sizes))
    if asked.size:
        middle, (low, high) = np.asarray(ndimage.median(values, labels, asked)), settings.fluid_hu
        out[where][marked] = np.isin(labels, asked[(middle >= low) & (middle <= high)])
    return out


def still_large(
    added: Mask, fluid: Mask, spacing_mm: tuple[float, float, float], settings: ConsensusSettings
) -> Mask:  # fmt: skip
    """What is left of ``added`` fluid without the parts that, with the ``fluid`` beside them, are too small for one."""
    out = np.zeros_like(added)
    where = _box(added, (1, 1, 1))
    if where is None:
        return out
    labels = cc3d.connected_components(added[where] | fluid[where], connectivity=6)
    enough = np.bincount(labels.ravel()) * float(np.prod(spacing_mm)) >= settings.least_fluid_ml * 1000.0
    out[where] = added[where] & enough[labels]
    return out


def _box(mask: Mask, margin: Sequence[int]) -> tuple[slice, ...] | None:
    """The smallest box that holds a mask, wider by a margin along each axis; None without any."""
    ranges = [np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis))) for axis in range(3)]
    if not ranges[0].size:
        return None
    return tuple(slice(max(int(r[0]) - m, 0), int(r[-1]) + m + 1) for r, m in zip(ranges, margin, strict=True))


def near_to(mask: Mask, where: Mask, spacing_mm: tuple[float, float, float], reach_mm: float) -> Mask:
    """``mask`` and what is within ``reach_mm`` of it in its slice, in the slices that hold any of ``where``.

    All are canonical (slices, rows, columns).
    """
    wide, high = (1 + 2 * round(reach_mm / mm) for mm in (spacing_mm[2], spacing_mm[1]))
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, high))
    out = np.zeros(mask.shape, np.bool_)
    for k in np.flatnonzero(where.any(axis=(1, 2))):
        out[k] = cv2.dilate(mask[k].astype(np.uint8), element) > 0
    return out


def other_gas(
    hu: NDArray[np.int16], lungs: NDArray[np.uint8], grown: NDArray[np.uint8], airways: NDArray[np.uint8]
) -> Mask:
    """What is no lung in ``lungs``: airways, and gas with its walls far from the lung that rules have ``grown``.

    All are canonical (slices, rows, columns).
    """
    out = np.zeros(lungs.shape, np.bool_)
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_NEAR_PIXELS, _NEAR_PIXELS))
    for k in np.flatnonzero((lungs > 0).any(axis=(1, 2))):
        here = lungs[k] > 0
        far = here & (cv2.dilate((grown[k] > 0).astype(np.uint8), near) == 0)
        gas = far & (hu[k] < _AERATED_HU)
        walls = far & (cv2.dilate(gas.astype(np.uint8), near) > 0)
        out[k] = gas | walls | (here & (airways[k] > 0))
    return out
