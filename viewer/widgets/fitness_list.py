"""FITNESS: what was checked of the geometry, and what was found against it."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from inference.io.verdict_table import CHECKS
from inference.verdict import Colour, Verdict
from viewer.widgets.figure_label import Section, text_label

_SIGNS = {Colour.AMBER: ("!", "amber"), Colour.RED: ("✕", "red"), Colour.GREEN: ("✓", "small")}


class FitnessList(Section):
    """A row for each reason, worst first, then each check that holds; the heading counts them."""

    def __init__(self) -> None:
        super().__init__("FITNESS")
        self.hide()
        self._holder: QWidget | None = None
        self._verdict: Verdict | None = None
        self.rows: list[tuple[str, str]] = []
        """Sign and text of each row on show."""

    def set_verdict(self, verdict: Verdict | None) -> None:
        """Show a verdict's rows."""
        if verdict is self._verdict:
            return
        self._verdict = verdict
        self.setVisible(verdict is not None)
        if self._holder is not None:
            self.body.removeWidget(self._holder)
            self._holder.hide()
            self._holder.deleteLater()
            self._holder = None
        if verdict is None:
            self.rows = []
            return
        self._holder = QWidget()
        grid = QGridLayout(self._holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        against = [(reason.colour, first_up(reason.text), reason.help) for reason in verdict.reasons]
        passed = [(Colour.GREEN, CHECKS.get(check, check), "") for check in verdict.checks_passed]
        self.rows = []
        for row, (colour, text, help_text) in enumerate([*against, *passed]):
            sign, role = _SIGNS[colour]
            mark = QLabel(sign)
            mark.setProperty("role", role)
            line = text_label(text, "small")
            line.setToolTip(help_text)
            grid.addWidget(mark, row, 0)
            grid.addWidget(line, row, 1)
            self.rows.append((sign, text))
        self.body.addWidget(self._holder)
        signs = [sign for sign, _ in self.rows]
        counts = (f"{sign} {signs.count(sign)}" for sign in ("✓", "!", "✕") if sign in signs)
        self.set_title("   ".join(("FITNESS", *counts)))


def first_up(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]
