"""Activation maps: the formulas by hand, and the checks that say whether a map can be believed."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch
from torch import Tensor

from inference.explanation.activation import activation_map, combine
from inference.explanation.sanity import HeatShares, beside_opacities, correlation, heat_shares, misplaced
from inference.models.network import Network
from inference.models.outputs import MASK, RECOGNITION
from inference.models.registry import build
from tests.helpers.learned import SIZE, TINY

FEATURES = torch.tensor([[[[1.0, 2.0]], [[3.0, 1.0]]]])
GRADIENT = torch.tensor([[[[2.0, 0.0]], [[-1.0, -1.0]]]])


def test_paper_5_cuts_each_channel_before_the_sum() -> None:
    """w = (1, -1); channel 2 speaks against and is cut by itself."""
    assert torch.equal(combine(FEATURES, GRADIENT, "paper-5"), torch.tensor([[[1.0, 2.0]]]))


def test_grad_cam_cuts_after_the_sum() -> None:
    """The sum is (1 - 3, 2 - 1)."""
    assert torch.equal(combine(FEATURES, GRADIENT, "grad-cam"), torch.tensor([[[0.0, 1.0]]]))


def images(count: int = 2) -> Tensor:
    return torch.randn(count, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(4))


def made(name: str, seed: int) -> Network:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    network = build(TINY[name][1])
    with torch.no_grad():
        for _ in range(4):
            network(images(4))
    return network.eval().requires_grad_(False)


HEADS = {
    "jcs-recogniser-compact": (RECOGNITION, "covid"),
    "specialised-streams-recogniser-compact": (RECOGNITION, "covid"),
    "covid-mtnet-ct-recogniser-compact": (RECOGNITION, "covid"),
    "covid-mtnet-ct-lungs-compact": (MASK, "lung"),
    "multitask-network-compact": (RECOGNITION, "covid"),
    "cascade-severity-lesions-compact": (MASK, "lesion"),
    "specialised-streams-ground-glass-compact": (MASK, "ground_glass"),
    "specialised-streams-manifestations-compact": ("manifestations", "effusion"),
}


@pytest.mark.parametrize("name", HEADS)
def test_every_network_can_be_explained_and_stays_as_it_was(name: str) -> None:
    network = made(name, 1)
    before = network(images())[HEADS[name][0]]
    maps = activation_map(network, images(), *HEADS[name])
    assert maps.ndim == 3
    assert len(maps) == 2
    assert maps.isfinite().all()
    assert maps.min() >= 0
    assert torch.equal(before, network(images())[HEADS[name][0]])
    assert all(p.grad is None for p in network.parameters())


def test_equation_1_is_the_mean_gradient_of_the_probability() -> None:
    network = made("jcs-recogniser-compact", 2)
    kept: list[Tensor] = []
    handle = network.deepest.register_forward_hook(lambda module, given, output: kept.append(output))
    with torch.no_grad():
        network(images(1))
    handle.remove()
    features = kept[0].requires_grad_()
    head = network.get_submodule("classifier")
    head(features).softmax(dim=1)[0, 1].backward()
    assert features.grad is not None
    weights = features.grad.mean(dim=(2, 3))[0]
    by_hand = sum((weight * channel).relu() for weight, channel in zip(weights, features.detach()[0], strict=True))
    found = activation_map(network, images(1), RECOGNITION, "covid", mapping="paper-5")[0]
    assert isinstance(by_hand, Tensor)
    assert torch.allclose(found, by_hand, atol=1e-6)
    assert found.max() > 0


@pytest.mark.parametrize("name", ["jcs-recogniser-compact", "covid-mtnet-ct-recogniser-compact"])
@pytest.mark.parametrize("mapping", ["grad-cam", "paper-5"])
def test_randomised_weights_change_the_map(name: str, mapping: str) -> None:
    drawn = (
        activation_map(made(name, seed), images(4), RECOGNITION, "covid", mapping=mapping)  # type: ignore[arg-type]
        for seed in range(3, 23)
    )
    maps = list(islice((one for one in drawn if float(one.std()) > 0), 2))  # random heads often see nothing
    assert len(maps) == 2
    assert correlation(*(one.numpy() for one in maps)) < 0.5
    assert correlation(maps[0].numpy(), maps[0].numpy()) == pytest.approx(1.0)


def test_shares_of_heat_are_counted_in_lung_and_lesion() -> None:
    heat = np.array([[1.0, 2.0, 1.0, 0.0]], np.float32)
    lungs, lesions = np.array([[2, 1, 0, 0]], np.uint8), np.array([[0, 4, 0, 1]], np.uint8)
    assert heat_shares(heat, lungs, lesions) == HeatShares(0.75, 0.5)
    assert heat_shares(np.zeros_like(heat), lungs, lesions) == HeatShares(None, None)


def test_reader_is_warned_when_the_heat_lies_elsewhere() -> None:
    warning = misplaced(HeatShares(0.2, 0.1))
    assert warning is not None
    assert "20 %" in warning.text
    assert misplaced(HeatShares(0.6, 0.0)) is None
    assert misplaced(HeatShares(None, None)) is None


def test_heat_of_a_network_that_sees_the_lung_alone_must_lie_in_the_opacities_more_than_by_chance() -> None:
    lungs, lesions = np.ones((3, 1, 4), np.uint8), np.zeros((3, 1, 4), np.uint8)
    lesions[0, 0, 0] = lesions[2] = 1
    heat = np.zeros((3, 1, 4), np.float32)
    heat[:2] = [[0.1, 0.9, 0.0, 0.0]]  # warm in two slices, of whose lung an eighth is opaque; 5 % of the heat is there
    warning = beside_opacities(heat_shares(heat, lungs, lesions), heat, lungs, lesions)
    assert warning is not None and warning.code == "heat_beside_opacities"
    assert "Only 5 %" in warning.text and "12 % of the lung" in warning.text
    heat[0] = [[0.9, 0.1, 0.0, 0.0]]
    assert beside_opacities(heat_shares(heat, lungs, lesions), heat, lungs, lesions) is None
    cold = np.zeros_like(heat)
    assert beside_opacities(heat_shares(cold, lungs, lesions), cold, lungs, lesions) is None


def test_flat_map_correlates_with_nothing() -> None:
    assert correlation(np.ones((3, 3), np.float32), np.eye(3, dtype=np.float32)) == 0.0
