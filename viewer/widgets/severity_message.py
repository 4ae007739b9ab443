"""What the severity panel says while it has no figures: nothing open, not analysed, analysing, refused."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from inference.report.wording import millilitres, percent
from inference.verdict import Verdict
from viewer.operations.preliminary import Preliminary
from viewer.widgets.figure_label import FigureGrid, text_label
from viewer.widgets.fitness_list import FitnessList, first_up


class SeverityMessage(QWidget):
    """A few words, the first rough figures while a system runs, or why nothing is measured and what would help."""

    def __init__(self) -> None:
        super().__init__()
        self.title = text_label("", "red")
        self.text = text_label("", "small")
        self.rough = FigureGrid([""])
        self.fitness = FitnessList()
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        for widget in (self.title, self.text, self.rough, self.fitness):
            column.addWidget(widget)
        column.addStretch(1)
        self.say("", "")

    def say(self, title: str, text: str, verdict: Verdict | None = None) -> None:
        """Show a title and a sentence, and what is already known of the geometry."""
        self._head(title, "heading")
        self.text.setText(text)
        self.rough.hide()
        self.fitness.set_verdict(verdict)

    def analysing(self, so_far: Preliminary | None) -> None:
        """Show the figures as they come."""
        self._head("Analysing", "heading")
        self.text.setText("The lungs come first, then the opacities. Figures so far, not final:")
        self.fitness.set_verdict(None)
        self.rough.show()
        if so_far is None:
            self.text.setText("The lungs come first, then the opacities.")
            self.rough.set_rows([])
            return
        known = (("Right lung", so_far.right_ml), ("Left lung", so_far.left_ml), ("Lungs", so_far.lung_ml))
        rows = [(name, f"≈ {millilitres(value)}") for name, value in known if value is not None]
        if so_far.percent is not None:
            rows.append(("Infected", f"≈ {percent(so_far.percent)}"))
        self.rough.set_rows([(name, [(text, None)]) for name, text in rows])

    def refuse(self, verdict: Verdict) -> None:
        """Say why nothing is measured, and what would help."""
        self._head("Not measured", "red")
        worst = [reason for reason in verdict.reasons if reason.colour == verdict.colour]
        lines = []
        for reason in worst:
            lines.append(f"✕ {first_up(reason.text)}.")
            if reason.help:
                lines.append(f"What would help: {reason.help}")
            lines.append("")
        lines.append("The images can still be read.")
        self.text.setText("\n".join(lines))
        self.rough.hide()
        self.fitness.set_verdict(verdict)

    def _head(self, title: str, role: str) -> None:
        self.title.setText(title)
        if self.title.property("role") != role:
            self.title.setProperty("role", role)
            self.title.style().unpolish(self.title)
            self.title.style().polish(self.title)
