"""Judge a list of slices without files: headers, then voxels, then a stand-in for the lungs."""

from __future__ import annotations

import numpy as np

from inference.io.slices import arrange
from inference.io.verdict import from_headers, from_lungs, from_voxels
from inference.verdict import Verdict
from inference.volume import Volume, VolumeGeometry
from tests.helpers.mutate import Images, header, lungs_of


def judge(images: Images) -> tuple[Verdict, Volume]:
    """The verdict once the voxels are known, and the volume as a reader makes it from headers and stored values."""
    headers = [header(image) for image in images]
    arrangement = arrange(headers)
    verdict = from_headers(headers, arrangement)
    array = np.full((arrangement.slices, *images[0].hu.shape), -1000, np.int16)
    for index, k in zip(arrangement.order, arrangement.slots, strict=True):
        array[k] = images[index].hu + 1024 + (images[index].tags.get("RescaleIntercept") or 0)
    volume = Volume(array, VolumeGeometry(array.shape, arrangement.affine), missing_slices=arrangement.missing)
    if "no_rescale" in codes(verdict):
        return verdict, volume
    return from_voxels(verdict, volume), volume


def judge_with_lungs(verdict: Verdict, volume: Volume) -> Verdict:
    """The final verdict, lungs found by :func:`tests.helpers.mutate.lungs_of`."""
    return from_lungs(verdict, volume, lungs_of(volume))


def codes(verdict: Verdict) -> set[str]:
    """The codes of all reasons."""
    return {reason.code for reason in verdict.reasons}
