"""What the papers print of their own systems."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

PAPERS = {
    "specialised-streams": 1, "covid-mtnet": 2, "multitask": 3, "cascade-severity": 4, "jcs": 5,
}  # fmt: skip
"""The paper that a system is built after."""


@dataclass(frozen=True)
class Published:
    """One printed figure: the part of ours that it is the counterpart of, where it stands, and why ours differs."""

    part: str
    set: str
    what: str
    measure: str
    value: float
    where: str
    differs: str


@cache
def published() -> tuple[Published, ...]:
    """All of them."""
    text = files("resources").joinpath("data", "published_figures.json").read_text(encoding="utf-8")
    return tuple(Published(**one) for one in json.loads(text)["figures"])


def of_part(part: str) -> list[Published]:
    """Those of one part."""
    return [one for one in published() if one.part == part]
