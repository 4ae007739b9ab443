"""A trained part among the weights that are shipped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch

from inference.models.registry import to_record
from inference.systems.shipping import ship, ship_graph
from inference.systems.weights import Entry
from inference.training.checkpoints import Checkpoint
from inference.training.devices import Place
from inference.training.judging import restored
from inference.training.networks import configure
from inference.training.recipes import Recipe
from inference.transforms.rendering import RENDERING_VERSION

_TARGETS = {"covid": "covid_against_other", "pneumonia": "pneumonia_against_normal"}


def export(
    state: Checkpoint, folder: Path, *, name: str = "", bits: Literal[16, 8] = 16, more: Mapping[str, Any] | None = None
) -> Entry:
    """Write a checkpoint's weights in half precision into a folder of weights and list them, hashed, in its manifest.

    Weights that left a fold out are listed under a name of their own, or under ``name``. With ``bits`` 8 kernels are
    stored in 8 bits. ``more`` joins the figures. The entry says whom and which sources the weights
    have seen, the digest of the data, how training went, and the figures on the fold left out, where there is one.
    """
    recipe = state.recipe
    figures = {
        "rows": state.figures.get("rows", []), "fold_left_out": state.fold or None, "sources": list(state.sources),
        "data": state.data, "epochs": len(state.history), "seconds": round(state.seconds),
        "loss": [round(float(entry["loss"]), 5) for entry in state.history],
        **(more or {}),
    }  # fmt: skip
    own = recipe.name + (f"-fold{state.fold}" if state.fold else "")
    entry = Entry(
        name or own, recipe.network, to_record(configure(recipe)), recipe.size, RENDERING_VERSION,
        recipe.channels, mirrored=recipe.mirrored, masked=bool(recipe.lungs_by), target=_target(recipe),
        patients=state.patients, figures=figures, trained_on=trained_on(state),
    )  # fmt: skip
    network = restored(recipe, state.weights, Place(torch.device("cpu")))
    return ship_graph(folder, ship(folder, entry, network, bits), network)


def trained_on(state: Checkpoint) -> str:
    """Sources and number of patients, in words."""
    return f"{', '.join(state.sources)}: {len(state.patients)} patients or what stands for them; research use only"


def _target(recipe: Recipe) -> str:
    return next((target for label, target in _TARGETS.items() if label in recipe.labels), "")
