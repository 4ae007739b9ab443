"""Paper 2: the units of IRRCNN by their formula, and NABLA-3 path by path."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as nnf

from inference.models.config import NablaConfig, RecurrentConfig
from inference.models.encoders.recurrent import InceptionRecurrentResidualUnit, RecurrentConv
from inference.models.networks.nabla import NablaNetwork
from inference.models.networks.recurrent import RecurrentRecogniser
from tests.inference.models.meta import meta, shapes


def test_recurrent_convolution_unrolls_its_formula_with_the_same_weights_at_every_step() -> None:
    torch.manual_seed(1)
    layer = RecurrentConv(3, 4, 3, steps=2).eval()
    image = torch.rand(1, 3, 5, 7)
    scale = (1 + 1e-5) ** -0.5
    with torch.inference_mode():
        driven = nnf.conv2d(image, layer.forward_weights.weight, padding=1)
        state = nnf.relu(scale * driven)
        for _ in range(2):
            state = nnf.relu(scale * (driven + nnf.conv2d(state, layer.recurrent_weights.weight, padding=1)))
        assert torch.allclose(layer(image), state, atol=1e-6)
    assert sum(isinstance(part, nn.Conv2d) for part in layer.modules()) == 2


def test_one_step_more_changes_the_answer_without_another_convolution() -> None:
    torch.manual_seed(2)
    short, long = RecurrentConv(3, 4, 3, steps=1).eval(), RecurrentConv(3, 4, 3, steps=2).eval()
    long.load_state_dict(short.state_dict(), strict=False)
    image = torch.rand(1, 3, 5, 7)
    with torch.inference_mode():
        assert not torch.allclose(short(image), long(image), atol=1e-3)


def test_unit_concatenates_1x1_and_3x3_and_adds_the_input() -> None:
    torch.manual_seed(3)
    unit = InceptionRecurrentResidualUnit(8, steps=2).eval()
    features = torch.randn(2, 8, 6, 5)
    with torch.inference_mode():
        parts = unit.point(features), unit.local(features)
        assert [part.shape[1] for part in parts] == [4, 4]
        assert torch.equal(unit(features), features + torch.cat(parts, dim=1))


def test_irrcnn_has_five_units_of_1x1_and_3x3_kernels() -> None:
    network = meta(lambda: RecurrentRecogniser(RecurrentConfig.paper()))
    assert len(network.encoder.units) == 5
    kernels = {m.kernel_size for unit in network.encoder.units for m in unit.modules() if isinstance(m, nn.Conv2d)}
    assert kernels == {(1, 1), (3, 3)}


def test_irrcnn_halves_the_grid_and_doubles_the_channels_between_units() -> None:
    network = meta(lambda: RecurrentRecogniser(RecurrentConfig.paper()))
    encoder = network.encoder
    entered = encoder.stem(torch.empty(1, 3, 192, 192, device="meta"))
    stages = [encoder.units[0]]
    for transition, unit in zip(encoder.transitions, list(encoder.units)[1:], strict=True):
        stages.append(nn.Sequential(transition, unit))
    assert shapes(stages, entered) == [(64, 192), (128, 96), (256, 48), (512, 24), (1024, 12)]


def test_irrcnn_ends_in_global_average_pooling_and_softmax() -> None:
    network = meta(lambda: RecurrentRecogniser(RecurrentConfig.paper()))
    assert isinstance(network.classifier[0], nn.AdaptiveAvgPool2d)
    assert network.heads[0].activation == "softmax"
    dense = [layer for layer in network.classifier if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in dense] == [(1024, 2)]


def test_nabla_encodes_with_the_published_widths() -> None:
    network = meta(lambda: NablaNetwork(NablaConfig.paper()))
    maps = network.encoder(torch.empty(1, 3, 256, 256, device="meta"))
    assert [(m.shape[1], m.shape[2]) for m in maps] == [(16, 256), (32, 128), (64, 64), (128, 32), (256, 16), (512, 8)]


def test_nabla_decodes_from_512_256_and_128_channels_to_16() -> None:
    network = meta(lambda: NablaNetwork(NablaConfig.paper()))
    climbs = [[step.join[0].out_channels for step in path.steps] for path in network.paths]
    assert climbs == [[256, 128, 64, 32, 16], [128, 64, 32, 16], [64, 32, 16]]
    assert [path.steps[0].join[0][0].in_channels for path in network.paths] == [512 + 256, 256 + 128, 128 + 64]


def test_nabla_kernels_are_3x3_but_for_the_last() -> None:
    network = meta(lambda: NablaNetwork(NablaConfig.paper()))
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert {m.kernel_size for m in convolutions[:-1]} == {(3, 3)}
    last = convolutions[-1]
    assert (last.kernel_size, last.in_channels, last.out_channels) == ((1, 1), 3 * 16, 1)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())


def test_each_path_of_nabla_counts_in_the_answer() -> None:
    torch.manual_seed(4)
    network = NablaNetwork(NablaConfig.compact()).eval()
    image = torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        before = network(image)["mask"]
        for path in network.paths:
            kept = {key: value.clone() for key, value in path.state_dict().items()}
            for parameter in path.parameters():
                parameter.zero_()
            assert not torch.allclose(network(image)["mask"], before)
            path.load_state_dict(kept)
        assert torch.equal(network(image)["mask"], before)
