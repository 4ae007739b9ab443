"""Paper 1's recogniser."""

from __future__ import annotations

from torch import nn

from inference.models.config import InceptionConfig
from inference.models.encoders.inception import MINIMUM, InceptionEncoder
from inference.models.networks.pooled import PooledRecogniser


class InceptionRecogniser(PooledRecogniser):
    """Inception-v3, global average pooling and one dense layer with softmax over the classes."""

    def __init__(self, config: InceptionConfig) -> None:
        encoder = InceptionEncoder(config.in_channels, config.width)
        super().__init__(config, encoder, MINIMUM)
        self._fine = f"blocks.{encoder.last_fine}"

    @property
    def mapped(self) -> nn.Module:
        """The last block at stride 16: at 192 px the deepest map is 4 x 4, coarser than a lung."""
        return self.encoder.get_submodule(self._fine)
