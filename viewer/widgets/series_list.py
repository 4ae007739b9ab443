"""The list of a study's series: model and painting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPixmap, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from inference.io.export_identity import redacted
from inference.io.study import SeriesInfo
from inference.verdict import Colour, Verdict
from viewer.state.studies import by_study, study_count, study_of, study_words
from viewer.widgets.theme import ACCENT, VERDICT_COLOURS

Index = QModelIndex | QPersistentModelIndex
_ROW, _HEADING, _PICTURE, _MARGIN = 90, 26, 60, 8


class SeriesModel(QAbstractListModel):
    """The series, those of one study together, their thumbnails, and which one is open."""

    def __init__(self) -> None:
        super().__init__()
        self._series: list[SeriesInfo] = []
        self._headings: dict[bool, dict[int, str]] = {}
        """Words over the first row of each study, by row, for a hidden identity and for a shown one."""
        self._pictures: dict[int, QPixmap] = {}
        self._xrays: dict[tuple[int, str], SeriesInfo] = {}
        self.proposed: SeriesInfo | None = None
        self.opened: SeriesInfo | None = None
        self.opened_verdict: Verdict | None = None
        """The verdict of the open series once its images, and later its lungs, are known."""
        self.identity_hidden = False

    def shown(self, info: SeriesInfo) -> SeriesInfo:
        """The series in the words that are known by now: a picture may have turned out to be an X-ray."""
        return self._xrays.get((info.index, info.uid), info)

    def recognise(self, xray: SeriesInfo) -> None:
        """Call a series an X-ray from now on."""
        self._xrays[xray.index, xray.uid] = xray
        self.refresh()

    def verdict(self, info: SeriesInfo) -> Verdict:
        """The best-informed verdict of a series."""
        return self.opened_verdict if info is self.opened and self.opened_verdict is not None else info.verdict

    def rowCount(self, parent: Index | None = None) -> int:
        """Qt's hook."""
        return 0 if parent is not None and parent.isValid() else len(self._series)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Qt's hook: name, tooltip, and the series itself under UserRole."""
        info = self._series[index.row()]
        words = self.shown(info)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (self.study(index.row()), title(words, self.identity_hidden)) if part)
        if role == Qt.ItemDataRole.DisplayRole:
            return title(words, self.identity_hidden)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(
                part
                for part in (
                    self.study(index.row()),
                    title(words, self.identity_hidden),
                    facts(info),
                    self.verdict(info).sentence(),
                    words.reason,
                )
                if part
            )
        return info if role == Qt.ItemDataRole.UserRole else None

    @property
    def studies(self) -> int:
        """How many studies there are."""
        return study_count(self._series)

    def heading(self, row: int) -> str:
        """The study that begins with a row, in words; "" within a study, and where there is only one."""
        return self._headings.get(self.identity_hidden, {}).get(row, "")

    def study(self, row: int) -> str:
        """The study that a row belongs to, in words; "" where there is only one."""
        return next((words for first in range(row, -1, -1) if (words := self.heading(first))), "")

    def at(self, index: Index) -> SeriesInfo:
        """The series of a row."""
        return self._series[index.row()]

    def picture(self, info: SeriesInfo) -> QPixmap | None:
        """Its thumbnail; none of pictures that may have words in them while identity is hidden."""
        if self.identity_hidden and may_hold_words(self.shown(info)):
            return None
        return self._pictures.get(id(info))

    def add(self, info: SeriesInfo) -> None:
        """A series was found, or one found before is known in full now (same index and uid)."""
        for row, known in enumerate(self._series):
            if (known.index, known.uid) == (info.index, info.uid):
                self._series[row] = info
                self.refresh()
                return
        row = max((n for n, other in enumerate(self._series, start=1) if study_of(other) == study_of(info)), default=0)
        row = row or len(self._series)
        self.beginInsertRows(QModelIndex(), row, row)
        self._series.insert(row, info)
        self._find_headings()
        self.endInsertRows()

    def replace(self, series: Sequence[SeriesInfo], proposed: SeriesInfo | None) -> None:
        """The scan is done: this is the whole list; thumbnails of series that stay are kept."""
        self.beginResetModel()
        self._series = by_study(series)
        self._find_headings()
        if not series:
            self._xrays.clear()
        self.proposed = proposed
        kept = {id(info) for info in series}
        self._pictures = {key: picture for key, picture in self._pictures.items() if key in kept}
        self.endResetModel()

    def _find_headings(self) -> None:
        self._headings = {}
        if self.studies < 2:
            return
        keys = [study_of(info) for info in self._series]
        firsts = [row for row, key in enumerate(keys) if row == 0 or key != keys[row - 1]]
        for hidden in (False, True):
            words = study_words(self._series, hidden)
            self._headings[hidden] = {row: words[keys[row]] for row in firsts}

    def set_picture(self, info: SeriesInfo, grey: NDArray[np.uint8]) -> None:
        """A thumbnail is ready, ``(rows, columns)``."""
        pixels = np.ascontiguousarray(grey)
        rows, columns = pixels.shape
        image = QImage(pixels.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
        self._pictures[id(info)] = QPixmap.fromImage(image.copy())
        self.refresh()

    def refresh(self) -> None:
        """Paint every row again."""
        if self._series:
            self.dataChanged.emit(self.index(0), self.index(len(self._series) - 1))


class SeriesDelegate(QStyledItemDelegate):
    """Paints a row: picture, name, what it holds, why it is proposed, and the verdict's colour in its own shape."""

    def __init__(self, model: SeriesModel) -> None:
        super().__init__()
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Qt's hook."""
        return QSize(180, _ROW + (_HEADING if self._model.heading(index.row()) else 0))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt's hook."""
        info = self._model.at(index)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        font: QFont = option.font
        painter.save()
        if heading := self._model.heading(index.row()):
            self._heading(painter, heading, QRect(rect.left(), rect.top(), rect.width(), _HEADING), font)
            rect = rect.adjusted(0, _HEADING, 0, 0)
        opened = info is self._model.opened
        if opened or state & QStyle.StateFlag.State_MouseOver or state & QStyle.StateFlag.State_HasFocus:
            painter.fillRect(rect, QColor("#2e2e2e" if opened else "#262626"))
        if opened:
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), QColor(ACCENT))
        self._picture(painter, info, QRect(rect.left() + _MARGIN, rect.top() + _MARGIN, _PICTURE, _PICTURE))
        left = rect.left() + 2 * _MARGIN + _PICTURE
        words = QRect(left, rect.top() + _MARGIN - 2, rect.right() - left - 24, 20)
        self._words(painter, info, words, font)
        draw_verdict(
            painter, self._model.verdict(info).colour, QRectF(rect.right() - 20, rect.top() + _MARGIN + 1, 11, 11)
        )
        painter.restore()

    def _heading(self, painter: QPainter, words: str, line: QRect, font: QFont) -> None:
        """A study's date and patient, over a thin line that parts it from the one above."""
        small = QFont(font)
        small.setPixelSize(12)
        painter.setFont(small)
        painter.fillRect(QRect(line.left(), line.top(), line.width(), 1), QColor("#2e2e2e"))
        painter.setPen(QColor("#c8c8c8"))
        line = line.adjusted(10, 2, -_MARGIN, 0)
        elided = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)

    def _picture(self, painter: QPainter, info: SeriesInfo, place: QRect) -> None:
        painter.fillRect(place, QColor("#000000"))
        picture = self._model.picture(info)
        if picture is None:
            painter.setPen(QColor("#6a6a6a"))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, info.modality or "–")
            return
        scaled = picture.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(0, 0, scaled.width(), scaled.height())
        target.moveCenter(place.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(target, picture)

    def _words(self, painter: QPainter, info: SeriesInfo, line: QRect, font: QFont) -> None:
        small = QFont(font)
        small.setPixelSize(12)
        shown = self._model.shown(info)
        for text, face, colour in (
            (title(shown, self._model.identity_hidden), font, "#e0e0e0" if info.loadable else "#8a8a8a"),
            (facts(info), small, "#a8a8a8"),
        ):
            painter.setFont(face)
            painter.setPen(QColor(colour))
            elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)
            line.translate(0, 20)
        proposed = info is self._model.proposed
        painter.setPen(QColor(ACCENT if proposed else "#8a8a8a"))
        reason = QRect(line.left(), line.top() + 1, line.width() + 20, 34)
        words = f"Proposed: {shown.reason}" if proposed else shown.reason
        painter.drawText(reason, Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop, words)


