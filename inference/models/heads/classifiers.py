"""Heads that end in one figure for each class."""

from __future__ import annotations

from torch import Tensor, nn


class PooledHead(nn.Sequential):
    """Global average pooling, dropout and one dense layer."""

    def __init__(self, in_channels: int, labels: int, dropout: float = 0.0) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(in_channels, labels))


class DenseHead(nn.Module):
    """Flattening, then dense layers of 128 and 64 with ELU and dropout, and one figure for each label (papers 1, 3)."""

    def __init__(
        self, in_features: int, labels: int, hidden: tuple[int, ...] = (128, 64), dropout: float = 0.5
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten()]
        for size in hidden:
            layers += [nn.Linear(in_features, size), nn.ELU(), nn.Dropout(dropout)]
            in_features = size
        self.layers = nn.Sequential(*layers, nn.Linear(in_features, labels))

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, h, w), always of the same h and w, to (N, labels)."""
        logits: Tensor = self.layers(features)
        return logits
