"""The yardstick: the U-Net that anyone would try first."""

from __future__ import annotations

from torch import Tensor, nn

from inference.models.config import BaselineConfig
from inference.models.library import unet
from inference.models.network import Network
from inference.models.outputs import MASK, exclusive_map
from inference.models.sizing import Sizing

_STRIDE = 32


class BaselineUnet(Network):
    """U-Net on ResNet-18, initialised as its library does; softmax over background and labels."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__((exclusive_map(config.labels),), config.in_channels, Sizing(multiple=_STRIDE))
        self.network = unet(config.encoder, config.in_channels, 1 + len(config.labels), config.decoder)

    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """Logits (N, 1 + labels, H, W)."""
        return {MASK: self.network(images)}

    @property
    def deepest(self) -> nn.Module:
        """The encoder's last stage."""
        return self.network.get_submodule("encoder.layer4")