_NO_SLICES_OF_CT = frozenset({
    "derived", "not_ct", "no_rescale", "rescale_type", "not_hounsfield", "eight_bit", "positions_missing", "no_grid",
})  # fmt: skip
"""Codes of the verdict that a screenshot or a dose sheet has, and a slice of CT as it was taken has not."""


def may_hold_words(info: SeriesInfo) -> bool:
    """Whether a name can stand in the pixels: everything but slices of CT in Hounsfield units."""
    if info.kind == "image" or info.is_xray or info.modality not in ("CT", ""):
        return True
    return any(reason.code in _NO_SLICES_OF_CT for reason in info.verdict.reasons)


def draw_verdict(painter: QPainter, colour: Colour, box: QRectF) -> None:
    """The verdict's mark: green a disc, amber a triangle, red a square, so that colour is not all that tells."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(VERDICT_COLOURS[colour]))
    if colour is Colour.GREEN:
        painter.drawEllipse(box)
    elif colour is Colour.AMBER:
        top = QPointF(box.center().x(), box.top())
        painter.drawPolygon(QPolygonF([top, box.bottomRight(), box.bottomLeft()]))
    else:
        painter.drawRect(box)
    painter.restore()


def title(info: SeriesInfo, identity_hidden: bool = False) -> str:
    """The series' name: its description, or what can be said without one.

    A description sometimes repeats the patient's name; it is taken out while identity is hidden.
    """
    if info.description:
        return redacted(info.description, info.identity) if identity_hidden else info.description
    kind = "X-ray" if info.is_xray else "Localizer" if info.is_localizer else info.modality or info.kind
    return f"{kind} series {info.index + 1}"


def facts(info: SeriesInfo) -> str:
    """One line: slices, spacing, kernel."""
    if info.slices <= 1:
        parts = [f"{info.columns} × {info.rows} pixels" if info.rows else "no images"]
    else:
        spacing = f" × {info.spacing_mm[0]:.4g} mm" if info.spacing_mm is not None else ""
        parts = [f"{info.slices} slices{spacing}"]
    return " · ".join([*parts, *(part for part in (info.kernel,) if part)])
