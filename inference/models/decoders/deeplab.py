"""DeepLabv3+'s pyramid of atrous convolutions and its decoder (Chen et al. 2018), as paper 1 uses them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from inference.models.blocks import ConvUnit, resize_like
from inference.models.encoders.xception import SeparableConv


class AtrousPyramid(nn.Module):
    """A 1 x 1 convolution, three atrous separable ones and the image's mean, concatenated and projected."""

    def __init__(self, in_channels: int, channels: int, rates: tuple[int, int, int], dropout: float) -> None:
        super().__init__()
        self.point = ConvUnit(in_channels, channels, 1)
        self.atrous = nn.ModuleList(
            SeparableConv(in_channels, channels, dilation=rate, activate=True) for rate in rates
        )
        self.image = nn.Sequential(nn.AdaptiveAvgPool2d(1), ConvUnit(in_channels, channels, 1))
        self.project = nn.Sequential(ConvUnit(5 * channels, channels, 1), nn.Dropout(dropout))

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, in_channels, h, w) to (N, channels, h, w)."""
        image: Tensor = self.image(features).expand(-1, -1, *features.shape[-2:])
        parts = [self.point(features), *(branch(features) for branch in self.atrous), image]
        projected: Tensor = self.project(torch.cat(parts, dim=1))
        return projected


class DeepLabDecoder(nn.Module):
    """Deep features, enlarged four times, beside reduced low-level ones; two 3 x 3 convolutions; logits at stride 4."""

    def __init__(self, low_channels: int, reduced: int, channels: int, labels: int) -> None:
        super().__init__()
        self.reduce = ConvUnit(low_channels, reduced, 1)
        self.refine = nn.Sequential(
            SeparableConv(channels + reduced, channels, activate=True), SeparableConv(channels, channels, activate=True)
        )
        self.classify = nn.Conv2d(channels, labels, 1)

    def forward(self, low: Tensor, deep: Tensor) -> Tensor:
        """Logits (N, labels, H/4, W/4)."""
        reduced: Tensor = self.reduce(low)
        logits: Tensor = self.classify(self.refine(torch.cat([resize_like(deep, reduced), reduced], dim=1)))
        return logits
