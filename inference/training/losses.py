"""The papers' losses, and the one that puts them together by what a network answers and what a batch knows.

Every term weighs each label of each picture by whether it is known, so that absent labels cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as nnf

from inference.models.outputs import BACKGROUND, MANIFESTATIONS, RECOGNITION, RECONSTRUCTION, Head
from inference.training.batches import DEVIATION, MEAN, Batch
from inference.training.planes import EFFUSION, LESION, PLANES
from inference.training.recipes import ACTIVATION

Segmentation = Literal["bce-dice", "dice", "cross-entropy", "minus-dice"]
SMOOTH = 1.0


def dice(probability: Tensor, target: Tensor, weight: Tensor, smooth: float = SMOOTH, factor: float = 2.0) -> Tensor:
    """Soft Dice (labels,) of maps (n, labels, h, w), over the whole batch; pixels of weight 0 count nowhere.

    ``factor`` is 2 in Dice's coefficient; paper 5's equation 6 leaves it out.
    """
    probability, target = probability * weight, target * weight
    overlap = (probability * target).sum((0, 2, 3))
    score: Tensor = (factor * overlap + smooth) / (probability.sum((0, 2, 3)) + target.sum((0, 2, 3)) + smooth)
    return score


def dice_loss(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """One minus Dice, averaged over the labels that any picture of the batch knows (papers 2 and 5)."""
    return _over_known(1.0 - dice(logits.sigmoid(), target, weight), weight)


def minus_dice(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Paper 3, equation 5."""
    return _over_known(-dice(logits.sigmoid(), target, weight), weight)


def binary_cross_entropy(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Mean over the pixels that count."""
    each = nnf.binary_cross_entropy_with_logits(logits, target, reduction="none")
    weight = weight.expand_as(each)
    return (each * weight).sum() / weight.sum().clamp_min(1.0)


def bce_dice(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Paper 5, equation 6 (with Dice's factor 2), for one output; its deep supervision sums it over all."""
    return binary_cross_entropy(logits, target, weight) + dice_loss(logits, target, weight)


def exclusive_cross_entropy(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Paper 4, equation 1: softmax over background and labels (n, 1 + labels, h, w); a later label covers an earlier.

    A pixel counts where every label is known.
    """
    index = torch.zeros_like(target[:, 0], dtype=torch.int64)
    for label in range(target.shape[1]):
        index = torch.where(target[:, label] > 0.5, label + 1, index)
    counts = weight.expand_as(target).amin(dim=1)
    each = nnf.cross_entropy(logits, index, reduction="none")
    return (each * counts).sum() / counts.sum().clamp_min(1.0)


def activation_loss(activation: Tensor, lesion: Tensor, known: Tensor) -> Tensor:
    """Paper 5, equation 4: the l2 distance of the activation (n, h, w), 0..1, to the lesion mask, over h times w."""
    area = activation.shape[-1] * activation.shape[-2]
    distance: Tensor = (activation - lesion).flatten(1).norm(dim=1) / area
    return (distance * known).sum() / known.sum().clamp_min(1.0)


@dataclass(frozen=True)
class Objective:
    """The loss of a network with the given heads: the sum of one term for each, weighted by name.

    ``labels`` are the classes that the batches' labels stand for, in their order.
    """

    heads: tuple[Head, ...]
    labels: tuple[str, ...]
    segmentation: Segmentation = "bce-dice"
    weights: tuple[tuple[str, float], ...] = ()

    def __call__(self, outputs: Mapping[str, Tensor], batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Total and terms, in float32."""
        terms = {head.name: self._term(head, outputs[head.name].float(), batch) for head in self.heads}
        weights = dict(self.weights)
        if ACTIVATION in outputs:
            terms[ACTIVATION] = self._activation(outputs[ACTIVATION], batch)
        total = torch.stack([weights.get(name, 1.0) * term for name, term in terms.items()]).sum()
        return total, {name: term.detach() for name, term in terms.items()}

    def _term(self, head: Head, output: Tensor, batch: Batch) -> Tensor:
        if head.name == RECONSTRUCTION:
            return nnf.mse_loss(output, (batch.images * DEVIATION + MEAN).expand_as(output))
        if head.name == RECOGNITION:
            return _recognition(head, output, batch.labels, self.labels)
        if head.name == MANIFESTATIONS:
            index = plane_indices(head.labels)
            present = batch.planes[:, index].amax((2, 3))
            return binary_cross_entropy(output, present, batch.known[:, index])
        return self._map(head, output, batch)

    def _activation(self, activation: Tensor, batch: Batch) -> Tensor:
        lesion = nnf.interpolate(batch.planes[:, LESION, None], activation.shape[-2:], mode="area")[:, 0]
        return activation_loss(activation, lesion, batch.known[:, LESION])

    def _map(self, head: Head, output: Tensor, batch: Batch) -> Tensor:
        exclusive = head.activation == "softmax"
        index = plane_indices(tuple(label for label in head.labels if label != BACKGROUND))
        target, weight = batch.planes[:, index], pixel_weights(batch, index)
        if exclusive:
            entropy = exclusive_cross_entropy(output, target, weight)
            if self.segmentation != "bce-dice":
                return entropy
            return entropy + _over_known(1.0 - dice(output.softmax(dim=1)[:, 1:], target, weight), weight)
        losses = {"bce-dice": bce_dice, "dice": dice_loss, "minus-dice": minus_dice,
                  "cross-entropy": binary_cross_entropy}  # fmt: skip
        return losses[self.segmentation](output, target, weight)


def plane_indices(labels: tuple[str, ...]) -> list[int]:
    """The planes that a head's labels stand for."""
    return [PLANES.index(label) for label in labels]


def pixel_weights(batch: Batch, index: list[int]) -> Tensor:
    """(n, labels, h, w): 1 where a label is known. Effusion that a lesion mask may include counts neither way."""
    weight = batch.known[:, index, None, None].expand(-1, -1, *batch.planes.shape[-2:])
    if LESION not in index:
        return weight
    fluid = batch.planes[:, EFFUSION] * batch.known[:, EFFUSION, None, None]
    keep = torch.ones_like(weight)
    keep[:, index.index(LESION)] = 1.0 - fluid
    return weight * keep


def _recognition(head: Head, output: Tensor, labels: Tensor, names: tuple[str, ...]) -> Tensor:
    target = labels[:, [names.index(label) for label in head.labels]]
    known = (target.sum(dim=1) > 0).float()
    if head.activation == "sigmoid":  # paper 3, equation 7
        return binary_cross_entropy(output, target, known[:, None])
    each = -(target * nnf.log_softmax(output, dim=1)).sum(dim=1)
    return (each * known).sum() / known.sum().clamp_min(1.0)


def _over_known(each: Tensor, weight: Tensor) -> Tensor:
    known = (weight.flatten(2).amax(2).amax(0) > 0).float()
    return (each * known).sum() / known.sum().clamp_min(1.0)
