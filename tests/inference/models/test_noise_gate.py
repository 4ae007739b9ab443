"""The median that takes a noisy picture's place before a network sees it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from inference.models.networks.joint import JointConfig, JointUnet
from inference.models.noise import NoiseGate
from inference.models.outputs import MASK


def _picture(deviation: float, seed: int = 0) -> torch.Tensor:
    """Asymmetric edges with noise of a known deviation."""
    plain = np.zeros((48, 64), np.float32)
    plain[8:30, 5:40], plain[20:, 50:] = 1.0, -1.0
    noisy = plain + np.random.default_rng(seed).normal(0.0, deviation, plain.shape).astype(np.float32)
    return torch.from_numpy(noisy)[None, None]


def _median(picture: torch.Tensor) -> np.ndarray:
    wide = np.pad(picture[0, 0].numpy(), 1, mode="edge")
    return cv2.medianBlur(wide, 3)[1:-1, 1:-1]


def test_a_clean_picture_passes_as_it_is_and_a_noisy_one_as_its_median() -> None:
    gate = NoiseGate(0.4, 0.6)
    clean, noisy = _picture(0.05), _picture(0.9)
    assert torch.equal(gate(clean), clean)
    assert np.allclose(gate(noisy)[0, 0].numpy(), _median(noisy), atol=1e-6)


def test_between_the_limits_both_are_mixed_and_each_picture_of_a_batch_is_judged_alone() -> None:
    gate = NoiseGate(0.4, 0.6)
    clean, middle, noisy = _picture(0.05), _picture(0.45), _picture(0.9)
    together = gate(torch.cat([clean, middle, noisy]))
    assert torch.allclose(together, torch.cat([gate(one) for one in (clean, middle, noisy)]))
    share = (together[1] - middle[0]) / (torch.from_numpy(_median(middle)) - middle[0])
    seen = share[torch.isfinite(share)]
    assert 0.0 < seen.median() < 1.0 and torch.allclose(seen.median(), seen.mean(), atol=0.02)


@pytest.mark.parametrize("deviation", [0.2, 0.5])
def test_the_estimate_is_the_deviation_of_the_noise_and_hardly_that_of_edges(deviation: float) -> None:
    assert torch.equal(NoiseGate(deviation * 1.2, 9.0)(_picture(deviation)), _picture(deviation))
    assert not torch.equal(NoiseGate(deviation * 0.8, 9.0)(_picture(deviation)), _picture(deviation))


def test_a_network_with_the_gate_sees_a_noisy_picture_as_one_without_sees_its_median() -> None:
    torch.manual_seed(0)
    gated = JointUnet(JointConfig(64, 1, decoder=(8, 8, 8, 8), noise=(0.4, 0.6))).eval()
    plain = JointUnet(JointConfig(64, 1, decoder=(8, 8, 8, 8))).eval()
    plain.load_state_dict(gated.state_dict())
    noisy = _picture(0.9)
    with torch.inference_mode():
        assert torch.allclose(gated(noisy)[MASK], plain(torch.from_numpy(_median(noisy))[None, None])[MASK], atol=1e-4)
        assert not torch.allclose(gated(noisy)[MASK], plain(noisy)[MASK], atol=1e-2)
