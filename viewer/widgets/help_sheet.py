"""The sheet of mouse and keys (key ?), made from the same list as the menus."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from viewer.settings import Settings
from viewer.shortcuts import Command, commands, gestures

_COLUMNS = (
    ("Mouse", "Slices", "Tools"),
    ("Windows", "Display", "Layout"),
    ("File", "Analyse", "Export", "Help"),
)
_SPELLED = {"Up": "↑", "Down": "↓", "PgUp": "Page ↑", "PgDown": "Page ↓", "Return": "Enter", "Space": "Space"}


class HelpSheet(QDialog):
    """An ordinary window that stays open beside the images."""

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Mouse and keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        present = commands(settings.shortcuts.value)
        sheet = QWidget()
        row = QHBoxLayout(sheet)
        row.setSpacing(22)
        for sections in _COLUMNS:
            label = QLabel("".join(section_html(section, present) for section in sections))
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            row.addWidget(label)
        scroll = QScrollArea()
        scroll.setWidget(sheet)
        scroll.setWidgetResizable(True)
        column = QVBoxLayout(self)
        column.addWidget(scroll)
        foot = QLabel("Keys can be changed in File › Preferences › Keys.")
        foot.setProperty("role", "dim")
        column.addWidget(foot)
        wanted = sheet.sizeHint()
        room = self.screen().availableSize()
        self.resize(min(wanted.width() + 50, room.width()), min(wanted.height() + 80, room.height() - 40))


def spelled(keys: tuple[str, ...]) -> str:
    """Keys as a person reads them: ``Shift + ↑ or PgUp``."""
    return " or ".join(" + ".join(_SPELLED.get(part, part) for part in key.split("+") if part) or key for key in keys)


def section_html(section: str, present: tuple[Command, ...]) -> str:
    """One section of the sheet: a heading and a table; commands without a key are left to the menus."""
    if section == "Mouse":
        rows = [(gesture.gesture, gesture.text) for gesture in gestures()]
    else:
        rows = [
            (spelled(command.keys), command.label) for command in present if command.section == section and command.keys
        ]
    if not rows:
        return ""
    lines = "".join(
        f"<tr><td style='padding:1px 12px 1px 0; white-space:nowrap; color:#ffffff; font-size:12px'>{escape(left)}</td>"
        f"<td style='padding:1px 0; color:#bcbcbc; font-size:12px'>{escape(right)}</td></tr>"
        for left, right in rows
    )
    return f"<p style='color:#9c9c9c; font-weight:600'>{section.upper()}</p><table>{lines}</table>"
