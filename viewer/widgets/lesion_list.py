"""The lesions as a sortable table: pointing outlines one in every view, a click goes there."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from inference.findings import ZONES, LesionComponent
from inference.labels import Lesion
from viewer.operations.showing import show_lesion
from viewer.state.session import Session
from viewer.widgets.theme import swatch, tabular

_HEADINGS = ("#", "Class", "ml", "HU", "Zone")
_SHORT = {
    Lesion.GROUND_GLASS: "GGO", Lesion.CONSOLIDATION: "cons", Lesion.EFFUSION: "fluid", Lesion.UNCLASSIFIED: "opacity",
}  # fmt: skip
_ROW_HEIGHT, _ROWS_SHOWN = 22, 8
_WIDTHS = (34, 66, 48, 46)
"""Of all columns but the last, which takes the rest: ``R middle`` needs 65 pixels of the narrowest panel's 258."""
_SORT = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex


class LesionModel(QAbstractTableModel):
    """The lesions of an analysis as rows."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._lesions: tuple[LesionComponent, ...] = ()

    def set_lesions(self, lesions: tuple[LesionComponent, ...]) -> None:
        """Replace the rows."""
        self.beginResetModel()
        self._lesions = lesions
        self.endResetModel()

    def lesion(self, row: int) -> LesionComponent:
        """The lesion of a row."""
        return self._lesions[row]

    def rowCount(self, parent: _Index | None = None) -> int:
        """Qt's hook."""
        return 0 if parent is not None and parent.isValid() else len(self._lesions)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Qt's hook."""
        return len(_HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's hook."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _HEADINGS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's hook."""
        lesion, column = self._lesions[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(lesion, column)
        if role == _SORT:
            return _key(lesion, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.DecorationRole and column == 1:
            return swatch(self._session.layers.by_group[Lesion(lesion.label).key].value.colour, 10)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _words(lesion)
        if role == Qt.ItemDataRole.BackgroundRole and lesion.number == self._session.hovered_lesion.value:
            return QColor(255, 255, 255, 26)
        return None


class LesionList(QTableView):
    """The table. Sorted by volume at first; a click on a heading sorts by it."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("lesions")
        self._session = session
        self._rows = LesionModel(session)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._rows)
        self._sorted.setSortRole(_SORT)
        self.setModel(self._sorted)
        self.setSortingEnabled(True)
        self.setFont(tabular(self.font()))
        self.setMouseTracking(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setShowGrid(False)
        self.setAccessibleName("Lesions")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(24)
        for column, width in enumerate(_WIDTHS):
            self.setColumnWidth(column, width)
        header.setSectionResizeMode(len(_WIDTHS), QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.entered.connect(lambda index: self._hover(self.lesion_at(index).number))
        self.clicked.connect(self._go)
        self.activated.connect(self._go)
        self.viewport().installEventFilter(self)

    def set_lesions(self, lesions: tuple[LesionComponent, ...]) -> None:
        """Show the lesions of an analysis."""
        self._rows.set_lesions(lesions)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        rows = min(max(len(lesions), 1), _ROWS_SHOWN)
        self.setFixedHeight(rows * _ROW_HEIGHT + self.horizontalHeader().sizeHint().height() + 4)

    def lesion_at(self, index: QModelIndex) -> LesionComponent:
        """The lesion of a row as sorted."""
        return self._rows.lesion(self._sorted.mapToSource(index).row())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's hook."""
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        return bool(super().eventFilter(watched, event))

    def _hover(self, number: int | None) -> None:
        self._session.hovered_lesion.value = number
        self.viewport().update()

    def _go(self, index: QModelIndex) -> None:
        show_lesion(self._session, self.lesion_at(index).number)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column in (1, 4) else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter


def _text(lesion: LesionComponent, column: int) -> str:
    size = f"{lesion.voxels}" if lesion.volume_ml is None else f"{lesion.volume_ml:.1f}"
    density = "–" if lesion.mean_hu is None else f"{round(lesion.mean_hu)}".replace("-", "−")
    zone = "–" if lesion.zone is None else lesion.zone.replace("right", "R").replace("left", "L")
    return (str(lesion.number), _SHORT[Lesion(lesion.label)], size, density, zone)[column]


def _words(lesion: LesionComponent) -> str:
    name = Lesion(lesion.label).key.replace("_", "-").capitalize()
    place = f", {lesion.zone} zone" if lesion.zone else ""
    return f"{name}{place}"  # short: it must not lie over the views that outline the lesion meanwhile


def _key(lesion: LesionComponent, column: int) -> float:
    zone = float(len(ZONES)) if lesion.zone is None else float(ZONES.index(lesion.zone))
    density = float("-inf") if lesion.mean_hu is None else lesion.mean_hu
    return (float(lesion.number), float(lesion.label), float(lesion.voxels), density, zone)[column]
