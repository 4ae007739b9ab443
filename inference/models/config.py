"""What can be chosen about each network. Frozen, plain values only, and no torch.

Every configuration has ``paper()``, with the widths that the paper publishes, and ``compact()``, the same topology
narrow enough for two processor cores. What the papers leave open, and what was decided, is in docs/networks.md.
``image_size`` is the side in pixels that images are best resized to; a network takes any other size too. ``norm`` puts
batch normalisation after each convolution of the networks that were published without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class NetworkConfig:
    """What every configuration has."""

    image_size: int
    in_channels: int

    @classmethod
    def paper(cls) -> Self:
        """The published widths."""
        raise TypeError(f"{cls.__name__} describes no network by itself.")

    @classmethod
    def compact(cls) -> Self:
        """The same topology, narrow."""
        raise TypeError(f"{cls.__name__} describes no network by itself.")


@dataclass(frozen=True)
class InceptionConfig(NetworkConfig):
    """Paper 1's recogniser: Inception-v3 of ``width``, one softmax over ``labels`` (two of them, or four)."""

    labels: tuple[str, ...] = ("normal", "covid")
    width: float = 1.0
    dropout: float = 0.0

    @classmethod
    def paper(cls) -> Self:
        """512 x 512 x 3."""
        return cls(512, 3)

    @classmethod
    def compact(cls) -> Self:
        """Three sixteenths of the width."""
        return cls(256, 1, width=0.1875, dropout=0.2)


@dataclass(frozen=True)
class ManifestationConfig(NetworkConfig):
    """Paper 1's multi-label CNN: 5 x 5 convolutions of ``widths``, each with pooling and dropout of 25 %."""

    labels: tuple[str, ...] = ("ground_glass", "effusion", "consolidation")
    widths: tuple[int, ...] = (8, 16, 32, 64, 128, 256)
    norm: bool = False

    @classmethod
    def paper(cls) -> Self:
        """512 x 512 x 3."""
        return cls(512, 3)

    @classmethod
    def compact(cls) -> Self:
        """A quarter of the deepest width, but no layer under 8 channels."""
        return cls(256, 1, widths=(8, 16, 24, 32, 48, 64), norm=True)


@dataclass(frozen=True)
class StreamConfig(NetworkConfig):
    """Paper 1's DeepLabv3+ on aligned Xception-65: one stream for each single label, or all classes in one.

    ``channels`` is the width of pyramid and decoder, ``reduced`` that of the low-level features beside them.
    """

    labels: tuple[str, ...] = ("ground_glass",)
    width: float = 1.0
    rates: tuple[int, int, int] = (6, 12, 18)
    channels: int = 256
    reduced: int = 48
    dropout: float = 0.1

    @classmethod
    def paper(cls) -> Self:
        """512 x 512 x 3."""
        return cls(512, 3)

    @classmethod
    def compact(cls) -> Self:
        """An eighth of the encoder's width, a quarter of the decoder's."""
        return cls(256, 1, width=0.125, channels=64, reduced=16)


@dataclass(frozen=True)
class RecurrentConfig(NetworkConfig):
    """Paper 2's IRRCNN: one unit for each of ``widths``, unrolled over ``steps``."""

    labels: tuple[str, ...] = ("normal", "covid")
    widths: tuple[int, ...] = (64, 128, 256, 512, 1024)
    steps: int = 2
    dropout: float = 0.0

    @classmethod
    def paper(cls) -> Self:
        """192 px, as for CT; the X-rays of pneumonia were 128 px."""
        return cls(192, 3)

    @classmethod
    def compact(cls) -> Self:
        """An eighth of the widths."""
        return cls(192, 1, widths=(8, 16, 32, 64, 128), dropout=0.2)


@dataclass(frozen=True)
class NablaConfig(NetworkConfig):
    """Paper 2's NABLA-3: ``paths`` decoding paths, from the ``paths`` deepest levels; one sigmoid for each label."""

    labels: tuple[str, ...] = ("lung",)
    widths: tuple[int, ...] = (16, 32, 64, 128, 256, 512)
    paths: int = 3
    norm: bool = False

    @classmethod
    def paper(cls) -> Self:
        """256 px, as for CT; the X-rays were 192 px."""
        return cls(256, 3)

    @classmethod
    def compact(cls) -> Self:
        """A quarter of the widths, but no level under 8 channels."""
        return cls(256, 1, widths=(8, 8, 16, 32, 64, 128), norm=True)


