"""What a network's answers mean: its labels, the mean with the mirror image, and a study's figure from its slices'."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.errors import WeightsMissing
from inference.findings import Recognition, Target
from inference.models.outputs import BACKGROUND, MASK
from inference.systems.model import Answers, Images, Model, Notify

_TOP = 3
_CLEAR = 0.1
_SURE = 1e-4


def labels_of(model: Model, head: str) -> tuple[str, ...]:
    """The labels of a head. Raises WeightsMissing where the network has no such head."""
    for one in model.heads:
        if one.name == head:
            return one.labels
    raise WeightsMissing(f"The weights {model.entry.name} answer no {head}; install matching ones.")


def positive_of(labels: Sequence[str]) -> str:
    """The label that means disease, of a recogniser's labels."""
    return next((name for name in ("covid", "pneumonia") if name in labels), labels[-1])


def strongest(values: NDArray[np.float32]) -> float | None:
    """A study's probability from its slices': the mean of the three highest; None without slices."""
    return float(np.sort(values)[-_TOP:].mean()) if len(values) else None


def together(opinions: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Probabilities of several recognisers (each of n slices) as one: the mean of their log-odds."""
    if len(opinions) == 1:
        return opinions[0]
    sure = np.clip(np.asarray(opinions, np.float64), _SURE, 1 - _SURE)
    odds = np.log(sure) - np.log1p(-sure)
    return np.asarray(1.0 / (1.0 + np.exp(-np.mean(odds, axis=0))), np.float32)


def opinion_on(found: NDArray[np.float32], limit: float, target: Target = "covid_against_other") -> Recognition:
    """The opinion on a study, from the probability of each slice or film that was looked at: the median's.

    The highest of a hundred slices are over any limit in nearly every scan; the median asks half of them.
    """
    study = float(np.median(found)) if len(found) else None
    what = "its probability" if len(found) == 1 else "the median of the slices looked at"
    rule = f"Positive when {what} is over {limit:g}."
    return Recognition(target, study, study is not None and study > limit, rule, int((found > limit).sum()))


def second_look(model: Model, images: Images, answers: Answers, notify: Notify) -> Answers:
    """The mean with what the network says of the mirror images.

    A picture in which every map of disease is nearly silent is not shown again: the mean would stay silent.
    """
    again = np.arange(len(images))
    disease = _disease(model) if len(answers) == 1 else []
    if disease:
        again = np.flatnonzero(answers[MASK][:, disease].max(axis=(1, 2, 3)) >= _CLEAR)
    if not len(again):
        return answers
    other = model(np.ascontiguousarray(images[again][..., ::-1]), notify)
    mean = _mean_with_mirrored(model, {name: value[again] for name, value in answers.items()}, other)
    out = {name: value.copy() for name, value in answers.items()}
    for name, value in mean.items():
        out[name][again] = value
    return out


def turned_look(model: Model, images: Images, odd: NDArray[np.bool_], notify: Notify) -> Answers:
    """What the network says of each picture, of the ``odd`` ones by way of their mirror images."""
    shown = images.copy()
    shown[odd] = images[odd][..., ::-1]
    out = {name: value.copy() for name, value in model(shown, notify).items()}
    for head in model.heads:
        if head.kind == "map":
            out[head.name][odd] = out[head.name][odd][..., ::-1]
    return out


def _disease(model: Model) -> list[int]:
    """The channels of a model's map that mark disease."""
    heads = {head.name: head.labels for head in model.heads}
    return [n for n, label in enumerate(heads.get(MASK, ())) if label not in (BACKGROUND, "lung")]


def _mean_with_mirrored(model: Model, answers: Answers, other: Answers) -> Answers:
    kinds = {head.name: head.kind for head in model.heads}
    turned = {name: value[..., ::-1] if kinds[name] == "map" else value for name, value in other.items()}
    return {name: np.asarray((value + turned[name]) / 2, np.float32) for name, value in answers.items()}
