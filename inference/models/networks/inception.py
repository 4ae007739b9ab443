"""Paper 1's recogniser."""

from __future__ import annotations

from inference.models.config import InceptionConfig
from inference.models.encoders.inception import MINIMUM, InceptionEncoder
from inference.models.networks.pooled import PooledRecogniser


class InceptionRecogniser(PooledRecogniser):
    """Inception-v3, global average pooling and one dense layer with softmax over the classes."""

    def __init__(self, config: InceptionConfig) -> None:
        super().__init__(config, InceptionEncoder(config.in_channels, config.width), MINIMUM)
