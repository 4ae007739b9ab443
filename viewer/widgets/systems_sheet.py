"""Every system with its state in a sentence, what it was trained on and what it cannot do."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from inference.software import NOTICE
from viewer.operations.analysing import SystemChoice

_GOOD, _BAD, _DIM = "#8fce9b", "#e8b33a", "#a0a0a0"


class SystemsSheet(QDialog):
    """Stays open beside the images."""

    def __init__(self, systems: tuple[SystemChoice, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Systems")
        self.resize(640, 620)
        self.text = QTextBrowser()
        self.text.setHtml("".join(_described(one) for one in systems) + f"<p>{escape(NOTICE)}.</p>")
        column = QVBoxLayout(self)
        column.addWidget(self.text)


def _described(one: SystemChoice) -> str:
    rows = [f"<h3 style='margin-bottom: 2px'>{escape(one.title)}</h3>"]
    if one.ct:
        rows.append(_state("CT", one.available, one.problem))
    if one.xray or not one.ct:
        rows.append(_state("X-ray", one.xray, one.xray_problem))
    rows += [f"<span style='color: {_DIM}'>{escape(line)}</span><br>" for line in one.about]
    return "".join(rows)


def _state(what: str, ready: bool, problem: str) -> str:
    words = "ready" if ready else problem or "its weights are missing."
    return f"<span style='color: {_GOOD if ready else _BAD}'>{what}: {escape(words)}</span><br>"
