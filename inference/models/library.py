"""segmentation-models-pytorch behind typed functions: U-Net and FPN on encoders without downloaded weights."""

from __future__ import annotations

import segmentation_models_pytorch as smp
from segmentation_models_pytorch.encoders import encoders as known
from segmentation_models_pytorch.encoders.densenet import DenseNetEncoder
from torch import nn


def densenet(stem: int, growth: int, layers: tuple[int, int, int, int]) -> str:
    """The name of a DenseNet encoder of that shape, which is entered into the library's list."""
    name = f"densenet-{stem}-{growth}-{'-'.join(map(str, layers))}"
    channels, widths = stem, [stem]
    for number, count in enumerate(layers):
        channels += count * growth
        widths.append(channels)
        channels = channels if number == len(layers) - 1 else channels // 2
    known[name] = {
        "encoder": DenseNetEncoder,
        "params": {
            "out_channels": [3, *widths],
            "num_init_features": stem,
            "growth_rate": growth,
            "block_config": layers,
        },
        "pretrained_settings": {},
    }
    return name


def unet(encoder: str, in_channels: int, labels: int, decoder: tuple[int, ...], kernel: int = 3) -> nn.Module:
    """A U-Net whose last layer is a ``kernel`` x ``kernel`` convolution to ``labels`` logits."""
    network: nn.Module = smp.Unet(
        encoder, encoder_depth=len(decoder), encoder_weights=None, in_channels=in_channels, classes=labels,
        decoder_channels=decoder,
    )  # fmt: skip
    network.segmentation_head = nn.Conv2d(decoder[-1], labels, kernel, padding=kernel // 2)
    return network


def fpn(encoder: str, in_channels: int, labels: int, pyramid: int, segmentation: int) -> nn.Module:
    """An FPN whose four maps are concatenated, sent through a 3 x 3 convolution to ``labels`` logits, and enlarged."""
    network: nn.Module = smp.FPN(
        encoder,
        encoder_weights=None,
        in_channels=in_channels,
        classes=labels,
        decoder_pyramid_channels=pyramid,
        decoder_segmentation_channels=segmentation,
        decoder_merge_policy="cat",
        decoder_dropout=0.0,
    )
    network.segmentation_head = nn.Sequential(
        nn.Conv2d(4 * segmentation, labels, 3, padding=1),
        nn.Upsample(scale_factor=4, mode="bilinear", align_corners=False),
    )
    return network
