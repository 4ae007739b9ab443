"""Activation maps of one layer: Grad-CAM, and the mapping of paper 5.

The two differ in where the ReLU stands. Grad-CAM weighs, sums, then cuts: ``ReLU(sum_k w_k X_k)``. Paper 5 cuts each
channel before the sum (equation 2): ``sum_k ReLU(w_k X_k)``, so a channel that speaks against the class cannot cancel
one that speaks for it. Both weigh a channel by its mean gradient (equation 1); paper 5 takes the gradient of the
probability, Grad-CAM that of the logit.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from inference.models.network import Network
from inference.models.outputs import Head

Mapping = Literal["grad-cam", "paper-5"]


def activation_map(
    network: Network, images: Tensor, head: str, label: str, *,
    mapping: Mapping = "grad-cam", where: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Maps (n, h, w) of the mapped layer for normalised images (n, c, H, W), not negative, not scaled.

    For a map head the score is the sum over ``where`` (n, H, W; all pixels without it). No gradient is kept in the
    network.
    """
    chosen = next(one for one in network.heads if one.name == head)
    features, output = _traced(network, images, head)
    score = _score(chosen, output, label, mapping, where)
    (gradient,) = torch.autograd.grad(score, features)
    return combine(features.detach(), gradient, mapping)


def combine(features: Tensor, gradient: Tensor, mapping: Mapping) -> Tensor:
    """Equations 1 and 2 from the features (n, c, h, w) and the score's gradient there."""
    weighted = gradient.mean(dim=(2, 3), keepdim=True) * features
    return weighted.relu().sum(dim=1) if mapping == "paper-5" else weighted.sum(dim=1).relu()


def _traced(network: Network, images: Tensor, head: str) -> tuple[Tensor, Tensor]:
    """The mapped layer's features, as a leaf, and the head's logits that follow from them."""
    kept: list[Tensor] = []

    def hook(module: Any, inputs: Any, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[-1].clone()  # layers behind may work in place, which a leaf does not bear

    handle = network.mapped.register_forward_hook(hook)
    try:
        with torch.enable_grad():
            output = network(images)[head]
    finally:
        handle.remove()
    return kept[-1], output


def _score(head: Head, logits: Tensor, label: str, mapping: Mapping, where: Tensor | None) -> Tensor:
    place = head.labels.index(label)
    values = logits.float()
    if mapping == "paper-5":
        values = values.softmax(dim=1) if head.activation == "softmax" else values.sigmoid()
    chosen = values[:, place]
    if head.kind == "map" and where is not None:
        chosen = chosen * where.to(chosen.dtype)
    return chosen.sum()
