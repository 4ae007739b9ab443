"""What the recognisers of papers 1 and 2 share: all but the encoder."""

from __future__ import annotations

from torch import Tensor, nn

from inference.models.blocks import he_initialise
from inference.models.config import InceptionConfig, RecurrentConfig
from inference.models.encoders.inception import InceptionEncoder
from inference.models.encoders.recurrent import RecurrentEncoder
from inference.models.heads.classifiers import PooledHead
from inference.models.network import Network
from inference.models.outputs import RECOGNITION, Head
from inference.models.sizing import Sizing


class PooledRecogniser(Network):
    """An encoder for images of at least ``minimum`` px, global average pooling, one dense layer and softmax."""

    def __init__(
        self, config: InceptionConfig | RecurrentConfig, encoder: InceptionEncoder | RecurrentEncoder, minimum: int
    ) -> None:
        head = Head(RECOGNITION, "vector", config.labels, "softmax")
        super().__init__((head,), config.in_channels, Sizing(minimum=minimum))
        self.encoder = encoder
        self.classifier = PooledHead(encoder.out_channels, len(config.labels), config.dropout)
        he_initialise(self)

    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """Logits (N, labels)."""
        return {RECOGNITION: self.classifier(self.encoder(images))}

    @property
    def deepest(self) -> nn.Module:
        """The encoder, whose output is its last block's."""
        return self.encoder
