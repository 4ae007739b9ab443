"""Paper 5: Res2Net, VGG-16 with EFM, attentive feature fusion, deep supervision, and figure 4's merging."""

from __future__ import annotations

from dataclasses import replace

import pytest
import timm
import torch
from torch import nn
from torchvision.models import vgg

from inference.errors import InputShapeError
from inference.models.blocks import SqueezeExcitation
from inference.models.config import JcsConfig, Res2NetConfig
from inference.models.decoders.attentive import AttentiveFusion, FeatureMerging
from inference.models.encoders.vgg import GroupedAtrousModule, VggEncoder
from inference.models.networks.jcs import JcsSegmenter, Res2NetRecogniser
from tests.inference.models.meta import meta, transfer

ALONE = replace(JcsConfig.paper(), recogniser=None)


def test_recogniser_answers_as_the_published_network() -> None:
    torch.manual_seed(1)
    reference = timm.create_model("res2net101d", pretrained=False, num_classes=2).eval()
    ours = Res2NetRecogniser(Res2NetConfig.paper()).eval()
    transfer(reference, ours)
    image = torch.rand(1, 3, 40, 57)
    with torch.inference_mode():
        assert torch.allclose(ours(image)["recognition"], reference(image), rtol=1e-4, atol=1e-4)


def test_recogniser_gives_five_maps() -> None:
    network = meta(lambda: Res2NetRecogniser(Res2NetConfig.paper()))
    maps = network.features(torch.empty(1, 3, 224, 224, device="meta"))
    assert [(m.shape[1], m.shape[2]) for m in maps] == [(64, 112), (256, 56), (512, 28), (1024, 14), (2048, 7)]
    assert network(torch.empty(1, 3, 224, 224, device="meta"))["recognition"].shape == (1, 2)


def test_encoder_is_vgg_16_up_to_its_last_convolution() -> None:
    torch.manual_seed(2)
    reference = vgg.make_layers(vgg.cfgs["D"]).eval()
    ours = VggEncoder(3, ALONE.widths, norm=False).blocks.eval()
    transfer(reference, ours)
    image = torch.rand(1, 3, 32, 64)
    with torch.inference_mode():
        features = image
        for block in ours:
            features = block(features)
        assert torch.allclose(features, reference[:-1](image), rtol=1e-4, atol=1e-6)


