"""The decoding path of a U-Net, from any depth: the three of paper 2's NABLA-3, and the two of paper 3."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from inference.models.blocks import ConvUnit, DoubleConv


class _Step(nn.Module):
    """Doubles the grid, halves the channels by a 3 x 3 convolution where ``reduce``, and joins the level's own map."""

    def __init__(self, deep: int, level: int, *, reduce: bool, norm: bool) -> None:
        super().__init__()
        self.reduce: nn.Module = ConvUnit(deep, level, norm=norm) if reduce else nn.Identity()
        self.join = DoubleConv((level if reduce else deep) + level, level, norm=norm)

    def forward(self, deep: Tensor, level: Tensor) -> Tensor:
        enlarged = self.reduce(nnf.interpolate(deep, scale_factor=2.0, mode="nearest"))
        joined: Tensor = self.join(torch.cat([enlarged, level], dim=1))
        return joined


class DecodingPath(nn.Module):
    """Climbs from the deepest of ``widths`` (finest first) to the finest, joining the encoder's map at every level."""

    def __init__(self, widths: tuple[int, ...], *, reduce: bool, norm: bool) -> None:
        super().__init__()
        deep_first = widths[::-1]
        self.steps = nn.ModuleList(_Step(deep, level, reduce=reduce, norm=norm) for deep, level in pairwise(deep_first))

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Maps of as many levels as widths, the finest first, to (N, widths[0], H, W)."""
        features = maps[-1]
        for step, level in zip(self.steps, maps[-2::-1], strict=True):
            features = step(features, level)
        return features
