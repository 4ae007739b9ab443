"""Encoders of two 3 x 3 convolutions a level: pooled for paper 2's NABLA-3, strided for paper 3."""

from __future__ import annotations

from torch import Tensor, nn

from inference.models.blocks import ConvUnit, DoubleConv


class LevelEncoder(nn.Module):
    """One level of two convolutions for each of ``widths``; between two the grid is halved.

    ``strided`` halves it by a 3 x 3 convolution of stride 2 that keeps the channels, otherwise by 2 x 2 max pooling.
    """

    def __init__(self, in_channels: int, widths: tuple[int, ...], *, strided: bool, norm: bool) -> None:
        super().__init__()
        inputs = (in_channels, *widths[:-1])
        self.levels = nn.ModuleList(
            DoubleConv(before, after, norm=norm) for before, after in zip(inputs, widths, strict=True)
        )
        self.halvings = nn.ModuleList(
            ConvUnit(width, width, stride=2, norm=norm) if strided else nn.MaxPool2d(2) for width in widths[:-1]
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        """One map for each level, the finest, of the image's own size, first."""
        maps: list[Tensor] = [self.levels[0](images)]
        for halving, level in zip(self.halvings, list(self.levels)[1:], strict=True):
            maps.append(level(halving(maps[-1])))
        return maps