@dataclass(frozen=True)
class MultitaskConfig(NetworkConfig):
    """Paper 3's shared encoder with up to three tasks (``reconstruction``, ``segmentation``, ``classification``)."""

    tasks: tuple[str, ...] = ("reconstruction", "segmentation", "classification")
    labels: tuple[str, ...] = ("lesion",)
    classes: tuple[str, ...] = ("covid", "normal", "other")
    widths: tuple[int, ...] = (64, 128, 256, 512, 1024)
    classifier_width: int = 1024
    norm: bool = False

    @classmethod
    def paper(cls) -> Self:
        """256 px, which the paper found best."""
        return cls(256, 1)

    @classmethod
    def compact(cls) -> Self:
        """An eighth of the widths."""
        return cls(256, 1, widths=(8, 16, 32, 64, 128), classifier_width=32, norm=True)


@dataclass(frozen=True)
class DenseUnetConfig(NetworkConfig):
    """Paper 4's lungs: U-Net on a DenseNet of 6, 12, 36 and 24 layers (161); softmax over background and labels."""

    labels: tuple[str, ...] = ("lung",)
    stem: int = 96
    growth: int = 48
    layers: tuple[int, int, int, int] = (6, 12, 36, 24)
    decoder: tuple[int, ...] = (256, 128, 64, 32, 16)

    @classmethod
    def paper(cls) -> Self:
        """DenseNet-161."""
        return cls(256, 3)

    @classmethod
    def compact(cls) -> Self:
        """A sixth of the growth."""
        return cls(256, 1, stem=16, growth=8, decoder=(64, 32, 24, 16, 8))


@dataclass(frozen=True)
class DenseFpnConfig(NetworkConfig):
    """Paper 4's lesions: FPN on a DenseNet of 6, 12, 48 and 32 layers (201); softmax over background and labels."""

    labels: tuple[str, ...] = ("lesion",)
    stem: int = 64
    growth: int = 32
    layers: tuple[int, int, int, int] = (6, 12, 48, 32)
    pyramid: int = 256
    segmentation: int = 128

    @classmethod
    def paper(cls) -> Self:
        """DenseNet-201."""
        return cls(256, 3)

    @classmethod
    def compact(cls) -> Self:
        """A quarter of the growth."""
        return cls(256, 1, stem=16, growth=8, pyramid=64, segmentation=32)


@dataclass(frozen=True)
class Res2NetConfig(NetworkConfig):
    """Paper 5's recogniser: Res2Net, version 1b, one softmax over ``labels``."""

    labels: tuple[str, ...] = ("normal", "covid")
    layers: tuple[int, int, int, int] = (3, 4, 23, 3)
    channels: tuple[int, int, int, int] = (64, 128, 256, 512)
    stem: int = 32
    dropout: float = 0.0

    @classmethod
    def paper(cls) -> Self:
        """Res2Net-101, 26 wide, of scale 4."""
        return cls(224, 3)

    @classmethod
    def compact(cls) -> Self:
        """Less than a sixth of the widths, and 6 blocks in the third stage (Res2Net-50)."""
        return cls(224, 1, layers=(3, 4, 6, 3), channels=(10, 20, 40, 80), stem=8, dropout=0.2)


@dataclass(frozen=True)
class JcsConfig(NetworkConfig):
    """Paper 5's segmenter; with ``recogniser``, that network's maps are merged into the encoder's (figure 4)."""

    label: str = "lesion"
    widths: tuple[int, int, int, int, int] = (64, 128, 256, 512, 512)
    recogniser: Res2NetConfig | None = None
    norm: bool = False

    @classmethod
    def paper(cls) -> Self:
        """VGG-16 at 512 px, merged with the recogniser."""
        return cls(512, 3, recogniser=Res2NetConfig.paper())

    @classmethod
    def compact(cls) -> Self:
        """An eighth of the widths."""
        return cls(256, 1, widths=(8, 16, 32, 64, 64), recogniser=Res2NetConfig.compact(), norm=True)


@dataclass(frozen=True)
class BaselineConfig(NetworkConfig):
    """What anyone would try first: U-Net on ResNet-18 as its library builds it; softmax over background and labels."""

    labels: tuple[str, ...] = ("lesion",)
    encoder: str = "resnet18"
    decoder: tuple[int, ...] = (256, 128, 64, 32, 16)

    @classmethod
    def paper(cls) -> Self:
        """The library's defaults."""
        return cls(256, 1)

    @classmethod
    def compact(cls) -> Self:
        """The same: it is a yardstick, and narrowing it would move the mark."""
        return cls.paper()
