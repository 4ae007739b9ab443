"""The severity panel's foot: where the figures go from here."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from viewer.state.session import Session
from viewer.widgets.actions import Actions
from viewer.widgets.co_rads_field import CoRadsField

_REPORT = "export_report"
_EXPORTS = ("export_masks", "export_mesh", "export_csv", "export_json", "", "export_view", "export_layout")


class PanelFoot(QWidget):
    """What the reader adds, and Report… and Export…: the commands of the Export menu, within reach of the figures."""

    def __init__(self, actions: Actions, session: Session) -> None:
        super().__init__()
        self.report, self.export = _button("Report…"), _button("Export…")
        report = actions[_REPORT]
        self.report.setToolTip(report.toolTip())
        self.report.clicked.connect(report.trigger)
        self.export.setToolTip("Masks, surfaces, tables, pictures")
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        for name in _EXPORTS:
            if name:
                self._menu.addAction(actions[name])
            else:
                self._menu.addSeparator()
        self.export.setMenu(self._menu)
        self.co_rads = CoRadsField(session)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 8, 2)
        column.setSpacing(4)
        column.addWidget(self.co_rads)
        row = QHBoxLayout()
        column.addLayout(row)
        row.addWidget(self.report)
        row.addWidget(self.export)
        row.addStretch(1)


def _button(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("role", "small")
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
