"""Preferences: how the mouse and display behave, what is remembered, and every key."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from viewer.settings import Settings
from viewer.shortcuts import commands, conflicts


class PreferencesDialog(QDialog):
    """Changes take effect at once."""

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        tabs = QTabWidget()
        tabs.addTab(_Reading(settings), "Reading")
        tabs.addTab(KeyEditor(settings), "Keys")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.addWidget(tabs)
        column.addWidget(buttons)
        self.resize(620, 560)


class _Reading(QWidget):
    def __init__(self, settings: Settings) -> None:
        super().__init__()
        present = settings.preferences.value
        sense = QComboBox()
        sense.addItem("brightens the picture (lower level)", True)
        sense.addItem("darkens the picture (higher level)", False)
        sense.setCurrentIndex(0 if present.drag_up_brightens else 1)
        sense.currentIndexChanged.connect(
            lambda _: settings.change_preferences(drag_up_brightens=bool(sense.currentData()))
        )
        form = QFormLayout(self)
        form.setContentsMargins(18, 18, 18, 18)
        form.setVerticalSpacing(12)
        form.addRow("Dragging up with window/level", sense)
        for name, words in (
            ("interpolate", "Interpolate pixels when a view starts"),
            ("hide_identity", "Hide patient identity when the program starts"),
            ("keep_recent", "Remember the paths of recent studies"),
        ):
            box = QCheckBox(words)
            box.setChecked(getattr(present, name))
            box.toggled.connect(lambda checked, name=name: settings.change_preferences(**{name: checked}))
            form.addRow(box)


class KeyEditor(QWidget):
    """Every command with its keys; a chosen row takes a new key, unless another command or a later feature has it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels(["Command", "Keys"])
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.edit = QKeySequenceEdit()
        self.edit.setMaximumSequenceLength(1)
        assign = QPushButton("Use this key")
        assign.clicked.connect(self.assign)
        shipped = QPushButton("Shipped key")
        shipped.clicked.connect(self.restore)
        everything = QPushButton("All shipped keys")
        everything.clicked.connect(self._restore_all)
        self.problem = QLabel()
        self.problem.setProperty("role", "error")
        self.problem.setWordWrap(True)
        row = QHBoxLayout()
        for widget in (self.edit, assign, shipped, everything):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.addWidget(self.table)
        column.addLayout(row)
        column.addWidget(self.problem)
        self._fill()

    def assign(self) -> None:
        """Give the chosen command the key in the field."""
        name = self._chosen()
        key = self.edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        if not name or not key:
            self.problem.setText("Choose a command, click into the field and press a key.")
            return
        self.problem.setText(conflicts(name, (key,), commands(self._settings.shortcuts.value)))
        if not self.problem.text():
            self._settings.shortcuts.value = {**self._settings.shortcuts.value, name: (key,)}
            self._fill()

    def restore(self) -> None:
        """Give the chosen command its shipped keys again."""
        name = self._chosen()
        shipped = next((command for command in commands() if command.id == name), None)
        if shipped is None:
            return
        others = {key: value for key, value in self._settings.shortcuts.value.items() if key != name}
        self.problem.setText(conflicts(name, shipped.keys, commands(self._settings.shortcuts.value)))
        if not self.problem.text():
            self._settings.shortcuts.value = others
            self._fill()

    def choose(self, name: str) -> None:
        """Choose the row of a command."""
        for row in range(self.table.rowCount()):
            item = self.table.item(row, 0)
            if item is not None and item.data(Qt.ItemDataRole.UserRole) == name:
                self.table.selectRow(row)

    def _restore_all(self) -> None:
        self.problem.setText("")
        self._settings.shortcuts.value = {}
        self._fill()

    def _chosen(self) -> str:
        item = self.table.item(self.table.currentRow(), 0)
        return "" if item is None else str(item.data(Qt.ItemDataRole.UserRole))

    def _fill(self) -> None:
        chosen = self._chosen()
        present = commands(self._settings.shortcuts.value)
        self.table.setRowCount(len(present))
        for row, command in enumerate(present):
            name = QTableWidgetItem(f"{command.section}: {command.label}")
            name.setData(Qt.ItemDataRole.UserRole, command.id)
            self.table.setItem(row, 0, name)
            self.table.setItem(row, 1, QTableWidgetItem(", ".join(command.keys)))
        if chosen:
            self.choose(chosen)
