"""A trained network in 8 bits, and what that costs on patients whom neither training nor calibration has seen.

Two forms: an OpenVINO network that computes in 8 bits (post-training quantisation, calibrated on training pictures),
and kernels merely stored in 8 bits, half as large and computed as before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.models.network import Network
from inference.systems.graphs import narrowed, stored_tensors
from inference.systems.shipping import convert
from inference.training.batches import DEVIATION, MEAN, Pool
from inference.training.datasets.sample import is_of
from inference.training.devices import Place
from inference.training.judging import Judged, Predict, judge, predictor, restored
from inference.training.planes import LUNG
from inference.training.recipes import Recipe

LIMIT = 0.003
"""What quantisation may cost: Dice of any label, or share of pictures put in the right class."""
CALIBRATION = 128
"""Training pictures, evenly drawn, on which the ranges of the 8 bits are found."""
CLASSES = "classes"
_EXACT = r".*\.steady/.*"
"""What measures noise and takes medians: no weights to quantise, and a threshold to keep."""


@dataclass(frozen=True)
class Compared:
    """One label, or the classes of whole pictures, in both forms.

    Dice pooled over pixels and as the mean by patient; for classes the share of pictures that are right, twice.
    """

    label: str
    plain: float
    quantised: float
    plain_by_patient: float
    quantised_by_patient: float
    patients: int
    pictures: int

    @property
    def lost(self) -> float:
        """What quantisation costs, by the statistic that it costs more."""
        return max(self.plain - self.quantised, self.plain_by_patient - self.quantised_by_patient)


class FullPrecision(Place):
    """A place that computes in float32 even where half precision is faster: what others are compared with."""

    @property
    def half(self) -> None:
        """None."""
        return


def quantised(network: Network, recipe: Recipe, training: Pool) -> Any:
    """The network as an OpenVINO model in 8 bits, calibrated on pictures of a pool, which holds training alone."""
    import nncf

    pictures = _images(recipe, training, thinned(len(training), CALIBRATION))
    model = convert(network, recipe.size, len(recipe.channels))
    heads = model.get_rt_info(["groundglass", "heads"]).value
    exact = nncf.IgnoredScope(patterns=[_EXACT], validate=False)
    out = nncf.quantize(
        model, nncf.Dataset(pictures), subset_size=len(pictures), fast_bias_correction=True, ignored_scope=exact
    )
    out.set_rt_info(heads, ["groundglass", "heads"])
    return out


def with_short_kernels(recipe: Recipe, weights: dict[str, Tensor], place: Place) -> Network:
    """The network with its kernels as they are when 8 bits hold them."""
    from safetensors.numpy import save

    own = restored(recipe, weights, place).state_dict()
    kept = stored_tensors(save(narrowed({name: value.cpu().numpy() for name, value in own.items()}, 8)))
    return restored(recipe, {name: torch.from_numpy(value) for name, value in kept.items()}, place)


def on_openvino(model: Any, network: Network, mirrored: bool) -> Predict:
    """Probabilities of every head as OpenVINO computes them, averaged with the mirror image where ``mirrored``."""
    import openvino

    compiled = openvino.Core().compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    names = [head.name for head in network.heads if not head.auxiliary]
    maps = {head.name for head in network.heads if head.kind == "map"}

    def ask(images: Tensor) -> dict[str, Tensor]:
        said = compiled(np.ascontiguousarray(images.numpy()))
        return network.probabilities({name: torch.from_numpy(np.array(said[n])) for n, name in enumerate(names)})

    def predict(images: Tensor) -> dict[str, Tensor]:
        found = ask(images)
        if not mirrored:
            return found
        other = ask(images.flip(3))
        return {
            name: (value + (other[name].flip(3) if name in maps else other[name])) / 2 for name, value in found.items()
        }

    return predict


def on_torch(network: Network, place: Place, mirrored: bool) -> Predict:
    """Probabilities of every head that is no auxiliary one, as torch computes them in full precision."""
    said = predictor(network, place, mirrored)
    names = {head.name for head in network.heads if not head.auxiliary}
    return lambda images: {name: value for name, value in said(images).items() if name in names}


def compare(
    network: Network, recipe: Recipe, left_out: Pool, plain: Predict, other: Predict, most: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> list[Compared]:  # fmt: skip
    """Both forms on the same pictures of patients left out (``most`` of them, evenly drawn; 0: all)."""
    numbers = thinned(len(left_out), most or len(left_out))
    keep = np.zeros(len(left_out), bool)
    keep[numbers] = True
    shown = left_out.kept(keep)
    tallies = _Tally(shown), _Tally(shown)
    both = [judge(network.heads, form, shown, recipe.masked) for form in (plain, other)]
    for n, pair in enumerate(zip(*both, strict=True)):
        progress(n / len(shown))
        for tally, one in zip(tallies, pair, strict=True):
            tally.add(one)
    first, second = (tally.figures() for tally in tallies)
    out = []
    for label, (pooled, by_patient, patients, pictures) in first.items():
        own = second[label]
        out.append(Compared(label, pooled, own[0], by_patient, own[1], patients, pictures))
    return out


def thinned(count: int, most: int) -> list[int]:
    """Up to ``most`` of so many numbers, evenly spread."""
    return sorted({int(n) for n in np.linspace(0, count - 1, min(count, most)).round()}) if count else []


class _Tally:
    """Sums over pictures, for each label and patient: twice the overlap, and both areas."""

    def __init__(self, source: Pool) -> None:
        self._source = source
        self._areas: dict[str, dict[str, NDArray[np.float64]]] = {}
        self._pictures: dict[str, int] = {}
        self._right: list[tuple[str, bool]] = []

    def add(self, one: Judged) -> None:
        row = self._source.row(one.number)
        for n, label in enumerate(one.labels):
            weight = one.weight[n]
            if not one.known[n]:
                continue
            found, truth = (one.probabilities[n] > 0.5) & weight, one.truth[n] & weight
            sums = self._areas.setdefault(label, {}).setdefault(row.patient, np.zeros(2))
            sums += (2.0 * (found & truth).sum(), found.sum() + truth.sum())
            self._pictures[label] = self._pictures.get(label, 0) + 1
        if one.classes and any(is_of(row.label, name) for name in one.classes):
            best = max(one.classes.items(), key=lambda said: said[1])[0]
            self._right.append((row.patient, is_of(row.label, best)))

    def figures(self) -> dict[str, tuple[float, float, int, int]]:
        """Pooled, by patient, patients, pictures; patients without anything to find or found are not counted."""
        out: dict[str, tuple[float, float, int, int]] = {}
        for label, by_patient in self._areas.items():
            marked = [sums for sums in by_patient.values() if sums[1] > 0]
            if not marked:
                continue
            total = np.sum(marked, axis=0)
            own = [float(sums[0] / sums[1]) for sums in marked]
            out[label] = float(total[0] / total[1]), float(np.mean(own)), len(marked), self._pictures[label]
        if self._right:
            share = float(np.mean([right for _, right in self._right]))
            out[CLASSES] = share, share, len({name for name, _ in self._right}), len(self._right)
        return out


def _images(recipe: Recipe, source: Pool, numbers: Sequence[int]) -> list[NDArray[np.float32]]:
    out = []
    for n in numbers:
        image, planes = source.picture(n)
        if recipe.masked:
            image = image * planes[LUNG]
        out.append(((image[None].astype(np.float32) / 255.0 - MEAN) / DEVIATION).astype(np.float32))
    return out
