"""The one interface behind which every network stands."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from inference.errors import InputShapeError
from inference.models.outputs import Head
from inference.models.sizing import Sizing


class Network(nn.Module, ABC):
    """A network whose outputs are named, and which takes images of any size.

    ``heads`` names the outputs, ``in_channels`` says how many channels an image has (one is repeated to all), and
    ``sizing`` what sizes the layers can take.
    """

    def __init__(self, heads: tuple[Head, ...], in_channels: int, sizing: Sizing) -> None:
        super().__init__()
        self.heads = heads
        self.in_channels = in_channels
        self.sizing = sizing

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits of every head, for images (N, 1 or in_channels, H, W); maps have the images' own height and width.

        Raises InputShapeError for any other shape.
        """
        if images.ndim != 4 or (images.shape[1] != 1 and images.shape[1] != self.in_channels):
            shape = tuple(images.shape)
            raise InputShapeError(f"This network takes images (N, 1 or {self.in_channels}, H, W), and got {shape}.")
        height, width = int(images.shape[-2]), int(images.shape[-1])
        outputs = self.logits(self.sizing.fit(images.expand(-1, self.in_channels, -1, -1)))
        return {
            head.name: self.sizing.restore(outputs[head.name], height, width)
            if head.kind == "map"
            else outputs[head.name]
            for head in self.heads
        }

    @abstractmethod
    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """Logits of every head for images that have all channels and a size that ``sizing`` allows."""

    @property
    @abstractmethod
    def deepest(self) -> nn.Module:
        """The layer whose output is the deepest feature map (N, C, h, w)."""

    @property
    def mapped(self) -> nn.Module:
        """The layer on which activation mapping looks: the deepest, unless its cells are too coarse to show a place."""
        return self.deepest

    def probabilities(self, outputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Outputs of :meth:`forward` on the scale of their heads: sigmoid, softmax over labels, or unchanged."""
        return {head.name: _activate(head, outputs[head.name]) for head in self.heads if head.name in outputs}


def _activate(head: Head, logits: Tensor) -> Tensor:
    if head.activation == "sigmoid":
        return torch.sigmoid(logits)
    return torch.softmax(logits, dim=1) if head.activation == "softmax" else logits
