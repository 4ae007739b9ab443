"""What a network does about noise before it looks: the noisier a picture, the more its 3 x 3 median takes its place."""

from __future__ import annotations

from math import pi, sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

_LAPLACIAN = (1.0, -2.0, 1.0, -2.0, 4.0, -2.0, 1.0, -2.0, 1.0)
_EXCHANGES = (
    (1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8), (0, 3),
    (5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7), (4, 2), (6, 4), (4, 2),
)  # fmt: skip
"""Comparisons after which the fifth of nine values is their median (Paeth, Graphics Gems, 1990)."""


class NoiseGate(nn.Module):
    """Pictures (N, C, H, W) as they are up to a noise of ``begins``, from ``ends`` on their median, a mixture between.

    Noise is Immerkaer's estimate (Computer Vision and Image Understanding 64, 1996): a standard deviation from the
    mean of a difference of Laplacians, which hardly sees edges; in units of the pictures, of each picture by itself.
    """

    def __init__(self, begins: float, ends: float) -> None:
        super().__init__()
        self.begins, self.ends = begins, ends

    def forward(self, images: Tensor) -> Tensor:
        """Pictures of the same shape."""
        near = neighbours(images)
        share = (noise(near) - self.begins) / (self.ends - self.begins)
        return images + share.clamp(0.0, 1.0) * (_median(near) - images)


def noise(near: list[Tensor]) -> Tensor:
    """Immerkaer's estimate (N, 1, 1, 1) from the nine neighbours of every pixel."""
    response = torch.zeros_like(near[4])
    for weight, value in zip(_LAPLACIAN, near, strict=True):
        response = response + weight * value
    return sqrt(pi / 2.0) / 6.0 * response.abs().mean(dim=(1, 2, 3), keepdim=True)


def neighbours(images: Tensor) -> list[Tensor]:
    """The nine pixels round each, row by row, itself in the middle; nine pictures of the same shape."""
    height, width = int(images.shape[-2]), int(images.shape[-1])
    wide = nnf.pad(images, (1, 1, 1, 1), mode="replicate")
    return [wide[..., down : down + height, right : right + width] for down in range(3) for right in range(3)]


def _median(near: list[Tensor]) -> Tensor:
    values = list(near)
    for low, high in _EXCHANGES:
        values[low], values[high] = torch.minimum(values[low], values[high]), torch.maximum(values[low], values[high])
    return values[4]
