"""PNG of more than 8 bits: no file says how many of its 16 are used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inference.io.open import load, scan


def _written(folder: Path, pictures: list[NDArray[np.uint16]]) -> NDArray[np.int16]:
    for n, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"slice-{n:02}.png")
    study = scan(folder)
    assert len(study.series) == 1
    return load(study.series[0], study=study).volume.array


@pytest.mark.parametrize("bits", [8, 10, 12, 15, 16])
def test_upper_eight_of_the_bits_that_are_used_are_kept(bits: int, tmp_path: Path) -> None:
    picture = np.linspace(0, 2**bits - 1, 48 * 32).reshape(48, 32).astype(np.uint16)
    assert np.array_equal(_written(tmp_path, [picture])[0], picture >> (bits - 8))


def test_pictures_of_one_stack_keep_their_brightness_beside_each_other(tmp_path: Path) -> None:
    pictures = [np.full((16, 12), value, np.uint16) for value in (300, 4000, 900)]
    assert _written(tmp_path, pictures)[:, 0, 0].tolist() == [300 >> 4, 4000 >> 4, 900 >> 4]
