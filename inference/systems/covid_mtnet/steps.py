"""Paper 2's intermediate pictures of one slice or X-ray, as its figures 12 and 15 show them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.models.outputs import MASK
from inference.systems.answers import labels_of
from inference.systems.covid_mtnet.config import MtnetSettings
from inference.systems.covid_mtnet.postprocess import Steps, steps
from inference.systems.learned import Analysis
from inference.systems.modality import is_xray
from inference.systems.model import Model
from inference.systems.registry import COVID_MTNET, RunContext
from inference.volume import Volume

Rgb = NDArray[np.uint8]
NAMES = ("1-input", "2-lung", "3-refined", "4-chest", "5-thresholded", "6-heat", "7-result")
_INFECTED, _OUTLINE = (225, 60, 50), (90, 200, 255)


def picture_steps(volume: Volume, context: RunContext, settings: MtnetSettings | None = None) -> dict[str, Rgb]:
    """Every step of a single picture, RGB (rows, columns, 3) at the network's size, by the names in ``NAMES``.

    The result is the trained network's where one was trained for lesions, else that of the threshold.
    Raises InputShapeError, WeightsMissing, Cancelled.
    """
    rules = settings or MtnetSettings.paper()
    run = Analysis(COVID_MTNET, volume, context, xray=is_xray(volume, context.options.modality))
    lungs = run.model("xray_lungs" if run.xray else "lungs")
    trained = run.optional("xray_lesions" if run.xray else "lesions")
    grey = run.stack.images([0], lungs.entry)[0, 0]
    found = steps(grey, _map(run, lungs, "lung") > lungs.entry.threshold, rules)
    infected = found.infected
    if trained is not None:
        marked = _map(run, trained, "lesion") > rules.probability
        infected = _of_size(marked, grey.shape) & found.refined
    return _drawn(found, _rgb(grey), infected)


def _map(run: Analysis, model: Model, label: str) -> NDArray[np.float32]:
    """The probabilities of one label in the first picture, at the network's size."""
    maps: list[NDArray[np.float32]] = []
    channel = labels_of(model, MASK).index(label)
    run.ask(model, [0], lambda batch, answers: maps.append(answers[MASK][0, channel]))
    return maps[0]


def _of_size(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if mask.shape == shape:
        return mask
    return np.asarray(cv2.resize(mask.astype(np.uint8), (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST) > 0)


def _drawn(found: Steps, picture: Rgb, infected: NDArray[np.bool_]) -> dict[str, Rgb]:
    heat = (0.35 * picture).astype(np.uint8)
    heat[..., 0] = np.maximum(heat[..., 0], np.rint(255 * found.heat))
    heat[..., 1] = np.maximum(heat[..., 1], np.rint(255 * found.heat**2))
    result = picture.copy()
    result[infected] = (0.45 * picture[infected] + 0.55 * np.array(_INFECTED)).astype(np.uint8)
    result[_edge(found.refined)] = _OUTLINE
    pictures = picture, _rgb(found.lung), _rgb(found.refined), _rgb(found.chest), _rgb(found.infected), heat, result
    return dict(zip(NAMES, pictures, strict=True))


def _edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    inner = mask.copy()
    inner[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return mask & ~inner


def _rgb(picture: NDArray[np.floating] | NDArray[np.bool_]) -> Rgb:
    grey = np.rint(255 * np.clip(np.asarray(picture, np.float32), 0, 1)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)
