"""Paper 1's recogniser."""

from __future__ import annotations

from torch import Tensor, nn

from inference.models.blocks import he_initialise
from inference.models.config import InceptionConfig
from inference.models.encoders.inception import MINIMUM, InceptionEncoder
from inference.models.heads.classifiers import PooledHead
from inference.models.network import Network
from inference.models.outputs import RECOGNITION, Head
from inference.models.sizing import Sizing


class InceptionRecogniser(Network):
    """Inception-v3, global average pooling and one dense layer with softmax over the classes."""

    def __init__(self, config: InceptionConfig) -> None:
        head = Head(RECOGNITION, "vector", config.labels, "softmax")
        super().__init__((head,), config.in_channels, Sizing(minimum=MINIMUM))
        self.encoder = InceptionEncoder(config.in_channels, config.width)
        self.classifier = PooledHead(self.encoder.out_channels, len(config.labels), config.dropout)
        he_initialise(self)

    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """Logits (N, labels)."""
        return {RECOGNITION: self.classifier(self.encoder(images))}

    @property
    def deepest(self) -> nn.Module:
        """The last E block."""
        return self.encoder
