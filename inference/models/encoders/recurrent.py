"""The inception recurrent residual units (IRRU) of paper 2's IRRCNN."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from inference.models.blocks import ConvUnit


class RecurrentConv(nn.Module):
    """A recurrent convolution, unrolled over time.

    h(0) = f(W * x) and h(t) = f(W * x + R * h(t - 1)), with the same W and R at every step. f is ReLU after a batch
    normalisation of the step's own, since the sums of different steps have different spreads.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, steps: int) -> None:
        super().__init__()
        self.forward_weights = nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False)
        self.recurrent_weights = nn.Conv2d(out_channels, out_channels, kernel, padding=kernel // 2, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(out_channels) for _ in range(steps + 1))

    def forward(self, features: Tensor) -> Tensor:
        """The state after the last step."""
        driven = self.forward_weights(features)
        state: Tensor = self.norms[0](driven).relu()
        for norm in list(self.norms)[1:]:
            state = norm(driven + self.recurrent_weights(state)).relu()
        return state


class InceptionRecurrentResidualUnit(nn.Module):
    """Recurrent convolutions of 1 x 1 and of 3 x 3, each of half the channels, concatenated and added to the input."""

    def __init__(self, channels: int, steps: int) -> None:
        super().__init__()
        self.point = RecurrentConv(channels, channels // 2, 1, steps)
        self.local = RecurrentConv(channels, channels // 2, 3, steps)

    def forward(self, features: Tensor) -> Tensor:
        """Features of the same shape."""
        return features + torch.cat([self.point(features), self.local(features)], dim=1)


class RecurrentEncoder(nn.Module):
    """A first convolution, then one unit for each of ``widths``, with a 3 x 3 convolution and pooling between two.

    Images (N, C, H, W), at least 16 px, to (N, widths[-1], H/16, W/16) for five widths.
    """

    def __init__(self, in_channels: int, widths: tuple[int, ...], steps: int) -> None:
        super().__init__()
        self.stem = ConvUnit(in_channels, widths[0])
        self.units = nn.ModuleList(InceptionRecurrentResidualUnit(width, steps) for width in widths)
        self.transitions = nn.ModuleList(
            nn.Sequential(ConvUnit(narrow, wide), nn.MaxPool2d(2)) for narrow, wide in pairwise(widths)
        )
        self.out_channels = widths[-1]

    def forward(self, images: Tensor) -> Tensor:
        """The deepest feature map."""
        features: Tensor = self.units[0](self.stem(images))
        for transition, unit in zip(self.transitions, list(self.units)[1:], strict=True):
            features = unit(transition(features))
        return features
