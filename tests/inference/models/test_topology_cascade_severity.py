"""Paper 4: U-Net on DenseNet-161 and FPN on DenseNet-201; and the plain baseline beside them."""

from __future__ import annotations

import segmentation_models_pytorch as smp
import torch
import torchvision
from torch import nn

from inference.models.config import BaselineConfig, DenseFpnConfig, DenseUnetConfig
from inference.models.networks.baseline import BaselineUnet
from inference.models.networks.cascade import DenseFpn, DenseUnet
from tests.inference.models.meta import meta


def _convolutions(network: nn.Module) -> list[torch.Size]:
    return [m.weight.shape for m in network.modules() if isinstance(m, nn.Conv2d)]


def test_lungs_are_encoded_by_densenet_161() -> None:
    ours = meta(lambda: DenseUnet(DenseUnetConfig.paper()))
    published = meta(lambda: torchvision.models.densenet161(weights=None))
    assert _convolutions(ours.network.encoder) == _convolutions(published.features)
    maps = ours.network.encoder(torch.empty(1, 3, 256, 256, device="meta"))
    assert [(m.shape[1], m.shape[2]) for m in maps] == [
        (3, 256), (96, 128), (384, 64), (768, 32), (2112, 16), (2208, 8),
    ]  # fmt: skip


def test_lesions_are_encoded_by_densenet_201() -> None:
    ours = meta(lambda: DenseFpn(DenseFpnConfig.paper()))
    published = meta(lambda: torchvision.models.densenet201(weights=None))
    assert _convolutions(ours.network.encoder) == _convolutions(published.features)
    maps = ours.network.encoder(torch.empty(1, 3, 256, 256, device="meta"))
    assert [(m.shape[1], m.shape[2]) for m in maps] == [
        (3, 256), (64, 128), (256, 64), (512, 32), (1792, 16), (1920, 8),
    ]  # fmt: skip


def test_unet_ends_in_a_1x1_convolution_to_two_channels() -> None:
    network = meta(lambda: DenseUnet(DenseUnetConfig.paper()))
    last = _convolutions(network)[-1]
    assert last == (2, 16, 1, 1)
    assert network.heads[0].labels == ("background", "lung")
    assert network.heads[0].activation == "softmax"


def test_fpn_concatenates_its_four_levels_and_ends_in_3x3_to_two_channels() -> None:
    network = meta(lambda: DenseFpn(DenseFpnConfig.paper()))
    assert network.network.decoder.merge.policy == "cat"
    assert len(network.network.decoder.seg_blocks) == 4
    assert _convolutions(network)[-1] == (2, 4 * 128, 3, 3)
    assert network.network.decoder.dropout.p == 0
    assert network.heads[0].labels == ("background", "lesion")
    assert network.heads[0].activation == "softmax"


def test_compact_networks_have_every_layer_of_the_published_ones() -> None:
    for kind, config in ((DenseUnet, DenseUnetConfig), (DenseFpn, DenseFpnConfig)):
        wide, narrow = meta(lambda k=kind, c=config: k(c.paper())), meta(lambda k=kind, c=config: k(c.compact()))
        assert [s[2:] for s in _convolutions(wide)] == [s[2:] for s in _convolutions(narrow)]


def test_baseline_is_the_librarys_own_unet() -> None:
    ours = meta(lambda: BaselineUnet(BaselineConfig.paper()))
    plain = meta(lambda: smp.Unet("resnet18", encoder_weights=None, in_channels=1, classes=2))
    assert _convolutions(ours) == _convolutions(plain)
    assert BaselineConfig.compact() == BaselineConfig.paper()
