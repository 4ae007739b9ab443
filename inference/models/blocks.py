"""Layers that several networks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

Kernel = int | tuple[int, int]


def scaled(channels: int, width: float) -> int:
    """``channels`` times ``width`` as the nearest multiple of 8, at least 8 (unchanged for ``width`` 1)."""
    return channels if width == 1 else max(8, round(channels * width / 8) * 8)


def _same(kernel: Kernel, dilation: int) -> tuple[int, int]:
    rows, columns = (kernel, kernel) if isinstance(kernel, int) else kernel
    return dilation * (rows // 2), dilation * (columns // 2)


class ConvUnit(nn.Sequential):
    """Convolution, batch normalisation (unless ``norm`` is off: then a bias) and ReLU (unless ``activate`` is off)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: Kernel = 3,
        *,
        stride: int = 1,
        dilation: int = 1,
        padding: Kernel | None = None,
        groups: int = 1,
        norm: bool = True,
        activate: bool = True,
        eps: float = 1e-5,
    ) -> None:
        pad = _same(kernel, dilation) if padding is None else padding
        layers: list[nn.Module] = [
            nn.Conv2d(in_channels, out_channels, kernel, stride, pad, dilation, groups, bias=not norm)
        ]
        if norm:
            layers.append(nn.BatchNorm2d(out_channels, eps=eps))
        if activate:
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)
        self.out_channels = out_channels


class DoubleConv(nn.Sequential):
    """Two 3 x 3 units: the level of a U-Net."""

    def __init__(self, in_channels: int, out_channels: int, *, norm: bool) -> None:
        super().__init__(
            ConvUnit(in_channels, out_channels, norm=norm), ConvUnit(out_channels, out_channels, norm=norm)
        )
        self.out_channels = out_channels


class SqueezeExcitation(nn.Module):
    """Weighs every channel by a factor in 0..1 that two dense layers draw from all channels' means.

    The inner layer has a fourth of the channels, but at least 8: with two or three units all can die at once.
    """

    def __init__(self, channels: int, reduction: int = 4, smallest: int = 8) -> None:
        super().__init__()
        inner = max(smallest, channels // reduction)
        self.squeeze = nn.Linear(channels, inner)
        self.excite = nn.Linear(inner, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, H, W) with each channel weighed."""
        means = features.mean(dim=(2, 3))
        factors = torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))
        return features * factors[:, :, None, None]


def resize_like(features: Tensor, target: Tensor) -> Tensor:
    """Features brought to the height and width of ``target``, bilinearly."""
    if features.shape[-2:] == target.shape[-2:]:
        return features
    return nnf.interpolate(features, target.shape[-2:], mode="bilinear", align_corners=False)


def he_initialise(network: nn.Module) -> None:
    """He's normal initialisation for convolutions and dense layers, ones and zeros for normalisation."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)
