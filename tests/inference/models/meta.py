"""Looking into networks without allocating their weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from torch import Tensor, nn

torch.set_num_threads(1)

Made = TypeVar("Made")


def meta(make: Callable[[], Made]) -> Made:
    """What ``make`` builds, on the device that holds shapes only."""
    with torch.device("meta"):
        made = make()
    assert isinstance(made, nn.Module)
    made.eval()
    return made


def shapes(stages: Iterable[nn.Module], features: Tensor) -> list[tuple[int, int]]:
    """Channels and side after each stage."""
    seen = []
    for stage in stages:
        features = stage(features)
        assert features.shape[-2] == features.shape[-1]
        seen.append((features.shape[1], features.shape[-1]))
    return seen


def transfer(source: nn.Module, target: nn.Module) -> None:
    """Copies all weights and statistics in order; every tensor must have its partner's shape.

    The source's statistics are drawn at random first, so that no normalisation can be left out unnoticed.
    """
    for layer in source.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.uniform_(-0.1, 0.1)
            layer.running_var.uniform_(0.8, 1.2)
    given = [v for k, v in source.state_dict().items() if not k.endswith("num_batches_tracked")]
    taken = [v for k, v in target.state_dict().items() if not k.endswith("num_batches_tracked")]
    assert [v.shape for v in given] == [v.shape for v in taken]
    with torch.no_grad():
        for one, other in zip(given, taken, strict=True):
            other.copy_(one)
