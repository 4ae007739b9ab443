"""Paper 5's decoder: attentive feature fusion (AFF, figure 3b), and the merging of the recogniser (figure 4)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from inference.models.blocks import ConvUnit, SqueezeExcitation, resize_like


class AttentiveFusion(nn.Module):
    """Joins an encoder's map of ``level`` channels with the decoder's coarser one of ``deep`` channels.

    Both are reduced to half of ``level``; the coarser one is enlarged and enters twice, each time before the channels
    are weighed, so that it counts for more.
    """

    def __init__(self, level: int, deep: int, *, norm: bool) -> None:
        super().__init__()
        half = level // 2
        self.reduce_level = ConvUnit(level, half, 1, norm=norm)
        self.reduce_deep = ConvUnit(deep, half, 1, norm=norm)
        self.weigh_first = SqueezeExcitation(2 * half)
        self.transition_first = ConvUnit(2 * half, level, norm=norm)
        self.weigh_second = SqueezeExcitation(level + half)
        self.transition_second = ConvUnit(level + half, level, norm=norm)

    def forward(self, level: Tensor, deep: Tensor) -> Tensor:
        """The decoder's map (N, level, h, w) at the size of ``level``."""
        reduced: Tensor = self.reduce_level(level)
        enlarged = resize_like(self.reduce_deep(deep), reduced)
        first = self.transition_first(self.weigh_first(torch.cat([reduced, enlarged], dim=1)))
        second: Tensor = self.transition_second(self.weigh_second(torch.cat([first, enlarged], dim=1)))
        return second


class AttentiveDecoder(nn.Module):
    """Six encoder maps of ``widths`` channels (finest first) to five side outputs of one channel, finest first."""

    def __init__(self, widths: tuple[int, ...], *, norm: bool) -> None:
        super().__init__()
        self.fusions = nn.ModuleList(AttentiveFusion(level, deep, norm=norm) for level, deep in pairwise(widths))
        self.sides = nn.ModuleList(nn.Conv2d(level, 1, 1) for level in widths[:-1])

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Logits (N, 1, h, w) of every stage at its own resolution."""
        deep = maps[-1]
        outputs: list[Tensor] = []
        for number in reversed(range(len(self.fusions))):
            deep = self.fusions[number](maps[number], deep)
            outputs.insert(0, self.sides[number](deep))
        return outputs


class FeatureMerging(nn.Module):
    """Joins the segmenter's map of ``own`` channels with the recogniser's of ``other``, enlarged to its size."""

    def __init__(self, own: int, other: int, *, norm: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            ConvUnit(own + other, own, 1, norm=norm), SqueezeExcitation(own), ConvUnit(own, own, norm=norm)
        )

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        """The merged map, of the shape of ``own``."""
        merged: Tensor = self.layers(torch.cat([own, resize_like(other, own)], dim=1))
        return merged
