"""VGG-16 without its dense layers, ended by paper 5's enhanced feature module (EFM)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from inference.models.blocks import ConvUnit, SqueezeExcitation

_CONVOLUTIONS = (2, 2, 3, 3, 3)


class GroupedAtrousModule(nn.Module):
    """Doubles the channels, sends four equal groups through 3 x 3 convolutions of different atrous rates, weighs the
    channels, halves them and smooths: the shape stays the same, the view grows.
    """

    def __init__(self, channels: int, rates: tuple[int, int, int, int], *, norm: bool) -> None:
        super().__init__()
        wide = 2 * channels
        self.expand = ConvUnit(channels, wide, 1, norm=norm)
        self.groups = nn.ModuleList(ConvUnit(wide // 4, wide // 4, dilation=rate, norm=norm) for rate in rates)
        self.weigh = SqueezeExcitation(wide)
        self.reduce = ConvUnit(wide, channels, 1, norm=norm)
        self.transition = ConvUnit(channels, channels, norm=norm)

    def forward(self, features: Tensor) -> Tensor:
        """Features of the same shape."""
        parts = self.expand(features).chunk(4, dim=1)
        joined = torch.cat([group(part) for group, part in zip(self.groups, parts, strict=True)], dim=1)
        enhanced: Tensor = self.transition(self.reduce(self.weigh(joined)))
        return enhanced


class VggEncoder(nn.Module):
    """Images (N, C, H, W), sides divisible by 32, to six maps at strides 1, 2, 4, 8, 16 and 32.

    The fifth has passed the first grouped atrous module (rates 1, 3, 6, 9); the sixth is that map, pooled, through the
    second one (1, 2, 3, 4).
    """

    def __init__(self, in_channels: int, widths: tuple[int, int, int, int, int], *, norm: bool) -> None:
        super().__init__()
        inputs = (in_channels, *widths[:-1])
        self.blocks = nn.ModuleList(
            _block(before, width, count, pooled=number > 0, norm=norm)
            for number, (before, width, count) in enumerate(zip(inputs, widths, _CONVOLUTIONS, strict=True))
        )
        self.near = GroupedAtrousModule(widths[-1], (1, 3, 6, 9), norm=norm)
        self.pool = nn.MaxPool2d(2)
        self.far = GroupedAtrousModule(widths[-1], (1, 2, 3, 4), norm=norm)
        self.widths = (*widths, widths[-1])

    def forward(self, images: Tensor) -> list[Tensor]:
        """The six maps, the finest first."""
        maps: list[Tensor] = []
        features = images
        for block in self.blocks:
            features = block(features)
            maps.append(features)
        maps[-1] = self.near(maps[-1])
        return [*maps, self.far(self.pool(maps[-1]))]


def _block(before: int, width: int, count: int, *, pooled: bool, norm: bool) -> nn.Sequential:
    units = [ConvUnit(before if number == 0 else width, width, norm=norm) for number in range(count)]
    return nn.Sequential(nn.MaxPool2d(2), *units) if pooled else nn.Sequential(*units)
