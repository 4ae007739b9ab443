"""Where several learned systems mark infection: one map that counts them, and how far each pair agrees."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from inference.errors import InferenceError
from inference.findings import Agreement, SystemOutput, Warning
from inference.labels import INFECTED
from inference.systems.nested import NestedContext
from inference.systems.registry import RunContext, RunOptions, SystemCard, cards, chosen_weights, create
from inference.volume import LabelMap, Volume

COMBINED = "consensus"
"""It puts the others' networks together, so it has no vote of its own."""
LEAST_DICE = 0.5
"""Two systems that agree less than this, in the mean over all pairs, are a warning."""


def members(config: str = "") -> tuple[tuple[SystemCard, ...], dict[str, str]]:
    """The systems that can take part, and why others cannot.

    Those that only combine others' weights (the consensus) and those made of rules do not take part.
    """
    chosen, left_out = [], {}
    for card in cards():
        if card.kind != "learned" or card.name == COMBINED:
            continue
        missing = [part.name for part in card.parts
                   if part.required and part.modality == "ct" and chosen_weights(part, config) is None]  # fmt: skip
        if missing:
            left_out[card.name] = f"weights missing: {', '.join(missing)}"
        else:
            chosen.append(card)
    return tuple(chosen), left_out


def agree(
    volume: Volume, context: RunContext, known: dict[str, SystemOutput] | None = None,
    on_member: Callable[[str], None] = lambda words: None,
) -> tuple[Agreement | None, tuple[Warning, ...]]:  # fmt: skip
    """Run every member and compare; outputs in ``known`` are not made again. ``on_member`` is told who works.

    A member whose weights are altered, or that cannot take this volume, is left out and named. None with fewer than
    two systems. Raises Cancelled.
    """
    chosen, left_out = members(context.config)
    packed: dict[str, NDArray[np.uint8]] = {}
    percentages: dict[str, float | None] = {}
    marks = np.zeros(volume.array.shape, np.uint8)
    if len(chosen) >= 2:
        for number, card in enumerate(chosen):
            on_member(f"{card.name}, {number + 1} of {len(chosen)}")
            context.progress(number / len(chosen))
            try:
                part = _member(context, number / len(chosen), 1 / len(chosen))
                output = (known or {}).get(card.name) or create(card.name).run(volume, part)
            except InferenceError as error:
                left_out[card.name] = str(error)
                continue
            lung = output.lungs.array > 0
            infected = np.isin(output.lesions.array, INFECTED) & lung
            percentages[card.name] = 100.0 * int(infected.sum()) / int(lung.sum()) if lung.any() else None
            marks += infected
            packed[card.name] = np.packbits(infected)
    if len(packed) < 2:
        text = f"No agreement map: it needs two learned systems with weights, and {len(packed)} can run."
        return None, (Warning("agreement_unavailable", text),)
    dice = {f"{a} / {b}": _dice(packed[a], packed[b]) for a, b in combinations(packed, 2)}
    found = Agreement(
        LabelMap(marks, volume.geometry), tuple(packed), percentages, dice, _shares(marks, len(packed)), left_out
    )
    return found, _warnings(found)


def _member(context: RunContext, start: float, share: float) -> NestedContext:
    """The surroundings of one member: a part of the progress, nothing shown, always segmenting, no heat map."""
    options = RunOptions("ct", segment_anyway=True, explain=False)
    shared: dict[object, object] = getattr(context, "shared", {})
    return NestedContext(
        context.device, context.config, options, lambda done: context.progress(start + share * done), shared=shared
    )


def _dice(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Dice of two packed masks; 1 where both are empty."""
    both = _bits(first) + _bits(second)
    return 2 * _bits(first & second) / both if both else 1.0


def _bits(packed: NDArray[np.uint8]) -> int:
    return int(np.bitwise_count(packed).sum(dtype=np.int64))


def _shares(marks: NDArray[np.uint8], systems: int) -> dict[str, float]:
    counts = np.bincount(marks.ravel(), minlength=systems + 1)[1:]
    total = int(counts.sum())
    parts = {"one": int(counts[0]), "some": int(counts[1:-1].sum()), "all": int(counts[-1])}
    return {name: count / total if total else 0.0 for name, count in parts.items()}


def _warnings(found: Agreement) -> tuple[Warning, ...]:
    said = []
    mean = float(np.mean(list(found.dice.values())))
    if mean < LEAST_DICE:
        text = (
            f"The {len(found.systems)} systems disagree on where the infection is (mean Dice of all pairs {mean:.2f}, "
            f"below {LEAST_DICE:g}): look yourself."
        )
        said.append(Warning("systems_disagree", text))
    if found.left_out:
        said.append(Warning("agreement_incomplete", f"Not part of the agreement map: {', '.join(found.left_out)}."))
    return tuple(said)
