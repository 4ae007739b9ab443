"""Records of finished folds, kept beside the page of results: it can be made again where their checkpoints are not.

One file a part, ``NAME.json.gz``, holds what its networks said of every picture of the folds that they left out. So
folds that were trained one after another, on different machines, come together to a cross-validation.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.errors import SeriesError
from inference.evaluation.records import Record, from_json, to_json

_FORMAT = 1


@dataclass(frozen=True)
class Fold:
    """A finished fold: which, how long it was trained, how many patients (or what stands for them) it has seen."""

    fold: str
    epochs: int
    seconds: float
    patients: int
    records: tuple[Record, ...]


def load(folder: Path, part: str) -> tuple[Fold, ...]:
    """The kept folds of a part in order; none without a file. Raises SeriesError for a damaged one."""
    place = _place(folder, part)
    if not place.is_file():
        return ()
    try:
        kept = json.loads(gzip.decompress(place.read_bytes()))
        if kept["format"] != _FORMAT:
            raise KeyError("format")
        return tuple(_from_json(one) for one in kept["folds"])
    except (OSError, EOFError, KeyError, TypeError, ValueError) as error:
        raise SeriesError(f"The kept records {place.name} are damaged; take the file from the repository.") from error


def merged(kept: Iterable[Fold], made: Iterable[Fold]) -> tuple[Fold, ...]:
    """Both, sorted; a fold that was made now takes the place of the one that was kept."""
    by_fold = {one.fold: one for one in (*kept, *made)}
    return tuple(by_fold[name] for name in sorted(by_fold))


def save(folder: Path, part: str, folds: Sequence[Fold]) -> None:
    """Write beside, then rename. The same records give the same bytes."""
    place = _place(folder, part)
    place.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format": _FORMAT, "folds": [_to_json(one) for one in folds]}, separators=(",", ":"))
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    beside.write_bytes(gzip.compress(text.encode(), mtime=0))
    beside.replace(place)


def _place(folder: Path, part: str) -> Path:
    return folder / f"{part}.json.gz"


def _to_json(one: Fold) -> dict[str, Any]:
    """Without what is as a record has it anyway."""
    plain = to_json(Record("", "", "", "", ""))
    records = [
        {name: _short(value) for name, value in to_json(record).items() if value != plain[name]}
        for record in one.records
    ]
    return {"fold": one.fold, "epochs": one.epochs, "seconds": round(one.seconds), "patients": one.patients,
            "records": records}  # fmt: skip


def _from_json(values: dict[str, Any]) -> Fold:
    records = tuple(from_json({"set": "", "item": "", "source": "", "patient": "", "fold": "", **one})
                    for one in values["records"])  # fmt: skip
    return Fold(values["fold"], values["epochs"], values["seconds"], values["patients"], records)


def _short(value: Any) -> Any:
    """Six digits are more than any figure shows."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {name: _short(one) for name, one in value.items()}
    return value
