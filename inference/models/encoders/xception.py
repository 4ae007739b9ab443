"""Aligned Xception-65 (Chen et al. 2018), the encoder of paper 1's DeepLabv3+; ``width`` narrows every layer alike."""

from __future__ import annotations

from torch import Tensor, nn

from inference.models.blocks import ConvUnit, scaled

_EPS = 0.001
_MIDDLE_BLOCKS = 16
_FIRST_SCALE = 0.1


class SeparableConv(nn.Sequential):
    """Depthwise 3 x 3 and pointwise 1 x 1, each with batch normalisation, and with ReLU where ``activate``."""

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int = 1, dilation: int = 1, activate: bool
    ) -> None:
        super().__init__(
            ConvUnit(
                in_channels, in_channels, 3, stride=stride, dilation=dilation, groups=in_channels,
                activate=activate, eps=_EPS,
            ),
            ConvUnit(in_channels, out_channels, 1, activate=activate, eps=_EPS),
        )  # fmt: skip
        self.out_channels = out_channels


class XceptionModule(nn.Module):
    """Three separable convolutions, the last with the stride (never pooling), round which a shortcut leads.

    With ``residual`` each is preceded by ReLU; without it there is no shortcut and ReLU follows inside (exit flow).
    """

    def __init__(
        self, in_channels: int, channels: tuple[int, int, int], *, stride: int = 1, dilation: int = 1, residual: bool
    ) -> None:
        super().__init__()
        self.residual = residual
        self.shortcut: nn.Module = nn.Identity()
        if residual and (stride != 1 or in_channels != channels[2]):
            self.shortcut = ConvUnit(in_channels, channels[2], 1, stride=stride, activate=False, eps=_EPS)
        inputs = (in_channels, *channels[:2])
        self.convolutions = nn.ModuleList(
            SeparableConv(
                inputs[i], channels[i], stride=stride if i == 2 else 1, dilation=dilation, activate=not residual
            )
            for i in range(3)
        )
        self.out_channels = channels[2]

    def forward(self, features: Tensor) -> Tensor:
        """The module's output."""
        return self.with_tap(features)[0]

    def with_tap(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The module's output, and what enters its last convolution: the finest map before a stride."""
        inner, tap = features, features
        for convolution in self.convolutions:
            tap = inner.relu() if self.residual else inner
            inner = convolution(tap)
        return (inner + self.shortcut(features) if self.residual else inner), tap


class XceptionEncoder(nn.Module):
    """Images (N, C, H, W), sides divisible by 16, to a low-level map at stride 4 and the deepest one at stride 16."""

    def __init__(self, in_channels: int, width: float) -> None:
        super().__init__()
        c32, c64, c128, c256, c728, c1024, c1536, c2048 = (
            scaled(value, width) for value in (32, 64, 128, 256, 728, 1024, 1536, 2048)
        )
        self.stem = nn.Sequential(ConvUnit(in_channels, c32, 3, stride=2, eps=_EPS), ConvUnit(c32, c64, 3, eps=_EPS))
        self.entry_first = XceptionModule(c64, (c128, c128, c128), stride=2, residual=True)
        self.entry_second = XceptionModule(c128, (c256, c256, c256), stride=2, residual=True)
        self.entry_third = XceptionModule(c256, (c728, c728, c728), stride=2, residual=True)
        self.middle = nn.Sequential(
            *(XceptionModule(c728, (c728, c728, c728), residual=True) for _ in range(_MIDDLE_BLOCKS))
        )
        self.exit = nn.Sequential(
            XceptionModule(c728, (c728, c1024, c1024), residual=True),
            XceptionModule(c1024, (c1536, c1536, c2048), dilation=2, residual=False),
        )
        self.low_channels = c256
        self.out_channels = c2048

    def begin_shallow(self) -> None:
        """Start every residual module near its shortcut (after Goyal et al. 2017): from nothing it learns sooner."""
        for module in self.modules():
            if isinstance(module, XceptionModule) and module.residual:
                last = module.convolutions[-1].get_submodule("1.1")
                nn.init.constant_(last.get_parameter("weight"), _FIRST_SCALE)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Low-level features (N, low_channels, H/4, W/4) and the deepest (N, out_channels, H/16, W/16)."""
        features, low = self.entry_second.with_tap(self.entry_first(self.stem(images)))
        deep: Tensor = self.exit(self.middle(self.entry_third(features)))
        return low, deep
