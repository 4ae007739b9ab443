"""Res2Net (Gao et al. 2019), version 1b: a stem of three convolutions, and pooling on the strided shortcuts."""

from __future__ import annotations

from timm.models.res2net import Bottle2neck
from timm.models.resnet import ResNet
from torch import Tensor, nn

_EXPANSION = 4


class Res2NetEncoder(nn.Module):
    """Images (N, C, H, W), at least 32 px, to five maps at strides 2, 4, 8, 16 and 32 (paper 5's A1 to A5).

    ``channels`` are the inner widths of the four residual stages, whose maps have four times as many; ``scale`` is the
    number of groups that each block's 3 x 3 convolutions pass on to one another, ``base_width`` their width at 64.
    """

    def __init__(
        self,
        in_channels: int,
        layers: tuple[int, int, int, int],
        channels: tuple[int, int, int, int],
        stem_width: int,
        base_width: int = 26,
        scale: int = 4,
    ) -> None:
        super().__init__()
        trunk = ResNet(
            Bottle2neck,
            layers,
            num_classes=0,
            in_chans=in_channels,
            base_width=base_width,
            stem_width=stem_width,
            stem_type="deep",
            avg_down=True,
            channels=channels,
            block_args={"scale": scale},
        )
        self.stem = nn.Sequential(trunk.conv1, trunk.bn1, trunk.act1)
        self.pool = trunk.maxpool
        self.stages = nn.ModuleList(trunk.get_submodule(f"layer{number}") for number in range(1, 5))
        self.widths = (2 * stem_width, *(_EXPANSION * width for width in channels))

    def forward(self, images: Tensor) -> list[Tensor]:
        """The five maps, the finest first."""
        maps: list[Tensor] = [self.stem(images)]
        features = self.pool(maps[0])
        for stage in self.stages:
            features = stage(features)
            maps.append(features)
        return maps
