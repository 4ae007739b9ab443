"""The bricks of the severity panel: a number that can be clicked, and a titled section with a place for a mark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent, QTextDocumentFragment
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from viewer.widgets.theme import tabular

MARK = "▲"
"""Stands beside figures of limited worth (amber)."""

Show = Callable[[], object]


class FigureLabel(QLabel):
    """A right-aligned number in tabular figures; a click goes to the picture that proves it."""

    def __init__(self, size: Literal["plain", "headline", "grade"] = "plain") -> None:
        super().__init__()
        self.setProperty("figure", size)
        self.setFont(tabular(self.font()))
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._show: Show | None = None

    def set_figure(self, text: str, show: Show | None = None, tip: str = "") -> None:
        """Show ``text``; ``show`` is what a click does, None for a number without a picture."""
        self.setText(text)
        self._show = show
        clickable = show is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor)
        self.setToolTip(tip or ("Show a slice that holds this" if clickable else ""))
        if self.property("clickable") != clickable:
            self.setProperty("clickable", clickable)
            repolish(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's hook."""
        if self._show is not None and event.button() == Qt.MouseButton.LeftButton:
            self._show()
            event.accept()
            return
        super().mousePressEvent(event)


class Section(QFrame):
    """A heading and what stands under it; marked, it carries the yellow line and the mark."""

    def __init__(self, title: str, tip: str = "") -> None:
        super().__init__()
        self.setProperty("role", "section")
        self._title = title
        self._heading = QLabel(title)
        self._heading.setProperty("role", "heading")
        self._mark = QLabel(MARK)
        self._mark.setProperty("role", "amber")
        self._mark.setToolTip("Measurements are limited; see FITNESS")
        self._mark.hide()
        self._info = QLabel("i")
        self._info.setProperty("role", "info")
        self._info.setToolTip(tip)
        self._info.setVisible(bool(tip))
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self._heading)
        top.addWidget(self._mark)
        top.addWidget(self._info)
        top.addStretch(1)
        self.top = top
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(8, 4, 8, 4)
        self.body.setSpacing(3)
        self.body.addLayout(top)

    def set_title(self, title: str) -> None:
        """Change the heading."""
        self._heading.setText(title)

    def set_tip(self, tip: str) -> None:
        """What the figures mean, behind the i."""
        self._info.setToolTip(tip)
        self._info.setVisible(bool(tip))

    def set_marked(self, marked: bool) -> None:
        """Show or hide the yellow line and mark."""
        self._mark.setVisible(marked)
        self.setProperty("marked", marked)
        repolish(self)

    @property
    def is_marked(self) -> bool:
        """Whether the line and mark are on show."""
        return bool(self.property("marked"))


class FigureGrid(QWidget):
    """A table of numbers: names on the left, which wrap where they must, right-aligned columns of one width."""

    def __init__(self, headings: Sequence[str]) -> None:
        super().__init__()
        self._columns = len(headings)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(0, 1)
        self._names: list[QLabel] = []
        self._cells: list[list[FigureLabel]] = []
        self._headings = [text_label(text, "dim") for text in headings]
        for column, label in enumerate(self._headings, start=1):
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            label.setWordWrap(False)
            self._grid.addWidget(label, 0, column)
            label.setVisible(any(headings))

    def set_rows(
        self,
        rows: Sequence[tuple[str, Sequence[tuple[str, Show | None]]]],
        colours: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        """Fill the table; rows that are no longer needed disappear. ``colours`` put a square before each name."""
        while len(self._names) < len(rows):
            self._add_row()
        for index, (name, cells) in enumerate(zip(self._names, self._cells, strict=True)):
            used = index < len(rows)
            name.setVisible(used)
            for column, cell in enumerate(cells):
                cell.setVisible(used)
                if used:
                    cell.set_figure(*rows[index][1][column])
            if used:
                name.setText(_with_square(rows[index][0], colours[index] if colours else None))

    def texts(self) -> list[list[str]]:
        """What is on show, row by row."""
        shown = [index for index, name in enumerate(self._names) if not name.isHidden()]
        return [[_bare(self._names[index].text()), *(cell.text() for cell in self._cells[index])] for index in shown]

    def cell(self, row: int, column: int) -> FigureLabel:
        """The number in a cell; columns count from 0 after the names."""
        return self._cells[row][column]

    def _add_row(self) -> None:
        row = len(self._names) + 1
        name = text_label("", "small")
        name.setTextFormat(Qt.TextFormat.RichText)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        name.setSizePolicy(policy)
        self._grid.addWidget(name, row, 0)
        cells = [FigureLabel() for _ in range(self._columns)]
        for column, cell in enumerate(cells, start=1):
            self._grid.addWidget(cell, row, column)
        self._names.append(name)
        self._cells.append(cells)


def _with_square(text: str, colour: tuple[int, int, int] | None) -> str:
    square = "" if colour is None else f'<span style="color: rgb{colour}">■</span>&nbsp;'
    return square + escape(text).replace("  ", "&nbsp; ")


def _bare(rich: str) -> str:
    document = QTextDocumentFragment.fromHtml(rich)
    return document.toPlainText().replace("\u00a0", " ").removeprefix("■ ")


def text_label(text: str, role: str = "small") -> QLabel:
    """A wrapping line of words in one of the style sheet's roles, which can be selected and copied."""
    label = QLabel(text)
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def repolish(widget: QWidget) -> None:
    """Let the style sheet look at the widget's properties again."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
