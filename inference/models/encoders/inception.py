"""Inception-v3 (Szegedy et al. 2016), as paper 1 takes it for recognition; ``width`` narrows every layer alike."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from inference.models.blocks import ConvUnit, Kernel, scaled

_EPS = 0.001
MINIMUM = 75
"""The smallest image, in pixels, that leaves something to pool after the last reduction."""


class _Branches(nn.Module):
    """Runs branches side by side and concatenates their channels."""

    def __init__(self, *branches: nn.Module, out_channels: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.out_channels = out_channels

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([branch(features) for branch in self.branches], dim=1)


class _Builder:
    """Makes units of one width; a step is (channels at full width, kernel)."""

    def __init__(self, width: float) -> None:
        self.width = width

    def wide(self, *channels: int) -> int:
        return sum(scaled(value, self.width) for value in channels)

    def unit(self, in_channels: int, channels: int, kernel: Kernel, stride: int = 1) -> ConvUnit:
        padding = None if stride == 1 else 0
        return ConvUnit(in_channels, self.wide(channels), kernel, stride=stride, padding=padding, eps=_EPS)

    def chain(self, in_channels: int, *steps: tuple[int, Kernel], stride: int = 1) -> nn.Sequential:
        """Units one after another, of which the last has the stride."""
        units: list[nn.Module] = []
        for number, (channels, kernel) in enumerate(steps, start=1):
            units.append(self.unit(in_channels, channels, kernel, stride if number == len(steps) else 1))
            in_channels = self.wide(channels)
        return nn.Sequential(*units)

    def pooled(self, in_channels: int, channels: int) -> nn.Sequential:
        return nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), self.unit(in_channels, channels, 1))

    def block_a(self, in_channels: int, pool: int) -> _Branches:
        """1 x 1, 5 x 5, twice 3 x 3, and pooling."""
        return _Branches(
            self.unit(in_channels, 64, 1),
            self.chain(in_channels, (48, 1), (64, 5)),
            self.chain(in_channels, (64, 1), (96, 3), (96, 3)),
            self.pooled(in_channels, pool),
            out_channels=self.wide(64, 64, 96, pool),
        )

    def reduction_b(self, in_channels: int) -> _Branches:
        """Halves the grid between the A and the C blocks."""
        return _Branches(
            self.unit(in_channels, 384, 3, stride=2),
            self.chain(in_channels, (64, 1), (96, 3), (96, 3), stride=2),
            nn.MaxPool2d(3, stride=2),
            out_channels=self.wide(384, 96) + in_channels,
        )

    def block_c(self, in_channels: int, inner: int) -> _Branches:
        """7 x 7 factorised into 1 x 7 and 7 x 1, once and twice."""
        across, down = (1, 7), (7, 1)
        return _Branches(
            self.unit(in_channels, 192, 1),
            self.chain(in_channels, (inner, 1), (inner, across), (192, down)),
            self.chain(in_channels, (inner, 1), (inner, down), (inner, across), (inner, down), (192, across)),
            self.pooled(in_channels, 192),
            out_channels=self.wide(192, 192, 192, 192),
        )

    def reduction_d(self, in_channels: int) -> _Branches:
        """Halves the grid between the C and the E blocks."""
        return _Branches(
            self.chain(in_channels, (192, 1), (320, 3), stride=2),
            self.chain(in_channels, (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3), stride=2),
            nn.MaxPool2d(3, stride=2),
            out_channels=self.wide(320, 192) + in_channels,
        )

    def split(self, in_channels: int) -> _Branches:
        """1 x 3 beside 3 x 1: the fan at the end of an E block's branch."""
        return _Branches(
            self.unit(in_channels, 384, (1, 3)),
            self.unit(in_channels, 384, (3, 1)),
            out_channels=self.wide(384, 384),
        )

    def block_e(self, in_channels: int) -> _Branches:
        """The widest block, whose branches fan out."""
        return _Branches(
            self.unit(in_channels, 320, 1),
            nn.Sequential(self.unit(in_channels, 384, 1), self.split(self.wide(384))),
            nn.Sequential(self.chain(in_channels, (448, 1), (384, 3)), self.split(self.wide(384))),
            self.pooled(in_channels, 192),
            out_channels=self.wide(320, 384, 384, 384, 384, 192),
        )


class InceptionEncoder(nn.Module):
    """Images (N, C, H, W), at least :data:`MINIMUM` px, to one feature map (N, out_channels, ~H/32, ~W/32)."""

    def __init__(self, in_channels: int, width: float) -> None:
        super().__init__()
        make = _Builder(width)
        self.stem = nn.Sequential(
            ConvUnit(in_channels, make.wide(32), 3, stride=2, padding=0, eps=_EPS),
            ConvUnit(make.wide(32), make.wide(32), 3, padding=0, eps=_EPS),
            make.unit(make.wide(32), 64, 3),
            nn.MaxPool2d(3, stride=2),
            make.unit(make.wide(64), 80, 1),
            ConvUnit(make.wide(80), make.wide(192), 3, padding=0, eps=_EPS),
            nn.MaxPool2d(3, stride=2),
        )
        channels = make.wide(192)
        blocks: list[_Branches] = []
        for pool in (32, 64, 64):
            blocks.append(make.block_a(channels, pool))
            channels = blocks[-1].out_channels
        blocks.append(make.reduction_b(channels))
        channels = blocks[-1].out_channels
        for inner in (128, 160, 160, 192):
            blocks.append(make.block_c(channels, inner))
            channels = blocks[-1].out_channels
        blocks.append(make.reduction_d(channels))
        channels = blocks[-1].out_channels
        for _ in range(2):
            blocks.append(make.block_e(channels))
            channels = blocks[-1].out_channels
        self.blocks = nn.Sequential(*blocks)
        self.last_fine = len(blocks) - 4
        """Number of the last block at stride 16, before the second reduction and what follows it."""
        self.out_channels = channels

    def forward(self, images: Tensor) -> Tensor:
        """The deepest feature map."""
        features: Tensor = self.blocks(self.stem(images))
        return features
