"""The DICOM tags of a slice: a tree that can be searched. What names a person obeys the hide-identity switch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import QSortFilterProxyModel, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QTreeView, QVBoxLayout, QWidget

from inference.volume import VolumeGeometry
from viewer.binding import listen, observe
from viewer.state.session import Session
from viewer.widgets.identifying_tags import names_someone

HIDDEN = "(hidden)"
_LONGEST = 300


class TagViewer(QDialog):
    """Tag, name, type and value of one slice of the open series, sequences as branches."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle("DICOM tags")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search tag, name or value")
        self.search.setClearButtonEnabled(True)
        self.slice = QSpinBox()
        self.slice.setPrefix("slice ")
        self.model = QStandardItemModel(0, 4, self)
        self._filter = QSortFilterProxyModel(self)
        self._filter.setSourceModel(self.model)
        self._filter.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._filter.setFilterKeyColumn(-1)
        self._filter.setRecursiveFilteringEnabled(True)
        self.tree = QTreeView()
        self.tree.setModel(self._filter)
        self.tree.setUniformRowHeights(True)
        self.tree.setAlternatingRowColors(True)
        self._count = QLabel()
        self._count.setProperty("role", "dim")
        self.search.textChanged.connect(self._search)
        self.slice.valueChanged.connect(lambda _: self._fill())
        QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.tree, self._copy)
        row = QHBoxLayout()
        row.addWidget(self.search, 1)
        row.addWidget(self.slice)
        column = QVBoxLayout(self)
        column.addLayout(row)
        column.addWidget(self.tree)
        column.addWidget(self._count)
        self.resize(860, 640)
        observe(self, session.loaded, lambda _: self._open())
        listen(self, session.identity_hidden.changed, lambda _: self._fill())

    def _open(self) -> None:
        loaded = self._session.loaded.value
        geometry = None if loaded is None else loaded.volume.geometry
        blocked = self.slice.blockSignals(True)
        self.slice.setRange(1, 1 if geometry is None else geometry.shape[0])
        if geometry is not None:
            self.slice.setValue(_number(geometry, round(float(geometry.to_index(self._session.crosshair.value)[0]))))
        self.slice.blockSignals(blocked)
        self._fill()

    def _fill(self) -> None:
        loaded = self._session.loaded.value
        self.model.clear()
        self.model.setHorizontalHeaderLabels(["Tag", "Name", "Type", "Value"])
        if loaded is None or loaded.tags is None:
            self._count.setText("The open series has no DICOM tags.")
            return
        dataset: Any = loaded.tags(_number(loaded.volume.geometry, self.slice.value() - 1) - 1)
        hidden = self._session.identity_hidden.value
        add_elements(self.model.invisibleRootItem(), dataset, hidden)
        for column, width in enumerate((130, 260, 60)):
            self.tree.setColumnWidth(column, width)
        self._count.setText(f"{self.model.rowCount()} elements{'; identity hidden' if hidden else ''}")

    def _search(self, text: str) -> None:
        self._filter.setFilterFixedString(text)
        if text:
            self.tree.expandAll()

    def _copy(self) -> None:
        index = self.tree.currentIndex()
        if index.isValid():
            cells = [str(index.siblingAtColumn(column).data() or "") for column in range(4)]
            QGuiApplication.clipboard().setText("\t".join(cells))


def _number(geometry: VolumeGeometry, k: int) -> int:
    """The slice number of index ``k`` of the file's own grid as the views count: from the head in axial series.

    Its own inverse but for the one that numbers start with: ``_number(g, n - 1) - 1`` is the index of number ``n``.
    """
    turn = geometry.orientation
    counted_back = turn.axes[0] == 0 and not turn.flips[0]
    return geometry.shape[0] - k if counted_back else k + 1


def add_elements(parent: QStandardItem, dataset: Iterable[Any], hidden: bool) -> None:
    """Add a row per element of a pydicom Dataset, and a branch per item of a sequence."""
    for element in dataset:
        conceal = hidden and names_someone(element.tag, element.VR)
        value = HIDDEN if conceal else _value(element)
        row = [QStandardItem(text) for text in (str(element.tag), element.name, element.VR, value)]
        for item in row:
            item.setEditable(False)
        parent.appendRow(row)
        if element.VR == "SQ" and not conceal:
            for number, item in enumerate(element.value, 1):
                branch = QStandardItem(f"item {number}")
                branch.setEditable(False)
                row[0].appendRow(branch)
                add_elements(branch, item, hidden)


def _value(element: Any) -> str:
    if element.VR == "SQ":
        return f"{len(element.value)} item{'' if len(element.value) == 1 else 's'}"
    if isinstance(element.value, bytes):
        return f"{len(element.value)} bytes"
    several = isinstance(element.value, Sequence) and not isinstance(element.value, str)
    text = "\\".join(str(value) for value in element.value) if several else str(element.value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
