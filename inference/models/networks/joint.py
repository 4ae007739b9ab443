"""Lungs and lesions by one network: the U-Net on ResNet-18 with a sigmoid for each, since a lesion is lung too."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from inference.models.config import NetworkConfig
from inference.models.library import unet
from inference.models.network import Network
from inference.models.noise import NoiseGate
from inference.models.outputs import MASK, independent_map
from inference.models.sizing import Sizing

_ALL_STAGES = 4


@dataclass(frozen=True)
class JointConfig(NetworkConfig):
    """U-Net of smp on ``encoder``; one sigmoid for each of ``labels``.

    ``decoder`` has the channels of each level, the deepest first; with four levels the encoder has no fourth stage,
    which holds three quarters of its weights. ``noise``: where the median begins to take a picture's place, and where
    it has taken it, in units of the pictures that the network gets; none: nowhere.
    """

    labels: tuple[str, ...] = ("lung", "lesion")
    encoder: str = "resnet18"
    decoder: tuple[int, ...] = (256, 128, 64, 32, 16)
    noise: tuple[float, float] | None = None

    @classmethod
    def paper(cls) -> JointConfig:
        """The library's defaults."""
        return cls(256, 1)

    @classmethod
    def compact(cls) -> JointConfig:
        """The same."""
        return cls.paper()


class JointUnet(Network):
    """Logits of every label at the image's own size."""

    def __init__(self, config: JointConfig) -> None:
        super().__init__(
            (independent_map(config.labels),), config.in_channels, Sizing(multiple=2 ** len(config.decoder))
        )
        self.network = unet(config.encoder, config.in_channels, len(config.labels), config.decoder)
        self.steady = NoiseGate(*config.noise) if config.noise else nn.Identity()
        self._stages = len(config.decoder) - 1
        if self._stages < _ALL_STAGES:
            del self.network.get_submodule("encoder").layer4

    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """Logits (N, labels, H, W)."""
        return {MASK: self.network(self.steady(images))}

    @property
    def deepest(self) -> nn.Module:
        """The encoder's last stage."""
        return self.network.get_submodule(f"encoder.layer{self._stages}")
