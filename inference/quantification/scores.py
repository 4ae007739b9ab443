"""Scores that add up regions: CT severity score /25 and total severity score /20 over lobes, zone score /24."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping

LOBES = ("right upper", "right middle", "right lower", "left upper", "left lower")
"""Lobe codes 1..5 of a lobe map, in this order."""


def quarter_score(percentage: float) -> int:
    """0 none, 1 (0, 25], 2 (25, 50], 3 (50, 75], 4 (75, 100]: a lobe of the /20 score, or a zone of the /24."""
    return 0 if percentage <= 0 else 1 + bisect_left((25, 50, 75), percentage)


def severity_score(percentage: float) -> int:
    """0 none, 1 (0, 5), 2 [5, 25], 3 (25, 50], 4 (50, 75], 5 (75, 100]: a lobe of the /25 score."""
    if percentage <= 0:
        return 0
    return 1 if percentage < 5 else 2 + bisect_left((25, 50, 75), percentage)


def ct_severity_score(lobes: Mapping[str, float | None]) -> int | None:
    """The /25 score from the percentage of each of the five lobes; None unless every lobe holds lung."""
    return _total(severity_score(p) if p is not None else None for p in (lobes.get(name) for name in LOBES))


def total_severity_score(lobes: Mapping[str, float | None]) -> int | None:
    """The /20 score from the percentage of each of the five lobes; None unless every lobe holds lung."""
    return _total(quarter_score(p) if p is not None else None for p in (lobes.get(name) for name in LOBES))


def _total(scores: Iterable[int | None]) -> int | None:
    found = list(scores)
    return None if None in found else sum(score for score in found if score is not None)
