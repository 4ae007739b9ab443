"""The severity panel where it is narrowest: every word of its tables can be read."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QTextDocument
from PySide6.QtWidgets import QLabel

from tests.helpers.analysed import AMBER
from tests.helpers.severity_session import analysed
from viewer.widgets import theme
from viewer.widgets.figure_label import FigureGrid
from viewer.widgets.lesion_list import LesionList
from viewer.widgets.severity_panel import SeverityPanel

NARROWEST = 310
"""What the window gives the panel where it is least (viewer.widgets.panels)."""


@pytest.fixture
def panel(qtbot, qapp):
    before = qapp.styleSheet()
    qapp.setStyleSheet(theme.style_sheet())  # its font sizes are those of the window
    widget = SeverityPanel(analysed(AMBER))
    qtbot.addWidget(widget)
    widget.resize(NARROWEST, 700)
    widget.show()
    qtbot.wait(50)
    yield widget
    widget.close()
    qapp.setStyleSheet(before)


def _cut(label: QLabel) -> bool:
    """Whether a word of the label is wider than it, or a line of it lower."""
    document = QTextDocument()
    document.setDocumentMargin(0)
    document.setDefaultFont(label.font())
    document.setHtml(label.text())
    document.setTextWidth(label.width())
    return document.idealWidth() > label.width() + 1 or document.size().height() > label.height() + 1


def test_no_name_of_a_table_is_cut_where_the_panel_is_narrowest(panel):
    names = [name for grid in panel.figures.findChildren(FigureGrid) for name in grid._names if name.isVisible()]
    assert len(names) >= 18
    assert not [name.text() for name in names if _cut(name)]


def test_limits_of_a_density_band_can_be_read_where_the_panel_is_narrowest(panel):
    rows = [row[0] for row in panel.figures.density.table.texts()]
    assert "Well aerated  −950 … −700" in rows and "Emphysema  < −950" in rows


def test_no_cell_of_the_lesion_list_is_cut_where_the_panel_is_narrowest(panel):
    table = panel.figures.findChild(LesionList)
    measure, model = QFontMetrics(table.font()), table.model()
    for row in range(model.rowCount()):
        for column in range(model.columnCount()):
            index = model.index(row, column)
            swatch = 18 if index.data(Qt.ItemDataRole.DecorationRole) is not None else 0
            wanted = measure.horizontalAdvance(index.data()) + swatch + 6
            assert wanted <= table.columnWidth(column), f"{index.data()!r} in column {column}"
    zones = ["R upper", "R middle", "L middle"]
    assert all(measure.horizontalAdvance(zone) + 6 <= table.columnWidth(model.columnCount() - 1) for zone in zones)


def test_button_that_folds_the_panel_does_not_touch_those_beside_the_heading(panel):
    from viewer.widgets.side_panel import SidePanel

    side = SidePanel("right", [("severity", "Severity", panel)], NARROWEST)
    side.resize(NARROWEST, 700)
    side.show()
    right = panel.copy_csv.mapTo(side, panel.copy_csv.rect().topRight()).x()
    assert right < side._fold.x()
    panel.setParent(None)
    side.close()
