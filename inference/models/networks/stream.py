"""Paper 1's specialised stream, and its all-class stream."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as nnf

from inference.models.blocks import he_initialise
from inference.models.config import StreamConfig
from inference.models.decoders.deeplab import AtrousPyramid, DeepLabDecoder
from inference.models.encoders.xception import XceptionEncoder
from inference.models.network import Network
from inference.models.outputs import MASK, exclusive_map
from inference.models.sizing import Sizing

_OUTPUT_STRIDE = 16
_LOGIT_STRIDE = 4


class StreamNetwork(Network):
    """DeepLabv3+ on aligned Xception-65 at output stride 16; softmax over background and labels."""

    def __init__(self, config: StreamConfig) -> None:
        head = exclusive_map(config.labels)
        super().__init__((head,), config.in_channels, Sizing(multiple=_OUTPUT_STRIDE))
        self.encoder = XceptionEncoder(config.in_channels, config.width)
        self.pyramid = AtrousPyramid(self.encoder.out_channels, config.channels, config.rates, config.dropout)
        self.decoder = DeepLabDecoder(self.encoder.low_channels, config.reduced, config.channels, len(head.labels))
        he_initialise(self)
        self.encoder.begin_shallow()

    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """Logits (N, 1 + labels, H, W)."""
        low, deep = self.encoder(images)
        coarse = self.decoder(low, self.pyramid(deep))
        fine = nnf.interpolate(coarse, scale_factor=float(_LOGIT_STRIDE), mode="bilinear", align_corners=False)
        return {MASK: fine}

    @property
    def deepest(self) -> nn.Module:
        """The encoder's exit flow."""
        return self.encoder.exit
