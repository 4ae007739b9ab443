"""The lesion list: order, pointing, going."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication

from inference.labels import Lesion
from tests.helpers.severity_session import analysed
from viewer.widgets.lesion_list import LesionList


@pytest.fixture
def table(qtbot):
    session = analysed()
    widget = LesionList(session)
    qtbot.addWidget(widget)
    widget.set_lesions(session.findings.value.lesions)
    widget.resize(280, 260)
    widget.show()
    return session, widget


def _column(widget, column):
    model = widget.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_rows_are_the_lesions_by_number(table):
    session, widget = table
    lesions = session.findings.value.lesions
    assert len(lesions) >= 3
    assert _column(widget, 0) == [str(one.number) for one in lesions]
    assert _column(widget, 2) == [f"{one.volume_ml:.1f}" for one in lesions]
    assert "fluid" in _column(widget, 1)


def test_a_heading_sorts_by_value_and_not_by_text(table):
    _, widget = table
    widget.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    sizes = [widget.lesion_at(widget.model().index(row, 0)).voxels for row in range(widget.model().rowCount())]
    assert sizes == sorted(sizes)
    widget.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    densities = [widget.lesion_at(widget.model().index(row, 0)).mean_hu for row in range(widget.model().rowCount())]
    assert densities == sorted(densities, reverse=True)


def test_pointing_at_a_row_outlines_that_lesion_and_leaving_ends_it(table):
    session, widget = table
    widget.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    index = widget.model().index(0, 2)
    widget.entered.emit(index)
    smallest = min(session.findings.value.lesions, key=lambda one: one.voxels)
    assert session.hovered_lesion.value == smallest.number > 1
    QApplication.sendEvent(widget.viewport(), QEvent(QEvent.Type.Leave))
    assert session.hovered_lesion.value is None


def test_a_click_moves_every_view_to_the_lesion(table, qtbot):
    session, widget = table
    index = widget.model().index(1, 0)
    qtbot.mouseClick(widget.viewport(), Qt.MouseButton.LeftButton, pos=widget.visualRect(index).center())
    lesion = session.findings.value.lesions[1]
    assert session.crosshair.value == pytest.approx(lesion.centre_lps_mm)


def test_a_new_analysis_replaces_the_rows(table):
    session, widget = table
    widget.set_lesions(session.findings.value.lesions[:1])
    assert _column(widget, 1) == [{Lesion.GROUND_GLASS: "GGO", Lesion.CONSOLIDATION: "cons"}[
        Lesion(session.findings.value.lesions[0].label)]]  # fmt: skip
    widget.set_lesions(())
    assert widget.model().rowCount() == 0
