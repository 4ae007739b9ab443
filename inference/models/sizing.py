"""How an image of any size is brought to a size that a network can take, and how its maps are brought back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as nnf


@dataclass(frozen=True)
class Sizing:
    """A network's demand on its input's size.

    ``fixed``: resized to that square (for networks that flatten). Otherwise enlarged until neither side is under
    ``minimum``, then padded right and below, by repeating the border, up to a multiple of ``multiple``.
    """

    multiple: int = 1
    minimum: int = 1
    fixed: int | None = None

    def resized(self, height: int, width: int) -> tuple[int, int]:
        """The size after resizing and before padding."""
        if self.fixed is not None:
            return self.fixed, self.fixed
        enlarge = max(1.0, self.minimum / min(height, width))
        return max(self.minimum, round(height * enlarge)), max(self.minimum, round(width * enlarge))

    def fit(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) at a size that the network can take; the same tensor when it can take them already."""
        given = int(images.shape[-2]), int(images.shape[-1])
        height, width = self.resized(*given)
        if (height, width) != given:
            images = _resize(images, height, width)
        below, right = -height % self.multiple, -width % self.multiple
        return nnf.pad(images, (0, right, 0, below), mode="replicate") if below or right else images

    def restore(self, maps: Tensor, height: int, width: int) -> Tensor:
        """Maps (N, C, h, w) of a fitted image of ``height`` x ``width``, without the padding and at that size."""
        inner_height, inner_width = self.resized(height, width)
        if (inner_height, inner_width) != (int(maps.shape[-2]), int(maps.shape[-1])):
            maps = maps[..., :inner_height, :inner_width]
        if (inner_height, inner_width) == (height, width):
            return maps
        return _resize(maps, height, width)


def _resize(maps: Tensor, height: int, width: int) -> Tensor:
    """Bilinear with antialiasing, which torch lacks for half precision: that is resized as float32."""
    exact = maps if maps.dtype in {torch.float32, torch.float64} else maps.float()
    resized = nnf.interpolate(exact, (height, width), mode="bilinear", align_corners=False, antialias=True)
    return resized.to(maps.dtype)
