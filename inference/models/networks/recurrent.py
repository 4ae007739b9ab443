"""Paper 2's recogniser."""

from __future__ import annotations

from inference.models.config import RecurrentConfig
from inference.models.encoders.recurrent import RecurrentEncoder
from inference.models.networks.pooled import PooledRecogniser


class RecurrentRecogniser(PooledRecogniser):
    """IRRCNN: inception recurrent residual units, global average pooling and softmax over the classes."""

    def __init__(self, config: RecurrentConfig) -> None:
        encoder = RecurrentEncoder(config.in_channels, config.widths, config.steps)
        super().__init__(config, encoder, 1 << (len(config.widths) - 1))
