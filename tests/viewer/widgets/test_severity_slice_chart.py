"""The slice chart: slice 1 at the head on the left, clicks, marks and states."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from inference.quantification.unsought import slices_without_percentages
from inference.verdict import Colour, Reason, Verdict
from tests.helpers.severity_session import analysed, case, found, opened, voxel
from viewer.state.session import Session
from viewer.widgets.slice_chart import SliceChart


@pytest.fixture
def chart(qtbot):
    def make(session: Session) -> SliceChart:
        widget = SliceChart(session)
        qtbot.addWidget(widget)
        widget.resize(700, 80)
        widget.show()
        return widget

    return make


@pytest.mark.parametrize(("position", "code"), [("HFS", None), ("FFP", None), ("HFS", "RAI"), ("HFS", "SLP")])
def test_the_first_bar_is_at_the_head_however_the_volume_is_stored(chart, position, code):
    widget = chart(analysed(position=position, code=code))
    heights = [bar.figures.position_mm for bar in widget.bars]
    assert heights == sorted(heights, reverse=True)
    assert [bar.number for bar in widget.bars] == list(range(1, len(heights) + 1))


@pytest.mark.parametrize(("position", "code"), [("HFS", None), ("FFP", None), ("HFS", "SLP")])
def test_a_click_goes_to_the_slice_under_it(chart, qtbot, position, code):
    session = analysed(position=position, code=code)
    widget = chart(session)
    for number in (1, 17, len(widget.bars)):
        place = QPoint(round(widget.x_of(number)), 30)
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place)
        assert widget.present == number
        assert session.crosshair.value[2] == pytest.approx(widget.bars[number - 1].figures.position_mm, abs=0.01)


def test_the_mark_follows_the_crosshair(chart):
    session = analysed()
    widget = chart(session)
    session.look_at_slice(4)
    assert widget.present == case().volume.geometry.shape[0] - 4


def test_positions_beyond_the_ends_mean_the_ends(chart):
    widget = chart(analysed())
    assert widget.number_at(-50) == 1
    assert widget.number_at(5000) == len(widget.bars)


def test_key_images_are_marked_on_their_slice(chart):
    session = analysed()
    widget = chart(session)
    session.look_at_slice(10)
    session.measurements.toggle_key_image("axial", session.crosshair.value, 1.0)
    assert widget.key_numbers == (widget.present,)
    assert voxel(session)[0] == 10


def test_a_missing_slice_has_a_bar_without_figures(chart):
    session = opened()
    findings = found()
    session.findings.value = replace(findings, slices=tuple(row for row in findings.slices if row.index != 20))
    widget = chart(session)
    number = case().volume.geometry.shape[0] - 20
    assert [bar.number for bar in widget.bars if bar.figures is None] == [number]
    assert "missing" in widget.words(number)


def test_lung_that_nothing_was_looked_for_in_is_not_called_no_lung(chart):
    session = opened()
    findings = found()
    session.findings.value = replace(findings, slices=slices_without_percentages(findings.slices))
    widget = chart(session)
    words = {bool(row.lung): widget.words(bar.number) for bar in widget.bars if (row := bar.figures) is not None}
    assert words[True].endswith("not segmented")
    assert words.get(False, "no lung").endswith("no lung")


def test_without_findings_there_are_no_bars_and_a_click_does_nothing(chart, qtbot):
    for session in (Session(), opened()):
        widget = chart(session)
        before = session.crosshair.value
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(300, 30))
        assert widget.bars == () and widget.number_at(300) is None
        assert session.crosshair.value == before


def test_each_state_paints_its_own_picture(chart):
    session = analysed()
    widget = chart(session)
    pictures = [widget.grab().toImage()]
    session.verdict.value = Verdict((Reason("a", Colour.AMBER, "thick"),))
    pictures.append(widget.grab().toImage())
    session.verdict.value = Verdict((Reason("r", Colour.RED, "gap"),))
    pictures.append(widget.grab().toImage())
    session.verdict.value = Verdict()
    session.findings.value = None
    pictures.append(widget.grab().toImage())
    assert all(one != other for index, one in enumerate(pictures) for other in pictures[:index])


def test_bars_grow_with_the_partial_masks_and_say_so(chart):
    session, findings = opened(), found()
    widget = chart(session)
    lungs, lesions = findings.output.lungs.array, np.zeros_like(findings.output.lesions.array)
    session.show_masks(lungs, lesions)
    worst = max(findings.slices, key=lambda row: row.percent or 0)
    number = case().volume.geometry.shape[0] - worst.index
    assert "nothing found so far" in widget.words(number)
    empty = widget.grab().toImage()
    lesions[worst.index] = findings.output.lesions.array[worst.index]
    session.show_masks(lungs, lesions)
    assert [bar.number for bar in widget.bars if bar.figures.percent] == [number]
    assert "about" in widget.words(number) and widget.grab().toImage() != empty
    session.findings.value = findings
    assert "about" not in widget.words(number)


def test_masks_shown_again_leave_the_findings_in_the_chart(chart):
    session = analysed()
    widget = chart(session)
    before = widget.bars
    session.show_masks(None, None)
    assert widget.bars is before


@pytest.mark.parametrize("unknown", ["orientation_known", "spacing_known"])
def test_no_position_is_told_where_the_files_give_none(chart, unknown):
    session = analysed()
    widget = chart(session)
    assert " mm · " in widget.words(20)
    volume = session.loaded.value.volume
    session.loaded.value = replace(
        session.loaded.value, volume=replace(volume, geometry=replace(volume.geometry, **{unknown: False}))
    )
    assert widget.words(20).startswith(f"20/{len(widget.bars)} · ") and "mm" not in widget.words(20)
