"""Paper 2's recogniser."""

from __future__ import annotations

from torch import Tensor, nn

from inference.models.blocks import he_initialise
from inference.models.config import RecurrentConfig
from inference.models.encoders.recurrent import RecurrentEncoder
from inference.models.heads.classifiers import PooledHead
from inference.models.network import Network
from inference.models.outputs import RECOGNITION, Head
from inference.models.sizing import Sizing


class RecurrentRecogniser(Network):
    """IRRCNN: inception recurrent residual units, global average pooling and softmax over the classes."""

    def __init__(self, config: RecurrentConfig) -> None:
        head = Head(RECOGNITION, "vector", config.labels, "softmax")
        smallest = 1 << (len(config.widths) - 1)
        super().__init__((head,), config.in_channels, Sizing(minimum=smallest))
        self.encoder = RecurrentEncoder(config.in_channels, config.widths, config.steps)
        self.classifier = PooledHead(self.encoder.out_channels, len(config.labels), config.dropout)
        he_initialise(self)

    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """Logits (N, labels)."""
        return {RECOGNITION: self.classifier(self.encoder(images))}

    @property
    def deepest(self) -> nn.Module:
        """The last unit."""
        return self.encoder
