"""The moving average of weights, which is what is evaluated and shipped."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MovingAverage:
    """Float32 copies of all weights and buffers; early in training the average is short."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self.values = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after a step (from 0)."""
        decay = min(self._decay, (step + 1) / (step + 50))
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                self.values[name].lerp_(value, 1.0 - decay)
            else:
                self.values[name].copy_(value)

    def load(self, values: dict[str, Tensor]) -> None:
        """Take over saved values."""
        for name, value in values.items():
            self.values[name].copy_(value)
