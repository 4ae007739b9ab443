"""Checkpoints: everything that training needs to go on, elsewhere too, in one file that is whole or not there."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from inference.errors import SeriesError
from inference.software import version
from inference.training.recipes import Recipe, from_record, to_record

FORMAT = 1


@dataclass
class Checkpoint:
    """State after ``step`` steps of ``epoch``.

    ``patients`` are those that training, watching or an earlier part has seen, ``sources`` the sets they come from;
    ``fold`` is the one left out, or ``""``. ``history`` has one entry for each
    epoch, ``figures`` are those on the fold left out once training has ``finished``. ``best`` is the state of the
    average that early stopping would ship.
    """

    recipe: Recipe
    fold: str
    data: dict[str, str]
    patients: tuple[str, ...]
    sources: tuple[str, ...] = ()
    epoch: int = 0
    step: int = 0
    network: dict[str, Tensor] = field(default_factory=dict)
    average: dict[str, Tensor] = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)
    scaler: dict[str, Any] = field(default_factory=dict)
    random: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0.0
    finished: bool = False

    @property
    def weights(self) -> dict[str, Tensor]:
        """What is evaluated and shipped: the best average where early stopping chose one, else the last."""
        return self.best or self.average


def place(out: Path, recipe: Recipe, fold: str | None) -> Path:
    """Where the checkpoint of a part is kept."""
    return out / f"{recipe.name}-{'all' if fold is None else f'fold{fold}'}.pt"


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write beside, then rename: a kill leaves the last whole checkpoint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {name: getattr(checkpoint, name) for name in _TENSORS}
    record = {name: getattr(checkpoint, name) for name in _PLAIN}
    record |= {"format": FORMAT, "software": version(), "recipe": to_record(checkpoint.recipe)}
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    torch.save({"record": json.dumps(record), **plain}, beside)
    beside.replace(path)


def load(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in it is executed. Raises SeriesError for any other file."""
    try:
        plain = torch.load(path, map_location="cpu", weights_only=True)
        record = json.loads(plain["record"])
        if record["format"] != FORMAT:
            raise KeyError("format")
    except FileNotFoundError:
        raise SeriesError(f"There is no checkpoint {path}.") from None
    except Exception as error:  # whatever a damaged file makes torch raise
        raise SeriesError(f"The file {path} is no whole checkpoint of this version.") from error
    values = {name: record[name] for name in _PLAIN}
    values |= {name: tuple(values[name]) for name in ("patients", "sources")}
    return Checkpoint(recipe=from_record(record["recipe"]), **values, **{name: plain[name] for name in _TENSORS})


_TENSORS = ("network", "average", "optimiser", "scaler", "random", "best")
_PLAIN = (
    "fold", "data", "patients", "sources", "epoch", "step", "history", "figures", "seconds", "finished",
)  # fmt: skip
