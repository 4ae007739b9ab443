"""Paper 3's network: one encoder for reconstruction, segmentation and classification."""

from __future__ import annotations

from torch import Tensor, nn

from inference.errors import InputShapeError
from inference.models.blocks import ConvUnit, he_initialise
from inference.models.config import MultitaskConfig
from inference.models.decoders.unet import DecodingPath
from inference.models.encoders.unet import LevelEncoder
from inference.models.heads.classifiers import DenseHead
from inference.models.network import Network
from inference.models.outputs import RECOGNITION, RECONSTRUCTION, Head, independent_map
from inference.models.sizing import Sizing

_TASKS = ("reconstruction", "segmentation", "classification")


class MultitaskNetwork(Network):
    """A strided encoder; two decoders with skips; a classifier of convolution, pooling, flattening and dense layers.

    ``tasks`` leaves arms out, for the pairwise ablation. Flattening fixes the size: images are resized to
    ``image_size`` and the maps brought back. Raises InputShapeError for tasks that do not exist, or none.
    """

    def __init__(self, config: MultitaskConfig) -> None:
        if not config.tasks or not set(config.tasks) <= set(_TASKS):
            raise InputShapeError(f"The tasks are {', '.join(_TASKS)}, not {', '.join(config.tasks) or 'none'}.")
        heads = {
            "reconstruction": Head(RECONSTRUCTION, "map", ("image",) * config.in_channels, "linear"),
            "segmentation": independent_map(config.labels),
            "classification": Head(RECOGNITION, "vector", config.classes, "sigmoid"),
        }
        chosen = tuple(heads[task] for task in _TASKS if task in config.tasks)
        super().__init__(chosen, config.in_channels, Sizing(fixed=config.image_size))
        self.encoder = LevelEncoder(config.in_channels, config.widths, strided=True, norm=config.norm)
        self.arms = nn.ModuleDict({head.name: _arm(head, config) for head in chosen})
        he_initialise(self)

    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """The reconstruction (N, in_channels, H, W), mask logits (N, labels, H, W) and class logits (N, classes)."""
        maps: list[Tensor] = self.encoder(images)
        return {name: arm(maps) for name, arm in self.arms.items()}

    @property
    def deepest(self) -> nn.Module:
        """The encoder's last level, which every task shares."""
        return self.encoder.levels[-1]


class _Decoder(nn.Module):
    def __init__(self, config: MultitaskConfig, channels: int) -> None:
        super().__init__()
        self.path = DecodingPath(config.widths, reduce=True, norm=config.norm)
        self.draw = nn.Conv2d(config.widths[0], channels, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        drawn: Tensor = self.draw(self.path(maps))
        return drawn


class _Classifier(nn.Module):
    def __init__(self, config: MultitaskConfig) -> None:
        super().__init__()
        width = config.classifier_width
        self.reduce = nn.Sequential(ConvUnit(config.widths[-1], width, norm=config.norm), nn.MaxPool2d(2))
        side = config.image_size >> len(config.widths)
        self.dense = DenseHead(width * side**2, len(config.classes))

    def forward(self, maps: list[Tensor]) -> Tensor:
        logits: Tensor = self.dense(self.reduce(maps[-1]))
        return logits


def _arm(head: Head, config: MultitaskConfig) -> nn.Module:
    return _Classifier(config) if head.kind == "vector" else _Decoder(config, len(head.labels))
