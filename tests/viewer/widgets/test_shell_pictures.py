"""Annotated pictures: what they hold, and what they leave out."""

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage

from inference.errors import ExportError
from inference.verdict import Colour, Reason, Verdict
from tests.helpers.severity_session import analysed
from viewer.widgets.exports import save_png
from viewer.widgets.picture_sheet import Choices, _above, _below, _legend, sheet

AMBER = Verdict((Reason("thick", Colour.AMBER, "slices of 5 mm"),))


@pytest.fixture
def session():
    session = analysed(AMBER)
    session.selected.value = session.loaded.value.info
    return session


def pane(colour, width=40, height=30):
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    return image


def pixels(image):
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    view = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return view[:, : image.width()] & 0xFFFFFF


def test_panes_stand_where_they_stand_on_the_screen_and_keep_every_pixel(qtbot, session):
    panes = [(QRect(0, 0, 40, 30), pane("#ff0000")), (QRect(42, 10, 40, 30), pane("#00ff00"))]
    found = pixels(sheet(panes, (82, 60), session, Choices()))
    for colour, left in ((0xFF0000, 0), (0x00FF00, 42)):
        rows, columns = np.nonzero(found == colour)
        assert len(rows) == 40 * 30 and columns.min() == left and columns.max() == left + 39
    red_top = np.nonzero(found == 0xFF0000)[0].min()
    assert np.nonzero(found == 0x00FF00)[0].min() == red_top + 10


def test_scale_enlarges_the_whole_sheet(qtbot, session):
    small = sheet([(QRect(0, 0, 400, 300), pane("#ff0000", 400, 300))], (400, 300), session, Choices())
    large = sheet([(QRect(0, 0, 400, 300), pane("#ff0000", 800, 600))], (400, 300), session, Choices(scale=2.0))
    assert large.width() == 2 * small.width()
    assert (pixels(large) == 0xFF0000).sum() == 4 * (pixels(small) == 0xFF0000).sum()


def test_identity_is_written_only_when_ticked(session):
    def words(choices):
        return " ".join(line.text for line in _above(session, choices))

    assert "Ottoline" not in words(Choices()) and "PX-4471" not in words(Choices())
    assert "Ottoline" in words(Choices(identity=True))


def test_verdict_window_position_system_and_notice_are_always_there(session):
    above = " ".join(line.text for line in _above(session, Choices()))
    below = " ".join(line.text for line in _below(session))
    assert "amber" in above and "slices of 5 mm" in above
    assert "W 1500 L -600" in below and "densitometry 1.0.0" in below and "Groundglass" in below
    assert "Research use only, not for diagnosis" in below
    assert "S " in below or "I " in below


def test_legend_names_only_what_is_shown(session):
    for group in session.layers.by_group:
        session.layers.change(group, available=group in ("lungs", "ground_glass", "effusion"))
    session.layers.change("effusion", visible=False)
    assert [name for name, _ in _legend(session)] == ["Right lung", "Left lung", "Ground-glass"]
    session.layers.all_hidden.value = True
    assert _legend(session) == []


def test_description_that_repeats_the_patients_name_does_not_smuggle_it_out(session):
    assert "Quillfeather" in session.selected.value.description
    assert "Quillfeather" not in " ".join(line.text for line in _above(session, Choices()))


def test_png_is_whole_or_absent(qtbot, tmp_path):
    save_png(pane("#123456"), tmp_path / "a.png")
    assert QImage(str(tmp_path / "a.png")).pixelColor(3, 3) == QColor("#123456")
    with pytest.raises(ExportError):
        save_png(pane("#123456"), tmp_path / "missing" / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
