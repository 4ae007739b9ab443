"""Paper 1's multi-label CNN for the manifestations (figure 5)."""

from __future__ import annotations

from torch import Tensor, nn

from inference.models.blocks import he_initialise
from inference.models.config import ManifestationConfig
from inference.models.heads.classifiers import DenseHead
from inference.models.network import Network
from inference.models.outputs import MANIFESTATIONS, Head
from inference.models.sizing import Sizing

_KERNEL = 5
_DROPOUT = 0.25


class ManifestationNetwork(Network):
    """5 x 5 convolutions with ELU, 2 x 2 max pooling and 25 % dropout; dense 128 and 64; one sigmoid for each label.

    Flattening fixes the size: every image is resized to ``image_size``.
    """

    def __init__(self, config: ManifestationConfig) -> None:
        head = Head(MANIFESTATIONS, "vector", config.labels, "sigmoid")
        super().__init__((head,), config.in_channels, Sizing(fixed=config.image_size))
        inputs = (config.in_channels, *config.widths[:-1])
        self.stages = nn.Sequential(
            *(_stage(before, after, norm=config.norm) for before, after in zip(inputs, config.widths, strict=True))
        )
        side = config.image_size >> len(config.widths)
        self.classifier = DenseHead(config.widths[-1] * side**2, len(config.labels))
        he_initialise(self)

    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """Logits (N, labels)."""
        return {MANIFESTATIONS: self.classifier(self.stages(images))}

    @property
    def deepest(self) -> nn.Module:
        """The last stage."""
        return self.stages


def _stage(before: int, after: int, *, norm: bool) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, _KERNEL, padding=_KERNEL // 2, bias=not norm)
    normalise = [nn.BatchNorm2d(after)] if norm else []
    return nn.Sequential(convolution, *normalise, nn.ELU(), nn.MaxPool2d(2), nn.Dropout(_DROPOUT))
