"""``groundglass predict-images`` beside the pictures that it reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.cli import main


@pytest.mark.parametrize("options", [(), ("--steps", "{folder}")])
def test_a_result_never_takes_the_place_of_a_picture(
    options: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "a_1-input.png" if options else "a_lung.png"
    for one in ("a.png", name):
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / one)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    out = tmp_path / "out" if options else tmp_path
    given = [option.format(folder=tmp_path) for option in options]
    assert main(["predict-images", str(tmp_path), "--out", str(out), *given]) == 2
    assert name in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
