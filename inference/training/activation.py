"""Paper 5's activation mapping while it is being trained: equations 1 and 2, with the gradient in closed form."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_SMALL = 1e-6


class Tap:
    """Keeps the last output of a network's deepest layer, the X of equation 1."""

    def __init__(self, network: nn.Module, deepest: nn.Module) -> None:
        self.features = torch.empty(0)
        self._classifier = _last_dense(network)
        deepest.register_forward_hook(self._keep)

    def _keep(self, module: nn.Module, inputs: object, output: Tensor) -> None:
        self.features = output

    def mapping(self, logits: Tensor, label: int) -> Tensor:
        """Activation (n, h, w), 0..1, of one class."""
        return mapping(self.features.float(), self._classifier.weight.float(), logits, label)


def mapping(features: Tensor, weight: Tensor, logits: Tensor, label: int) -> Tensor:
    """Equation 2 for features (n, k, h, w) that are pooled, then weighed by ``weight`` (classes, k): (n, h, w), 0..1.

    The gradient of a softmax probability with respect to every place of channel k is, but for a factor that is the
    same for all channels, ``weight[label, k]`` less the mean of the channel's weights by probability. The ReLU stands
    inside the sum, on each weighed channel.
    """
    probability = logits.float().softmax(dim=1).detach()
    gradient = weight[label] - probability @ weight
    summed = torch.relu(gradient[:, :, None, None] * features).sum(dim=1)
    return summed / summed.flatten(1).amax(dim=1).clamp_min(_SMALL)[:, None, None]


def _last_dense(network: nn.Module) -> nn.Linear:
    return [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
