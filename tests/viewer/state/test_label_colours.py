"""The labels' colours can be told apart: by lightness, and by those who see fewer hues."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from viewer.state.layers import labels

LIGHTNESS_APART = 12.0
COLOUR_APART = 25.0
_TO_XYZ = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])
_SIGHT = {
    "every hue": np.eye(3),
    "no red": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "no green": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "no blue": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}
"""Linear RGB as it looks to the colour-blind (Machado, Oliveira and Fernandes 2009, severity 1)."""

BY_KEY = {label.key: label for label in labels()}
LESIONS = [label for label in labels() if label.mask == "lesions"]
TOUCHING = list(combinations([label.key for label in LESIONS], 2))
"""Any two lesions may touch."""
LUNGS = [("effusion", label.key) for label in labels() if label.mask == "lungs"]
"""Fluid lies along the lung."""


def cielab(colour, sight="every hue"):
    value = np.array(colour) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    seen = np.clip(_SIGHT[sight] @ linear, 0, 1)
    share = (_TO_XYZ @ seen) / _TO_XYZ.sum(axis=1)
    x, y, z = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize(("one", "other"), TOUCHING + LUNGS)
def test_classes_that_touch_differ_in_lightness(one, other):
    lightness = [cielab(BY_KEY[key].colour)[0] for key in (one, other)]
    assert abs(lightness[0] - lightness[1]) >= LIGHTNESS_APART


@pytest.mark.parametrize("sight", list(_SIGHT))
@pytest.mark.parametrize(("one", "other"), [pair for pair in TOUCHING if "effusion" in pair] + LUNGS)
def test_effusion_is_told_from_its_neighbours_by_everyone(one, other, sight):
    apart = np.linalg.norm(cielab(BY_KEY[one].colour, sight) - cielab(BY_KEY[other].colour, sight))
    assert apart >= COLOUR_APART
