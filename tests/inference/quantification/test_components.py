"""The lesion list of noisy masks: the figures of each component against the plain definition, and what it costs."""

from __future__ import annotations

import tracemalloc

import numpy as np
from scipy import ndimage

from inference.labels import Lesion
from inference.quantification.components import components
from inference.quantification.definitions import AssessmentSettings
from inference.quantification.masks import prepare
from inference.quantification.tally import tally
from inference.quantification.zones import zone_name
from tests.helpers import quantification_cases as cases


def noisy(density: float, seed: int = 5):
    rng = np.random.default_rng(seed)
    lung = cases.lungs()
    lesion = np.where(rng.random(cases.SHAPE) < density, rng.integers(1, 5, cases.SHAPE), 0).astype(np.uint8)
    lesion[(lung == 0) & (lesion != Lesion.EFFUSION)] = 0
    volume = cases.volume_of(lung, lesion)
    masks = prepare(volume, cases.output_of(volume, lung, lesion))
    return volume, masks, tally(masks)


def test_every_figure_of_every_component_of_a_noisy_mask_is_the_definitions_own():
    volume, masks, counts = noisy(0.12)
    listed = components(masks, counts, AssessmentSettings(smallest_lesion_ml=3 * cases.VOXEL_ML))
    labelled, number = ndimage.label(masks.infected, np.ones((3, 3, 3)))
    wanted = {}
    for n in range(1, number + 1):
        kji = np.argwhere(labelled == n)
        if len(kji) < 3:
            continue
        k, j, i = kji.T
        whole = masks.canonical_index(kji)
        per_slice = np.bincount(k)
        offsets = (kji - kji.mean(axis=0)) * cases.SPACING
        zones = np.bincount(counts.zones[k, masks.lung[k, j, i]])
        wanted[tuple((int(a.min()), int(a.max()) + 1) for a in whole.T), len(kji)] = (
            int(np.bincount(masks.lesions[k, j, i], minlength=5).argmax()),
            round(float(masks.hu[k, j, i].mean()), 6),
            int(per_slice.argmax()) + masks.crop[0].start,
            int(per_slice.max()),
            zone_name(int(zones.argmax())),
            round(float(np.linalg.norm(offsets, axis=1).min()), 6),
        )
    found = {}
    for one in (one for one in listed.components if one.label != Lesion.EFFUSION):
        (k0, k1), (j0, j1), (i0, i1) = one.bounds
        at = np.rint(volume.geometry.to_index(one.centre_lps_mm)).astype(int)
        own = labelled[tuple(at - [part.start for part in masks.crop])]
        assert own > 0, "the centre lies in the lesion"
        middle = np.argwhere(labelled == own).mean(axis=0) + [part.start for part in masks.crop]
        found[one.bounds, one.voxels] = (
            one.label, round(one.mean_hu, 6), one.peak_slice, round(one.area_mm2 / cases.PIXEL_MM2), one.zone,
            round(float(np.linalg.norm((at - middle) * cases.SPACING)), 6),
        )  # fmt: skip
        assert k0 <= at[0] < k1 and j0 <= at[1] < j1 and i0 <= at[2] < i1
    assert len(found) > 20 and found == wanted
    single = sum(1 for n in range(1, number + 1) if (labelled == n).sum() < 3)
    assert listed.small_number == single > 20


def test_a_lung_full_of_opacity_needs_no_table_of_its_voxels():
    _, masks, counts = _large()
    voxels = int(masks.infected.sum())
    box = masks.lung.size
    tracemalloc.start()
    try:
        listed = components(masks, counts, AssessmentSettings())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert max(one.voxels for one in listed.components) > 0.5 * voxels > 0.2 * box
    assert peak < 8 * box, f"{peak / box:.1f} bytes for each voxel of the box"


def _large():
    shape = (60, 120, 160)
    lung = np.zeros(shape, np.uint8)
    lung[2:-2, 5:-5, 5:75], lung[2:-2, 5:-5, 85:-5] = 1, 2
    lesion = ((np.random.default_rng(1).random(shape) < 0.6) & (lung > 0)).astype(np.uint8)
    volume = cases.volume_of(lung, lesion)
    masks = prepare(volume, cases.output_of(volume, lung, lesion))
    return volume, masks, tally(masks)
