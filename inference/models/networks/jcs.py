"""Paper 5's two networks: the recogniser, and the segmenter with or without the recogniser's features."""

from __future__ import annotations

from torch import Tensor, nn

from inference.errors import InputShapeError
from inference.models.blocks import he_initialise, resize_like
from inference.models.config import JcsConfig, Res2NetConfig
from inference.models.decoders.attentive import AttentiveDecoder, FeatureMerging
from inference.models.encoders.res2net import Res2NetEncoder
from inference.models.encoders.vgg import VggEncoder
from inference.models.heads.classifiers import PooledHead
from inference.models.network import Network
from inference.models.outputs import MASK, RECOGNITION, Head
from inference.models.sizing import Sizing

_STRIDE = 32


def _encoder(config: Res2NetConfig) -> Res2NetEncoder:
    return Res2NetEncoder(config.in_channels, config.layers, config.channels, config.stem)


class Res2NetRecogniser(Network):
    """Res2Net, global average pooling and one dense layer with softmax over the classes."""

    def __init__(self, config: Res2NetConfig) -> None:
        head = Head(RECOGNITION, "vector", config.labels, "softmax")
        super().__init__((head,), config.in_channels, Sizing(minimum=_STRIDE))
        self.encoder = _encoder(config)
        self.classifier = PooledHead(self.encoder.widths[-1], len(config.labels), config.dropout)
        he_initialise(self)

    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """Logits (N, labels)."""
        return {RECOGNITION: self.classifier(self.features(images)[-1])}

    def features(self, images: Tensor) -> list[Tensor]:
        """The five maps A1 to A5, the finest first; the last is the one before pooling (the X of equation 1)."""
        maps: list[Tensor] = self.encoder(images)
        return maps

    @property
    def deepest(self) -> nn.Module:
        """The last stage, whose output is X of equation 1."""
        return self.encoder.stages[-1]


class JcsSegmenter(Network):
    """VGG-16 with the enhanced feature module, and a decoder with five deeply supervised side outputs.

    ``mask`` is the finest, at the image's size; ``mask_2`` to ``mask_5`` are the coarser ones, enlarged, for the loss.
    """

    def __init__(self, config: JcsConfig) -> None:
        names = (MASK, *(f"{MASK}_{number}" for number in range(2, len(config.widths) + 1)))
        heads = tuple(Head(name, "map", (config.label,), "sigmoid", auxiliary=name != MASK) for name in names)
        super().__init__(heads, config.in_channels, Sizing(multiple=_STRIDE))
        self.encoder = VggEncoder(config.in_channels, config.widths, norm=config.norm)
        self.decoder = AttentiveDecoder(self.encoder.widths, norm=config.norm)
        self.companion: Res2NetEncoder | None = None
        if config.recogniser is not None:
            if config.recogniser.in_channels != config.in_channels:
                raise InputShapeError("Recogniser and segmenter look at the same image and need as many channels.")
            self.companion = _encoder(config.recogniser)
            self.mergings = nn.ModuleList(
                FeatureMerging(own, other, norm=config.norm)
                for own, other in zip(config.widths, self.companion.widths, strict=True)
            )
        he_initialise(self)

    def adopt(self, recogniser: Res2NetRecogniser) -> None:
        """Take over a trained recogniser's features. Raises InputShapeError when this segmenter merges none."""
        if self.companion is None:
            raise InputShapeError("This segmenter is configured without a recogniser and can adopt none.")
        self.companion.load_state_dict(recogniser.encoder.state_dict())

    def logits(self, images: Tensor) -> dict[str, Tensor]:
        """Logits (N, 1, H, W) of every side output."""
        maps: list[Tensor] = self.encoder(images)
        if self.companion is not None:
            others = self.companion(images)
            merged = [merge(own, other) for merge, own, other in zip(self.mergings, maps[:-1], others, strict=True)]
            maps = [*merged, maps[-1]]
        sides = self.decoder(maps)
        return {head.name: resize_like(side, images) for head, side in zip(self.heads, sides, strict=True)}

    @property
    def deepest(self) -> nn.Module:
        """The second grouped atrous module."""
        return self.encoder.far
