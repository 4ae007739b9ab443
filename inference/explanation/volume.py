"""The heat map of a run: activation maps of its positive slices, at the slices' own resolution."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inference.models.outputs import MASK
from inference.systems import runtime

if TYPE_CHECKING:
    from inference.explanation.activation import Mapping
    from inference.systems.learned import Analysis
    from inference.systems.model import Model

MOST_SLICES = 48
"""Of more positive slices than this only so many, evenly spread, are explained; those between get what lies between."""
_BATCH = 4


def heat_of_mask(
    run: Analysis, model: Model, numbers: Sequence[int], label: str, lesions: NDArray[np.bool_],
    inside: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32] | None:  # fmt: skip
    """Grad-CAM of a map head, scored over the pixels that it marked in each slice."""
    return _heat(run, model, numbers, MASK, label, "grad-cam", lesions, inside)


def heat_of_class(
    run: Analysis, model: Model, numbers: Sequence[int], head: str, label: str, mapping: Mapping = "grad-cam",
    lungs: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32] | None:  # fmt: skip
    """Activation map of a class of whole slices.

    A masked network is shown the ``lungs`` alone, and heat lies nowhere else: the cells of its map are wider than what
    they speak of.
    """
    return _heat(run, model, numbers, head, label, mapping, None, lungs if model.entry.masked else None)


def _heat(
    run: Analysis, model: Model, numbers: Sequence[int], head: str, label: str, mapping: Mapping,
    lesions: NDArray[np.bool_] | None, inside: NDArray[np.bool_] | None,
) -> NDArray[np.float32] | None:  # fmt: skip
    """Heat 0..1 on the canonical grid; None where it is not wanted, nothing is positive, or no gradient can flow."""
    if not run.context.options.explain or not numbers:
        return None
    entry = model.entry
    network = runtime.open_network(entry, model.device)
    if network is None:
        run.warn("no_heat_map", "No heat map: only the quantised form of this network is installed.")
        return None
    import torch

    from inference.explanation.activation import activation_map

    chosen = _thinned(numbers)
    explained: dict[int, NDArray[np.float32]] = {}
    for first in range(0, len(chosen), _BATCH):
        batch = chosen[first : first + _BATCH]
        run.context.progress(first / len(chosen))
        grey = run.stack.images(batch, entry, inside)
        images = torch.from_numpy((grey - entry.mean) / entry.deviation).to(model.device)
        where = None
        if lesions is not None:
            where = torch.from_numpy(run.stack.masked(lesions[batch], entry.size)).to(model.device)
        maps = activation_map(network, images, head, label, mapping=mapping, where=where)
        fine = torch.nn.functional.interpolate(maps[:, None], (entry.size, entry.size), mode="bilinear")
        warm = fine[:, 0].float().cpu().numpy()
        if inside is not None and entry.masked:
            warm *= run.stack.seen(inside[batch], entry)
        explained.update(zip(batch, warm, strict=True))
    out = np.zeros(run.stack.shape, np.float32)
    for k in numbers:
        out[k] = run.stack.place(_between(explained, chosen, k)[None])[0]
    highest = float(out.max())
    return out / highest if highest > 0 else None


def _between(
    explained: dict[int, NDArray[np.float32]], chosen: Sequence[int], number: int
) -> NDArray[np.float32]:  # fmt: skip
    """A slice's own map, or the mean of its explained neighbours', each by its nearness."""
    if number in explained:
        return explained[number]
    after = bisect(chosen, number)
    first, second = chosen[after - 1], chosen[after]
    share = np.float32((number - first) / (second - first))
    return (1 - share) * explained[first] + share * explained[second]


def _thinned(numbers: Sequence[int]) -> list[int]:
    if len(numbers) <= MOST_SLICES:
        return list(numbers)
    return [numbers[int(n)] for n in np.linspace(0, len(numbers) - 1, MOST_SLICES).round()]
