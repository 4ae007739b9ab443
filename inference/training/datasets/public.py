"""What the adapters of public sets share: finding them, and placing their patients in folds."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from inference.training.datasets.files import table
from inference.training.datasets.sample import hashed_fold

FOLDS = "folds.csv"


def holder(data: Path, names: Iterable[str]) -> Path | None:
    """``data`` or the folder directly inside it that holds all of ``names``."""
    wanted = tuple(names)
    for folder in (data, *sorted(one for one in data.iterdir() if one.is_dir())):
        if all((folder / name).exists() for name in wanted):
            return folder
    return None


def fold_of(patient: str, folder: Path) -> str:
    """The patient's fold: as a ``folds.csv`` in the folder or beside it says, else by the patient's name."""
    listed = _listed(folder).get(patient) or _listed(folder.parent).get(patient)
    return listed or hashed_fold(patient)


@lru_cache(maxsize=16)
def _listed(folder: Path) -> dict[str, str]:
    path = folder / FOLDS
    return {row["patient"]: row["fold"] for row in table(path)} if path.is_file() else {}
