"""From records to the rows of a table, left-out patients apart from those that training has seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference.evaluation import figures
from inference.evaluation.measures import ALL_SOURCES, CLASSES
from inference.evaluation.records import Record

LEFT_OUT, SEEN = "left out", "seen"
_POSITIVE = ("covid", "pneumonia")
AGAINST = " against the rest"
Row = dict[str, Any]


def rows(found: Sequence[Record]) -> list[Row]:
    """One row for each data set (recognition: each source), thing judged, and kind of patient.

    A row has ``set``, ``what``, ``who`` and ``figures``.
    """
    out: list[Row] = []
    for who in (LEFT_OUT, SEEN):
        mine = [one for one in found if one.seen == (who == SEEN)]
        for name in dict.fromkeys(one.set for one in mine):
            of_set = [one for one in mine if one.set == name]
            out += [{"set": name, "who": who, **row} for row in _set_rows(of_set)]
        out += [{"who": who, **row} for row in _recognition_rows(mine)]
    return out


def _set_rows(found: Sequence[Record]) -> list[Row]:
    labels = dict.fromkeys(label for one in found for label in one.counts)
    out = [{"what": label, "figures": figures.segmentation(found, label)} for label in labels]
    if detected := figures.slices(found):
        out.append({"what": "diseased slices", "figures": detected})
    out += [{"what": f"{name} present", "figures": one} for name, one in figures.manifestations(found).items()]
    return out


def _recognition_rows(found: Sequence[Record]) -> list[Row]:
    """Each source by itself, since the source betrays the class; then the classes over all sources, apart."""
    out: list[Row] = []
    named = [one for one in found if one.classes and one.label is not None]
    for source in dict.fromkeys(one.source for one in named):
        mine = [one for one in named if one.source == source]
        for positive in _POSITIVE:
            if judged := figures.recognition(mine, positive):
                out.append({"set": source, "what": f"{positive}{AGAINST}", "figures": judged})
        if len({one.label for one in mine}) > 1:
            out.append({"set": source, "what": CLASSES, "figures": figures.confusion(mine)})
    if len({one.source for one in named}) > 1:
        out.append({"set": ALL_SOURCES, "what": CLASSES, "figures": figures.confusion(named)})
    return out
