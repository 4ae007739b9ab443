"""A lesion's voxels in any orientation."""

from __future__ import annotations

import numpy as np

from inference.volume import Reorientation
from viewer.rendering.lesion_mask import LesionMask


def test_a_plane_holds_the_crop_at_its_place():
    voxels = np.zeros((2, 3, 4), bool)
    voxels[1, 2, 0] = True
    mask = LesionMask(((4, 6), (1, 4), (2, 6)), voxels)
    shape = (9, 8, 7)
    assert np.argwhere(mask.plane(0, 5, shape)).tolist() == [[3, 2]]
    assert np.argwhere(mask.plane(1, 3, shape)).tolist() == [[5, 2]]
    assert np.argwhere(mask.plane(2, 2, shape)).tolist() == [[5, 3]]
    assert mask.plane(0, 6, shape) is None and mask.plane(0, 3, shape) is None


def test_reorienting_the_crop_is_reorienting_the_whole():
    shape = (9, 8, 7)
    rng = np.random.default_rng(5)
    voxels = rng.random((2, 3, 4)) > 0.5
    whole = np.zeros(shape, bool)
    whole[4:6, 1:4, 2:6] = voxels
    for turn in (Reorientation((0, 1, 2), (True, False, True)), Reorientation((2, 0, 1), (True, True, False))):
        turned = LesionMask(((4, 6), (1, 4), (2, 6)), voxels).reoriented(turn, shape)
        expected = turn.apply(whole)
        for axis in range(3):
            for index in range(expected.shape[axis]):
                plane = turned.plane(axis, index, expected.shape)
                wanted = np.take(expected, index, axis=axis)
                np.testing.assert_array_equal(wanted, np.zeros_like(wanted) if plane is None else plane)
