"""What a network says about packed pictures, and the score that early stopping watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.models.network import Network
from inference.models.outputs import BACKGROUND, MANIFESTATIONS, MASK, RECOGNITION, Head
from inference.training.batches import DEVIATION, MEAN, Batch, Pool, batch_of
from inference.training.datasets.sample import is_of
from inference.training.devices import Place
from inference.training.losses import plane_indices
from inference.training.networks import build
from inference.training.planes import LUNG
from inference.training.recipes import Recipe

_BATCH = 16
Predict = Callable[[Tensor], dict[str, Tensor]]


@dataclass(frozen=True, eq=False)
class Judged:
    """One picture of a pool with what the network says of it.

    ``probabilities`` (labels, n, n) for the network's map labels, ``truth`` alike, ``weight`` 0 where a pixel does not
    count; ``known`` (labels,). ``classes`` are the probabilities of the recognition head's labels, ``findings`` of the
    manifestation head's.
    """

    number: int
    labels: tuple[str, ...]
    probabilities: NDArray[np.float32]
    truth: NDArray[np.bool_]
    weight: NDArray[np.bool_]
    known: NDArray[np.bool_]
    classes: dict[str, float]
    findings: dict[str, float]


def restored(recipe: Recipe, weights: dict[str, Tensor], place: Place) -> Network:
    """The network of a recipe with the given weights, ready to predict."""
    network = build(recipe)
    own = network.state_dict()
    network.load_state_dict({name: value.to(own[name].dtype) for name, value in weights.items()})
    network.eval()
    network.to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def predictor(network: Network, place: Place, mirrored: bool = True) -> Predict:
    """Probabilities of every head for normalised images; ``mirrored`` averages with the image's mirror image."""

    def predict(images: Tensor) -> dict[str, Tensor]:
        images = images.to(place.device, memory_format=torch.channels_last)
        with torch.inference_mode(), place.autocast():
            found = _probabilities(network, images)
            if not mirrored:
                return found
            other = _probabilities(network, images.flip(3))
        kinds = {head.name: head.kind for head in network.heads}
        return {
            name: (value + (other[name].flip(3) if kinds[name] == "map" else other[name])) / 2
            for name, value in found.items()
        }

    return predict


def judge(
    heads: tuple[Head, ...], predict: Predict, source: Pool, masked: bool = False, lungs: Predict | None = None
) -> Iterator[Judged]:
    """Every picture of a pool, in order, as ``predict`` answers for the outputs that ``heads`` name.

    ``masked``: the network sees the lung alone (paper 4), as drawn, or as ``lungs`` finds it.
    """
    by_name = {head.name: head for head in heads}
    shown = tuple(label for label in by_name[MASK].labels if label != BACKGROUND) if MASK in by_name else ()
    index = plane_indices(shown)
    for first in range(0, len(source), _BATCH):
        numbers = list(range(first, min(first + _BATCH, len(source))))
        pictures = [source.picture(n) for n in numbers]
        batch = batch_of(
            np.stack([image for image, _ in pictures]).astype(np.float32) / 255.0,
            np.stack([planes for _, planes in pictures]).astype(np.float32),
            np.stack([source.known(n) for n in numbers]).astype(np.float32),
            np.zeros((len(numbers), 1), np.float32),
        )
        if masked:
            batch = replace(batch, images=_inside(batch, lungs))
        said = {name: value.float().cpu().numpy() for name, value in predict(batch.images).items()}
        truth = (batch.planes[:, index] > 0.5).numpy()
        known = np.stack([source.known(n)[index] for n in numbers])
        weight = np.broadcast_to(known[:, :, None, None], truth.shape)
        maps = said[MASK][:, -len(shown) :] if shown else np.zeros_like(truth, np.float32)
        for place, n in enumerate(numbers):
            yield Judged(
                n, shown, maps[place], truth[place], weight[place], source.known(n)[index],
                _named(by_name, said, RECOGNITION, place), _named(by_name, said, MANIFESTATIONS, place),
            )  # fmt: skip


def _inside(batch: Batch, lungs: Predict | None) -> Tensor:
    """The images with what is outside the lung turned black."""
    inside = batch.planes[:, LUNG, None] > 0.5
    if lungs is not None:
        inside = lungs(batch.images)[MASK][:, -1:].cpu() > 0.5
    return torch.where(inside, batch.images, torch.full_like(batch.images, -MEAN / DEVIATION))


def watched_score(recipe: Recipe, weights: dict[str, Tensor], source: Pool, place: Place) -> float:
    """Mean pooled Dice of the map labels, or where there is no map the share of classes that are right."""
    network = restored(recipe, weights, place)
    overlap: dict[str, NDArray[np.float64]] = {}
    right: list[bool] = []
    for one in judge(network.heads, predictor(network, place, mirrored=False), source, recipe.masked):
        inside = (one.probabilities > 0.5) & one.weight
        for n, label in enumerate(one.labels):
            truth = one.truth[n] & one.weight[n]
            counts = np.array([2 * (inside[n] & truth).sum(), inside[n].sum() + truth.sum()], np.float64)
            overlap[label] = overlap.get(label, np.zeros(2)) + counts
        shown = source.row(one.number).label
        if one.classes and any(is_of(shown, name) for name in one.classes):
            right.append(is_of(shown, max(one.classes.items(), key=lambda said: said[1])[0]))
    scores = [float(both[0] / both[1]) for both in overlap.values() if both[1] > 0]
    return float(np.mean(scores)) if scores else float(np.mean(right)) if right else 0.0


def _probabilities(network: Network, images: Tensor) -> dict[str, Tensor]:
    outputs = {name: value.float() for name, value in network(images).items()}
    return network.probabilities(outputs)


def _named(heads: Mapping[str, Head], said: dict[str, NDArray[np.float32]], name: str, place: int) -> dict[str, float]:
    head = heads.get(name)
    if head is None:
        return {}
    return {label: float(value) for label, value in zip(head.labels, said[name][place], strict=True)}
