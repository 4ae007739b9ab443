"""The tables of the complete CTs that were scored: on the page of results, from their log."""

from __future__ import annotations

from collections.abc import Sequence

from inference.evaluation import scored
from inference.evaluation.tables import table

HU_AIMS = (
    ("AUC over slices", "covid-P001", 0.95, True), ("mean per cent of a slice", "normal-001", 0.5, False),
)  # fmt: skip
"""Figure, case, bound, and whether it is a least or a most."""


def true_hu(lines: Sequence[scored.Scored]) -> str:
    """The last figures of each system on each case, densitometry beside."""
    last = {(one.case, one.figure, one.system): one for one in lines}
    ordered = sorted(last.values(), key=lambda one: (one.case, one.figure, one.system))
    head = ("case", "figure", "system", "value", "95 %", "release", "note")
    text = table(head, [
        [one.case, one.figure, one.system, one.value, _spread(one), one.release, one.note]
        for one in ordered
    ])  # fmt: skip
    return (
        "Per cent of lung infected per slice, over slices that hold lung, through the path of `groundglass analyse`; "
        "intervals over runs of ten slices. `cap-001` is for development, and its zeros mean unknown: its AUC is no "
        f"measure of anything but change.\n\n{text}"
    )


def log_table(lines: Sequence[scored.Scored]) -> str:
    """The log as it is kept in ``docs/scored.csv``."""
    head = ("release", "date", "case", "system", "figure", "value", "95 %", "command", "note")
    return table(head, [
        [one.release, one.date, one.case, one.system, one.figure, one.value,
         _spread(one), f"`{one.command}`", one.note]
        for one in lines if one.case in scored.TEST_CASES
    ])  # fmt: skip


def aim_cells(lines: Sequence[scored.Scored], figure: str, case: str, bound: float, least: bool) -> list[str]:
    """The row of an aim on a scored case: the last figure of the default, met or missed."""
    mine = [one for one in lines if (one.system, one.case, one.figure) == ("consensus", case, figure)]
    wanted = f"{'≥' if least else '<'} {bound:g}"
    if not mine:
        return [f"{case}, {figure}", "consensus", wanted, "–", "–", "1, –", "not scored"]
    last = mine[-1]
    met = float(last.value) >= bound if least else float(last.value) < bound
    return [f"{case}, {figure}", "consensus", wanted, last.value, _spread(last), "1, –", "met" if met else "missed"]


def _spread(one: scored.Scored) -> str:
    return f"{one.low}–{one.high}" if one.low else "–"
