"""The heat map of a volume: every positive slice is warm, also where not every one was explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from inference.explanation import activation, volume
from inference.models.outputs import RECOGNITION
from inference.systems.learned import Analysis
from inference.systems.registry import SPECIALISED_STREAMS
from tests.helpers.learned import Recorder, ship_tiny, weights_in
from tests.helpers.phantoms import chest

POSITIVE = [1, 2, 3, 4, 5, 7, 9]


def test_slices_between_explained_ones_get_what_lies_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ship_tiny(tmp_path, "specialised-streams-recogniser-compact")
    asked: list[int] = []

    def level(network: object, images: torch.Tensor, *rest: object, **more: object) -> torch.Tensor:
        first = len(asked)
        asked.extend(range(len(images)))
        return torch.stack([torch.full((4, 4), 1.0 + first + n) for n in range(len(images))])

    monkeypatch.setattr(volume, "MOST_SLICES", 3)
    monkeypatch.setattr(activation, "activation_map", level)
    study = chest(disease="right", shape=(12, 48, 64), spacing_mm=(20.0, 7.0, 6.0)).volume
    with weights_in(tmp_path):
        run = Analysis(SPECIALISED_STREAMS, study, Recorder())
        heat = volume.heat_of_class(run, run.model("recogniser"), POSITIVE, RECOGNITION, "covid")
    assert heat is not None and len(asked) == 3
    middle = heat[:, heat.shape[1] // 2, heat.shape[2] // 2] * 3
    explained = {1: 1.0, 4: 2.0, 9: 3.0}
    between = {2: 1 + 1 / 3, 3: 1 + 2 / 3, 5: 2.2, 7: 2.6}
    wanted = [({**explained, **between}).get(k, 0.0) for k in range(12)]
    np.testing.assert_allclose(middle, wanted, atol=1e-5)
