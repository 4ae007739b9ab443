"""Putting a verdict together: reasons by the codes of their rows, and the checks that hold."""

from __future__ import annotations

import re
from collections.abc import Iterable

from inference.io.verdict_table import CHECKS, ROWS
from inference.verdict import Reason, Verdict


def because(code: str, text: str, *, provisional: bool = False) -> Reason:
    """The reason of the row with that code, in words for this series."""
    row = ROWS[code]
    return Reason(code, row.colour, text, row.help, provisional)


def concluded(verdict: Verdict, reasons: Iterable[Reason], judged: Iterable[str]) -> Verdict:
    """``verdict`` with further reasons, and with those of the judged checks that no reason fails."""
    merged = verdict.with_reasons(reasons)
    failed = {ROWS[reason.code].check for reason in merged.reasons if reason.code in ROWS}
    held = {*verdict.checks_passed, *judged} - failed
    return Verdict(merged.reasons, tuple(check for check in CHECKS if check in held))


def counted(number: int, noun: str) -> str:
    """A number and its noun, in the plural where it must be."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def plain(text: str) -> str:
    """Header text made safe for a sentence: short, printable."""
    return re.sub(r"[^\w .,'\[\]/()-]+", " ", text).strip()[:60]
