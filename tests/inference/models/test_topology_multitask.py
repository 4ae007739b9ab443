"""Paper 3: the strided encoder, the two decoders, the classifier, and the arms that the ablation leaves out."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
import torch
from torch import nn

from inference.errors import InputShapeError
from inference.models.config import MultitaskConfig
from inference.models.networks.multitask import MultitaskNetwork
from tests.inference.models.meta import meta

PAPER = MultitaskConfig.paper()


@pytest.mark.parametrize(("side", "deepest"), [(512, 32), (256, 16)])
def test_encoder_ends_in_the_published_tensor_only_at_512(side: int, deepest: int) -> None:
    network = meta(lambda: MultitaskNetwork(replace(PAPER, image_size=side)))
    maps = network.encoder(torch.empty(4, 1, side, side, device="meta"))
    assert [m.shape[1] for m in maps] == [64, 128, 256, 512, 1024]
    assert maps[-1].shape == (4, 1024, deepest, deepest)


def test_encoder_strides_instead_of_pooling() -> None:
    encoder = meta(lambda: MultitaskNetwork(PAPER)).encoder
    assert not any(isinstance(m, nn.MaxPool2d) for m in encoder.modules())
    strided = [m for m in encoder.modules() if isinstance(m, nn.Conv2d) and m.stride == (2, 2)]
    assert [(m.in_channels, m.out_channels) for m in strided] == [(64, 64), (128, 128), (256, 256), (512, 512)]
    assert {m.kernel_size for m in encoder.modules() if isinstance(m, nn.Conv2d)} == {(3, 3)}


@pytest.mark.parametrize("arm", ["reconstruction", "mask"])
def test_decoder_halves_the_channels_and_joins_the_level(arm: str) -> None:
    path = meta(lambda: MultitaskNetwork(PAPER)).arms[arm].path
    reductions = [(step.reduce[0].in_channels, step.reduce[0].out_channels) for step in path.steps]
    assert reductions == [(1024, 512), (512, 256), (256, 128), (128, 64)]
    assert [step.join[0][0].in_channels for step in path.steps] == [1024, 512, 256, 128]


def test_decoders_share_the_encoder_and_nothing_else() -> None:
    network = meta(lambda: MultitaskNetwork(PAPER))
    owned = [{id(p) for p in part.parameters()} for part in (network.encoder, *network.arms.values())]
    assert len(owned) == 4
    assert all(one.isdisjoint(other) for one, other in combinations(owned, 2))


def test_classifier_has_the_published_layers() -> None:
    classifier = meta(lambda: MultitaskNetwork(PAPER)).arms["recognition"]
    convolution, pooling = classifier.reduce
    assert convolution[0].in_channels == 1024
    assert isinstance(pooling, nn.MaxPool2d)
    dense = [m for m in classifier.modules() if isinstance(m, nn.Linear)]
    assert [m.out_features for m in dense] == [128, 64, 3]
    assert dense[0].in_features == 1024 * 8 * 8
    assert sum(isinstance(m, nn.ELU) for m in classifier.modules()) == 2
    assert [m.p for m in classifier.modules() if isinstance(m, nn.Dropout)] == [0.5, 0.5]


def test_reconstruction_is_linear_and_the_rest_sigmoid() -> None:
    network = meta(lambda: MultitaskNetwork(PAPER))
    assert {head.name: head.activation for head in network.heads} == {
        "reconstruction": "linear", "mask": "sigmoid", "recognition": "sigmoid",
    }  # fmt: skip
    assert network.heads[2].labels == ("covid", "normal", "other")


@pytest.mark.parametrize(
    ("tasks", "outputs"),
    [
        (("segmentation", "reconstruction"), ["reconstruction", "mask"]),
        (("classification", "segmentation"), ["mask", "recognition"]),
        (("reconstruction", "classification"), ["reconstruction", "recognition"]),
        (("segmentation",), ["mask"]),
    ],
)
def test_ablation_leaves_arms_out(tasks: tuple[str, ...], outputs: list[str]) -> None:
    network = meta(lambda: MultitaskNetwork(replace(PAPER, tasks=tasks)))
    assert list(network(torch.empty(1, 1, 256, 256, device="meta"))) == outputs
    assert list(network.arms) == outputs


def test_arm_left_out_leaves_the_others_weights_loadable() -> None:
    full = MultitaskNetwork(MultitaskConfig.compact())
    part = MultitaskNetwork(replace(MultitaskConfig.compact(), tasks=("segmentation", "classification")))
    missing, unexpected = part.load_state_dict(full.state_dict(), strict=False)
    assert missing == []
    assert all(key.startswith("arms.reconstruction.") for key in unexpected)


@pytest.mark.parametrize("tasks", [(), ("detection",), ("segmentation", "detection")])
def test_unknown_tasks_are_refused(tasks: tuple[str, ...]) -> None:
    with pytest.raises(InputShapeError, match="The tasks are"):
        MultitaskNetwork(replace(MultitaskConfig.compact(), tasks=tasks))
