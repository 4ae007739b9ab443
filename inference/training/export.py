"""Weights to ship: safetensors in half precision, hashed, with what a model card must say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from inference.errors import WeightsMissing
from inference.evaluation.summary import rows
from inference.software import version
from inference.training.checkpoints import Checkpoint
from inference.training.recipes import Recipe, from_record, to_record
from inference.transforms.rendering import RENDERING_VERSION

_RECIPE, _PATIENTS, _SOURCES = "recipe", "patients", "sources"


@dataclass(frozen=True, eq=False)
class Trained:
    """Weights with whom and what they have seen."""

    recipe: Recipe
    weights: dict[str, Tensor]
    patients: tuple[str, ...]
    sources: tuple[str, ...]


def export(state: Checkpoint, folder: Path) -> tuple[Path, Path]:
    """Write ``<name>.safetensors`` and ``<name>.json``, its card, into ``folder``; returns both.

    Floating-point weights are stored as fp16; the card has their SHA-256, the recipe, the patients and sources that
    the weights have seen, how the training went, and the figures on the fold left out, where there is one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = state.recipe.name if not state.fold else f"{state.recipe.name}-fold{state.fold}"
    tensors = {key: _half(value) for key, value in state.weights.items()}
    metadata = {_RECIPE: json.dumps(to_record(state.recipe)), _PATIENTS: json.dumps(list(state.patients))}
    metadata[_SOURCES] = json.dumps(list(state.sources))
    content = save(tensors, metadata)
    card = _card(state, content)
    weights, beside = folder / f"{name}.safetensors", folder / f"{name}.json"
    _whole(weights, content)
    _whole(beside, (json.dumps(card, indent=1) + "\n").encode())
    return weights, beside


def read(path: Path) -> Trained:
    """What :func:`export` wrote. Raises WeightsMissing for any other file."""
    try:
        with safe_open(str(path), framework="pt") as stored:
            metadata = stored.metadata()
            weights = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        patients, sources = (tuple(json.loads(metadata[name])) for name in (_PATIENTS, _SOURCES))
        return Trained(from_record(json.loads(metadata[_RECIPE])), weights, patients, sources)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise WeightsMissing(f"The weights {path.name} are missing or not those that were trained here.") from error


def _card(state: Checkpoint, content: bytes) -> dict[str, Any]:
    found = state.figures.get("rows") or rows([])
    return {
        "system": state.recipe.system, "part": state.recipe.part, "config": state.recipe.variant,
        "sha256": sha256(content).hexdigest(), "bytes": len(content), "software": version(),
        "rendering": RENDERING_VERSION, "network": state.recipe.network, "settings": state.recipe.settings,
        "input": {"size": state.recipe.size, "channels": state.recipe.channels, "masked": state.recipe.masked},
        "labels": state.recipe.labels, "fold_left_out": state.fold or None, "patients": state.patients,
        "sources": state.sources, "data": state.data, "epochs": len(state.history),
        "loss": [round(entry["loss"], 5) for entry in state.history], "seconds": round(state.seconds),
        "recipe": to_record(state.recipe), "figures": found,
        "licence": "Research use only: some of the sources are non-commercial or state no licence.",
    }  # fmt: skip


def _half(value: Tensor) -> Tensor:
    return (value.to(torch.float16) if value.dtype.is_floating_point else value).contiguous()


def _whole(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(content)
    beside.replace(path)
