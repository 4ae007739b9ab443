"""Paper 1: the recogniser, the multi-label CNN and the streams, stage by stage."""

from __future__ import annotations

from dataclasses import replace

import pytest
import timm
import torch
import torchvision
from torch import nn

from inference.models.config import InceptionConfig, ManifestationConfig, StreamConfig
from inference.models.encoders.inception import InceptionEncoder
from inference.models.encoders.xception import SeparableConv, XceptionEncoder, XceptionModule
from inference.models.networks.inception import InceptionRecogniser
from inference.models.networks.manifestations import ManifestationNetwork
from inference.models.networks.stream import StreamNetwork
from tests.inference.models.meta import meta, shapes, transfer


def test_inception_at_full_width_answers_as_the_published_network() -> None:
    torch.manual_seed(1)
    reference = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False).eval()
    ours = InceptionRecogniser(replace(InceptionConfig.paper(), labels=tuple(map(str, range(1000))))).eval()
    transfer(reference, ours)
    image = torch.rand(1, 3, 80, 101)
    with torch.inference_mode():
        assert torch.allclose(ours(image)["recognition"], reference(image), atol=1e-5)


def test_inception_has_the_published_grids_and_channels() -> None:
    encoder = meta(lambda: InceptionEncoder(3, 1.0))
    assert shapes(encoder.blocks, encoder.stem(torch.empty(1, 3, 299, 299, device="meta"))) == [
        (256, 35), (288, 35), (288, 35),
        (768, 17), (768, 17), (768, 17), (768, 17), (768, 17),
        (1280, 8), (2048, 8), (2048, 8),
    ]  # fmt: skip


def test_recogniser_has_two_classes_or_four() -> None:
    image = torch.empty(1, 3, 512, 512, device="meta")
    two = meta(lambda: InceptionRecogniser(InceptionConfig.paper()))
    four = meta(
        lambda: InceptionRecogniser(replace(InceptionConfig.paper(), labels=("normal", "bacterial", "viral", "covid")))
    )
    assert two(image)["recognition"].shape == (1, 2)
    assert four(image)["recognition"].shape == (1, 4)


def test_compact_inception_has_every_layer_of_the_published_one() -> None:
    wide, narrow = meta(lambda: InceptionEncoder(3, 1.0)), meta(lambda: InceptionEncoder(3, 0.1875))
    assert _kernels(wide) == _kernels(narrow)


def test_manifestation_network_has_the_published_layers() -> None:
    network = meta(lambda: ManifestationNetwork(ManifestationConfig.paper()))
    for stage in network.stages:
        convolution, activation, pooling, dropout = stage
        assert convolution.kernel_size == (5, 5)
        assert isinstance(activation, nn.ELU)
        assert isinstance(pooling, nn.MaxPool2d)
        assert pooling.kernel_size == 2
        assert dropout.p == 0.25
    dense = [layer for layer in network.classifier.modules() if isinstance(layer, nn.Linear)]
    assert [layer.out_features for layer in dense] == [128, 64, 3]
    assert [layer.p for layer in network.classifier.modules() if isinstance(layer, nn.Dropout)] == [0.5, 0.5]
    assert sum(isinstance(layer, nn.ELU) for layer in network.classifier.modules()) == 2
    assert not any(isinstance(layer, nn.ReLU) for layer in network.modules())
    assert network.heads[0].labels == ("ground_glass", "effusion", "consolidation")
    assert network.heads[0].activation == "sigmoid"


def test_every_pooling_of_the_manifestation_network_halves_the_image() -> None:
    network = meta(lambda: ManifestationNetwork(ManifestationConfig.paper()))
    assert shapes(network.stages, torch.empty(1, 3, 512, 512, device="meta")) == [
        (8, 256), (16, 128), (32, 64), (64, 32), (128, 16), (256, 8),
    ]  # fmt: skip


def test_xception_at_full_width_answers_as_the_published_network_at_stride_16() -> None:
    torch.manual_seed(2)
    reference = timm.create_model("xception65", pretrained=False, features_only=True, output_stride=16).eval()
    ours = XceptionEncoder(3, 1.0).eval()
    transfer(reference, ours)
    image = torch.rand(1, 3, 48, 80)
    with torch.inference_mode():
        maps = reference(image)
        low, deep = ours(image)
    assert torch.allclose(low, maps[1], rtol=1e-4, atol=1e-5)
    assert torch.allclose(deep, maps[-1], rtol=1e-4, atol=1e-5)


def test_xception_strides_instead_of_pooling_and_has_65_layers() -> None:
    encoder = meta(lambda: XceptionEncoder(3, 1.0))
    low, deep = encoder(torch.empty(1, 3, 512, 512, device="meta"))
    assert low.shape == (1, 256, 128, 128)
    assert deep.shape == (1, 2048, 32, 32)
    assert not any(isinstance(layer, nn.MaxPool2d | nn.AvgPool2d) for layer in encoder.modules())
    separable = sum(isinstance(layer, SeparableConv) for layer in encoder.modules())
    plain = sum(isinstance(layer, nn.Conv2d) for layer in encoder.stem.modules())
    assert separable + plain == 65
    assert sum(isinstance(layer, XceptionModule) for layer in encoder.middle) == 16


@pytest.mark.parametrize("width", [1.0, 0.125])
def test_only_the_last_exit_module_is_atrous(width: float) -> None:
    encoder = meta(lambda: XceptionEncoder(3, width))
    atrous = [n for n, m in encoder.named_modules() if isinstance(m, nn.Conv2d) and m.dilation != (1, 1)]
    assert len(atrous) == 3
    assert all(name.startswith("exit.1.") for name in atrous)


def test_pyramid_has_the_published_rates_and_widths() -> None:
    network = meta(lambda: StreamNetwork(StreamConfig.paper()))
    depthwise = [branch[0][0] for branch in network.pyramid.atrous]
    assert [layer.dilation for layer in depthwise] == [(6, 6), (12, 12), (18, 18)]
    assert all(layer.groups == layer.in_channels == 2048 for layer in depthwise)
    assert network.pyramid.project[0][0].in_channels == 5 * 256
    assert network.decoder.reduce[0].out_channels == 48
    assert [network.decoder.refine[i][1][0].in_channels for i in (0, 1)] == [256 + 48, 256]
    assert network.pyramid(torch.empty(2, 2048, 32, 32, device="meta")).shape == (2, 256, 32, 32)
    low, deep = torch.empty(2, 256, 128, 128, device="meta"), torch.empty(2, 256, 32, 32, device="meta")
    assert network.decoder(low, deep).shape == (2, 2, 128, 128)


def test_stream_draws_one_manifestation_and_the_all_class_stream_three() -> None:
    image = torch.empty(2, 3, 512, 512, device="meta")
    one = meta(lambda: StreamNetwork(StreamConfig.paper()))
    every = replace(StreamConfig.paper(), labels=("ground_glass", "consolidation", "effusion"))
    assert one(image)["mask"].shape == (2, 2, 512, 512)
    assert meta(lambda: StreamNetwork(every))(image)["mask"].shape == (2, 4, 512, 512)


def test_compact_stream_has_every_layer_of_the_published_one() -> None:
    wide = meta(lambda: StreamNetwork(StreamConfig.paper()))
    narrow = meta(lambda: StreamNetwork(StreamConfig.compact()))
    assert _kernels(wide) == _kernels(narrow)


def _kernels(network: nn.Module) -> list[tuple[object, ...]]:
    return [
        (m.kernel_size, m.stride, m.padding, m.dilation, m.groups == 1)
        for m in network.modules()
        if isinstance(m, nn.Conv2d)
    ]