def test_encoder_gives_six_maps_at_the_published_strides() -> None:
    encoder = meta(lambda: JcsSegmenter(ALONE)).encoder
    maps = encoder(torch.empty(1, 3, 512, 512, device="meta"))
    assert [(m.shape[1], 512 // m.shape[2]) for m in maps] == [
        (64, 1), (128, 2), (256, 4), (512, 8), (512, 16), (512, 32),
    ]  # fmt: skip


def test_enhanced_feature_module_has_the_published_rates() -> None:
    encoder = meta(lambda: JcsSegmenter(JcsConfig.paper())).encoder
    rates = [[group[0].dilation[0] for group in module.groups] for module in (encoder.near, encoder.far)]
    assert rates == [[1, 3, 6, 9], [1, 2, 3, 4]]
    assert {group[0].kernel_size for module in (encoder.near, encoder.far) for group in module.groups} == {(3, 3)}


def test_grouped_atrous_module_expands_divides_weighs_and_halves() -> None:
    module = meta(lambda: GroupedAtrousModule(512, (1, 3, 6, 9), norm=False))
    assert (module.expand[0].in_channels, module.expand[0].out_channels) == (512, 1024)
    assert [(g[0].in_channels, g[0].out_channels) for g in module.groups] == [(256, 256)] * 4
    assert (module.weigh.squeeze.in_features, module.weigh.squeeze.out_features) == (1024, 256)
    assert (module.reduce[0].in_channels, module.reduce[0].out_channels) == (1024, 512)
    assert module.transition[0].kernel_size == (3, 3)
    assert (module.transition[0].in_channels, module.transition[0].out_channels) == (512, 512)


def test_group_sees_as_far_as_its_rate() -> None:
    torch.manual_seed(3)
    module = GroupedAtrousModule(4, (1, 3, 6, 9), norm=False)
    image = torch.zeros(1, 2, 21, 21, requires_grad=True)
    for group, rate in zip(module.groups, (1, 3, 6, 9), strict=True):
        with torch.no_grad():
            group[0].bias.fill_(1.0)
        (seen,) = torch.autograd.grad(group(image)[0, :, 10, 10].sum(), image)
        rows, columns = seen[0].abs().sum(dim=0).nonzero(as_tuple=True)
        assert sorted(set(rows.tolist())) == sorted(set(columns.tolist())) == [10 - rate, 10, 10 + rate]


def test_squeeze_and_excitation_weighs_each_channel_by_a_factor_in_0_to_1() -> None:
    torch.manual_seed(4)
    block = SqueezeExcitation(32)
    features = torch.rand(2, 32, 5, 3) + 0.1
    with torch.inference_mode():
        factors = block(features) / features
        expected = torch.sigmoid(block.excite(block.squeeze(features.mean(dim=(2, 3))).relu()))
    assert torch.allclose(factors, expected[:, :, None, None].expand_as(factors), atol=1e-6)
    assert 0 < factors.min() < factors.max() < 1
    assert block.squeeze.out_features == 8


def test_fusion_lets_the_coarser_map_enter_twice() -> None:
    fusion = meta(lambda: AttentiveFusion(256, 512, norm=False))
    assert (fusion.reduce_level[0].in_channels, fusion.reduce_level[0].out_channels) == (256, 128)
    assert (fusion.reduce_deep[0].in_channels, fusion.reduce_deep[0].out_channels) == (512, 128)
    assert (fusion.weigh_first.squeeze.in_features, fusion.transition_first[0].in_channels) == (256, 256)
    assert (fusion.weigh_second.squeeze.in_features, fusion.transition_second[0].in_channels) == (384, 384)
    level, deep = torch.empty(1, 256, 64, 32, device="meta"), torch.empty(1, 512, 32, 16, device="meta")
    assert fusion(level, deep).shape == level.shape


def test_decoder_has_five_side_outputs_of_one_channel() -> None:
    network = meta(lambda: JcsSegmenter(ALONE))
    image = torch.empty(1, 3, 512, 512, device="meta")
    sides = network.decoder(network.encoder(image))
    assert [side.shape for side in sides] == [(1, 1, size, size) for size in (512, 256, 128, 64, 32)]
    assert [(head.name, head.auxiliary) for head in network.heads] == [
        ("mask", False), ("mask_2", True), ("mask_3", True), ("mask_4", True), ("mask_5", True),
    ]  # fmt: skip
    assert {output.shape for output in network(image).values()} == {(1, 1, 512, 512)}


def test_merging_keeps_the_segmenters_channels() -> None:
    network = meta(lambda: JcsSegmenter(JcsConfig.paper()))
    reductions = [(m.layers[0][0].in_channels, m.layers[0][0].out_channels) for m in network.mergings]
    assert reductions == [(64 + 64, 64), (128 + 256, 128), (256 + 512, 256), (512 + 1024, 512), (512 + 2048, 512)]
    merging = meta(lambda: FeatureMerging(64, 256, norm=False))
    own, other = torch.empty(1, 64, 32, 16, device="meta"), torch.empty(1, 256, 8, 4, device="meta")
    assert merging(own, other).shape == own.shape
    kinds = [type(layer).__name__ for layer in merging.layers]
    assert kinds == ["ConvUnit", "SqueezeExcitation", "ConvUnit"]
    assert [merging.layers[i][0].kernel_size for i in (0, 2)] == [(1, 1), (3, 3)]


def test_recognisers_features_change_the_mask_and_can_be_adopted() -> None:
    torch.manual_seed(5)
    segmenter = JcsSegmenter(JcsConfig.compact()).eval()
    recogniser = Res2NetRecogniser(Res2NetConfig.compact()).eval()
    image = torch.rand(1, 1, 32, 32)
    with torch.inference_mode():
        before = segmenter(image)["mask"]
        segmenter.adopt(recogniser)
        assert not torch.allclose(segmenter(image)["mask"], before)
        assert segmenter.companion is not None
        adopted = segmenter.companion(image)
        assert all(torch.equal(a, b) for a, b in zip(adopted, recogniser.features(image), strict=True))


def test_segmenter_alone_adopts_nothing() -> None:
    alone = JcsSegmenter(replace(JcsConfig.compact(), recogniser=None))
    assert alone.companion is None
    assert not any(isinstance(m, FeatureMerging) for m in alone.modules())
    with pytest.raises(InputShapeError, match="without a recogniser"):
        alone.adopt(Res2NetRecogniser(Res2NetConfig.compact()))


def test_recogniser_with_other_channels_is_refused() -> None:
    with pytest.raises(InputShapeError, match="as many channels"):
        JcsSegmenter(replace(JcsConfig.compact(), in_channels=3))


def test_published_widths_have_no_normalisation_outside_res2net() -> None:
    network = meta(lambda: JcsSegmenter(ALONE))
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
