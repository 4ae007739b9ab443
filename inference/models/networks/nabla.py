"""Paper 2's segmenter."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from inference.models.blocks import he_initialise
from inference.models.config import NablaConfig
from inference.models.decoders.unet import DecodingPath
from inference.models.encoders.unet import LevelEncoder
from inference.models.network import Network
from inference.models.outputs import MASK, independent_map
from inference.models.sizing import Sizing


class NablaNetwork(Network):
    """NABLA-N: decoding paths from the N deepest levels, whose finest maps are concatenated and reduced by 1 x 1."""

    def __init__(self, config: NablaConfig) -> None:
        multiple = 1 << (len(config.widths) - 1)
        super().__init__((independent_map(config.labels),), config.in_channels, Sizing(multiple=multiple))
        widths = config.widths
        self.encoder = LevelEncoder(config.in_channels, widths, strided=False, norm=config.norm)
        self.paths = nn.ModuleList(
            DecodingPath(widths[: len(widths) - skipped], reduce=False, norm=config.norm)
            for skipped in range(config.paths)
        )
        self.classify = nn.Conv2d(config.paths * widths[0], len(config.labels), 1)
        he_initialise(self)

    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """Logits (N, labels, H, W)."""
        maps: list[Tensor] = self.encoder(images)
        decoded = [path(maps[: len(maps) - skipped]) for skipped, path in enumerate(self.paths)]
        return {MASK: self.classify(torch.cat(decoded, dim=1))}

    @property
    def deepest(self) -> nn.Module:
        """The bottleneck."""
        return self.encoder.levels[-1]
