"""Which pictures of a data set a recipe takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Use:
    """All pictures of a set, or those with lesion, without any, with a label, or with something drawn or classified.

    ``share`` of them is drawn in an epoch: 0.5 is half of them by chance, 2 is each of them twice.
    ``source`` keeps one source only.
    """

    name: str
    only: Literal["", "lesion", "no lesion", "labelled", "lung drawn", "lesion known", "classes"] = ""
    share: float = 1.0
    source: str = ""
