"""Paper 4's two networks: the lungs, then the lesions in the masked slice."""

from __future__ import annotations

from torch import Tensor, nn

from inference.models.blocks import he_initialise
from inference.models.config import DenseFpnConfig, DenseUnetConfig
from inference.models.library import densenet, fpn, unet
from inference.models.network import Network
from inference.models.outputs import MASK, exclusive_map
from inference.models.sizing import Sizing

_STRIDE = 32


class _DenseSegmenter(Network):
    """A library network on a DenseNet encoder; softmax over background and labels."""

    def __init__(self, network: nn.Module, labels: tuple[str, ...], in_channels: int) -> None:
        super().__init__((exclusive_map(labels),), in_channels, Sizing(multiple=_STRIDE))
        self.network = network
        he_initialise(self)

    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """Logits (N, 1 + labels, H, W)."""
        return {MASK: self.network(images)}

    @property
    def deepest(self) -> nn.Module:
        """The encoder's last normalisation, after the fourth dense block."""
        return self.network.get_submodule("encoder.features.norm5")


class DenseUnet(_DenseSegmenter):
    """U-Net on DenseNet, ended by a 1 x 1 convolution: the lungs."""

    def __init__(self, config: DenseUnetConfig) -> None:
        encoder = densenet(config.stem, config.growth, config.layers)
        network = unet(encoder, config.in_channels, 1 + len(config.labels), config.decoder, kernel=1)
        super().__init__(network, config.labels, config.in_channels)


class DenseFpn(_DenseSegmenter):
    """Feature pyramid on DenseNet, whose levels are concatenated and sent through a 3 x 3 convolution: the lesions."""

    def __init__(self, config: DenseFpnConfig) -> None:
        encoder = densenet(config.stem, config.growth, config.layers)
        network = fpn(encoder, config.in_channels, 1 + len(config.labels), config.pyramid, config.segmentation)
        super().__init__(network, config.labels, config.in_channels)
