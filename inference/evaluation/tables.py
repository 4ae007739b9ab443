"""Rows as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference.evaluation.summary import Row

_HEAD = ("what", "set", "patients", "pooled Dice", "Dice by patient", "IoU", "mIoU", "accuracy", "sensitivity",
         "specificity", "precision", "MCC", "E-measure", "HD95")  # fmt: skip
_AREA_HEAD = ("what", "set", "patients", "pictures", "AUC", "at Youden's cut-off", "accuracy", "sensitivity",
              "specificity", "precision", "F1", "MCC", "thumbnails' AUC", "shape's AUC")  # fmt: skip


def markdown(rows: Sequence[Row]) -> str:
    """Three tables: masks, recognition of one thing, and confusion of classes; those that have rows."""
    parts = [
        _table(_HEAD, [_mask_cells(row) for row in rows if "pooled" in row["figures"]]),
        _table(_AREA_HEAD, [_area_cells(row) for row in rows if "auc" in row["figures"]]),
        *[_confusion(row) for row in rows if "table" in row["figures"]],
    ]
    return "\n\n".join(part for part in parts if part)


def table(head: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in cells])


def number(value: float | None, digits: int = 3) -> str:
    """A figure, or a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def interval(value: dict[str, float] | None) -> str:
    """A figure with its 95 % interval."""
    return "–" if not value else f"{value['value']:.3f} ({value['low']:.3f}–{value['high']:.3f})"


def _table(head: Sequence[str], cells: list[list[str]]) -> str:
    return table(head, cells) if cells else ""


def _mask_cells(row: Row) -> list[str]:
    found: dict[str, Any] = row["figures"]
    pooled = found["pooled"]
    distance = f"{number(found['hd95'], 1)} {found['hd95_unit']}" if found["hd95"] is not None else "–"
    names = ("iou", "mean_iou", "accuracy", "sensitivity", "specificity", "precision", "mcc")
    return [
        row["what"], row["set"], f"{found['patients']} {row['who']}", interval(found["pooled_dice"]),
        interval(found["mean_dice"]), *(number(pooled[name]) for name in names), number(found["e_measure"]), distance,
    ]  # fmt: skip


def _area_cells(row: Row) -> list[str]:
    found: dict[str, Any] = row["figures"]
    at = found.get("at_half") or found.get("from_one_pixel") or {}
    cut = found.get("youden")
    youden = f"{cut['sensitivity']:.3f} / {cut['specificity']:.3f}" if cut else "–"
    names = ("accuracy", "sensitivity", "specificity", "precision", "f1", "mcc")
    count = found.get("pictures") or found.get("slices")
    beside = found.get("shortcuts", {})
    groups = found["auc"]["n"] if found["auc"] else 0
    return [
        row["what"], row["set"], f"{groups} {row['who']}", str(count), interval(found["auc"]), youden,
        *(number(at.get(name)) for name in names), number(beside.get("thumbnails")), number(beside.get("square")),
    ]  # fmt: skip


def _confusion(row: Row) -> str:
    found = row["figures"]
    head = (f"{row['set']}, {row['who']}: truth below, answer right", *found["classes"])
    cells = [
        [name, *(str(count) for count in line)] for name, line in zip(found["classes"], found["table"], strict=True)
    ]
    text = f"{table(head, cells)}\n\nAccuracy {interval(found['accuracy'])}."
    if alone := found.get("sources_alone"):
        beside = _confusion({**row, "set": "the sources alone", "figures": alone})
        text += f"\n\nAnswering with the commonest class of a picture's source in the other folds:\n\n{beside}"
    return text
