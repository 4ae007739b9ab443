"""Preferences: how the mouse and display behave, what is remembered, and every key."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
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

from inference.findings import HIGHEST_FLOOR, DetectionFloor
from viewer.settings import Settings
from viewer.shortcuts import commands, conflicts

READING, GRADES = "Reading", "Grades"
"""Titles of tabs."""


class PreferencesDialog(QDialog):
    """Changes take effect at once. ``page`` is the title of the tab to begin with."""

    def __init__(self, settings: Settings, parent: QWidget, page: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        tabs = self.tabs = QTabWidget()
        for title, made in (
            (READING, _Reading(settings)),
            (GRADES, FloorFields(settings)),
            ("Keys", KeyEditor(settings)),
        ):
            tabs.addTab(made, title)
            if title == page:
                tabs.setCurrentWidget(made)
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


class FloorFields(QWidget):
    """The detection floor: two numbers, below either of which the next analysis grades CT-0."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        present, published = settings.preferences.value.detection_floor, DetectionFloor()
        self.percent = _number(present.percent, HIGHEST_FLOOR.percent, 0.1, " % of the lung")
        self.ml = _number(present.ml, HIGHEST_FLOOR.ml, 0.5, " ml")
        self.percent.valueChanged.connect(lambda value: settings.change_preferences(floor_percent=value))
        self.ml.valueChanged.connect(lambda value: settings.change_preferences(floor_ml=value))
        self.restore = QPushButton(f"As published ({published.percent:g} % and {published.ml:g} ml)")
        self.restore.setAutoDefault(False)  # Return in a field would press it
        self.restore.clicked.connect(self._restore)
        words = QLabel(
            "An analysis that finds less than either is graded CT-0, below the detection floor. The floor counts from "
            "the next analysis on, and is printed with every grade, on the panel, in the report and in the exports."
        )
        words.setWordWrap(True)
        form = QFormLayout(self)
        form.setContentsMargins(18, 18, 18, 18)
        form.setVerticalSpacing(12)
        form.addRow(words)
        form.addRow("CT-0 below", self.percent)
        form.addRow("or below", self.ml)
        form.addRow(self.restore)

    def _restore(self) -> None:
        published = DetectionFloor()
        self.percent.setValue(published.percent)
        self.ml.setValue(published.ml)


def _number(value: float, highest: float, step: float, unit: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0.0, highest)
    box.setDecimals(2)
    box.setSingleStep(step)
    box.setSuffix(unit)
    box.setValue(value)
    return box


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
