"""``groundglass quantise``: ships trained networks, in 8 bits where that costs next to nothing on patients left out."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from inference.commands.console import Console, say
from inference.commands.stopping import stoppable
from inference.errors import InferenceError, SeriesError
from inference.training.recipe_book import recipes
from inference.training.recipes import Recipe


class QuantisingError(InferenceError):
    """A network cannot be quantised as asked."""


def run(options: argparse.Namespace) -> int:
    """Measure and ship every part asked for; returns the exit code."""
    chosen = [one for one in recipes(options.system, options.config) if options.part in (None, one.part)]
    if not chosen:
        raise SeriesError(f"{options.system} has no part {options.part}.")
    console = Console()
    with stoppable():
        for recipe in chosen:
            _part(recipe, options, console)
    return 0


def _part(recipe: Recipe, options: argparse.Namespace, console: Console) -> None:
    from inference.training import checkpoints
    from inference.training.data import packs, split
    from inference.training.export import export
    from inference.training.quantise import LIMIT

    runs = options.runs or options.data / "training"
    judged = _finished(checkpoints.place(runs, recipe, options.fold))
    if judged is None:
        raise QuantisingError(
            f"{recipe.name} needs a finished training with fold {options.fold} left out, to judge by."
        )
    shipped = _finished(checkpoints.place(runs, recipe, None)) or judged
    packed = packs(judged.recipe, options.data, options.cache or runs / "cache")
    divided = split(judged.recipe, packed, judged.fold)
    made, found = _measured(judged, divided, options, console)
    fits = bool(found) and all(one.lost <= LIMIT for one in found)
    say(_text(recipe, options, found, fits))
    figures = {"form": options.form, "shipped": fits, "limit": LIMIT, "rows": [asdict(one) for one in found]}
    entry = export(shipped, options.out, name=recipe.name, bits=8 if fits and options.form == "kernels" else 16,
                   more={"quantised": figures})  # fmt: skip
    if fits and options.form == "int8":
        if shipped is not judged:
            made = _again(shipped, split(shipped.recipe, packed, None).training)
        from inference.systems.shipping import serialised, ship_openvino

        entry = ship_openvino(options.out, entry, *serialised(made))
    size = sum((options.out / file.name).stat().st_size for file in entry.files)
    say(f"{entry.name}: {', '.join(file.name for file in entry.files)}; {size / 1e6:.2f} MB")


def _measured(judged: Any, divided: Any, options: argparse.Namespace, console: Console) -> tuple[Any, list[Any]]:
    """The quantised form of a network, and how both do on the patients that it left out."""
    import torch

    from inference.training import quantise
    from inference.training.judging import restored

    recipe, place = judged.recipe, quantise.FullPrecision(torch.device("cpu"))
    network = restored(recipe, judged.weights, place)
    plain = quantise.on_torch(network, place, recipe.mirrored)
    made: Any = None
    if options.form == "int8":
        made = quantise.quantised(network, recipe, divided.training)
        other = quantise.on_openvino(made, network, recipe.mirrored)
    else:
        other = quantise.on_torch(quantise.with_short_kernels(recipe, judged.weights, place), place, recipe.mirrored)
    found = quantise.compare(
        network, recipe, divided.left_out, plain, other, options.pictures,
        lambda share: console.progress(f"{recipe.name} on patients left out", share),
    )  # fmt: skip
    console.clear()
    return made, found


def _again(state: Any, training: Any) -> Any:
    import torch

    from inference.training.judging import restored
    from inference.training.quantise import FullPrecision, quantised

    return quantised(restored(state.recipe, state.weights, FullPrecision(torch.device("cpu"))), state.recipe, training)


def _finished(path: Any) -> Any:
    from inference.training import checkpoints

    state = checkpoints.load(path) if path.is_file() else None
    return state if state is not None and state.finished else None


def _text(recipe: Recipe, options: argparse.Namespace, found: list[Any], fits: bool) -> str:
    from inference.training.quantise import LIMIT

    head = f"{recipe.name}, {options.form}, fold {options.fold} left out (Dice; for classes the share that is right)"
    table = ["| | fp32 pooled | 8 bits | fp32 by patient | 8 bits | patients | pictures |",
             "|---|---:|---:|---:|---:|---:|---:|"]  # fmt: skip
    table += [
        f"| {one.label} | {one.plain:.4f} | {one.quantised:.4f} | {one.plain_by_patient:.4f} "
        f"| {one.quantised_by_patient:.4f} | {one.patients} | {one.pictures} |"
        for one in found
    ]
    worst = max((one.lost for one in found), default=0.0)
    if not found:
        verdict = "nothing to judge by on these patients: not shipped in 8 bits"
    else:
        verdict = f"costs {worst:.4f} at most, limit {LIMIT:g}: {'shipped' if fits else 'not shipped in 8 bits'}"
    return "\n".join([head, "", *table, "", verdict])
