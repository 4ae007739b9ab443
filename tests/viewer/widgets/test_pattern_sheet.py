"""The window with the greyscale test pattern: what is on the screen is the pattern itself, and Esc closes it."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from viewer.rendering.grey_pattern import STEPS
from viewer.widgets.pattern_sheet import PatternSheet


def made(qtbot):
    owner = QWidget()
    qtbot.addWidget(owner)
    sheet = PatternSheet(owner)
    sheet.resize(700, 760)
    sheet.show()
    qtbot.waitExposed(sheet)
    return owner, sheet


def test_the_steps_reach_the_screen_unchanged(qtbot):
    _owner, sheet = made(qtbot)
    grabbed = sheet.picture.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    shown = [grabbed.pixelColor(box.left + 4, box.top + 4) for box in sheet.picture.pattern().steps]
    assert [(c.red(), c.green(), c.blue()) for c in shown] == [(level,) * 3 for level in STEPS]


def test_another_size_draws_it_anew(qtbot):
    _owner, sheet = made(qtbot)
    before = sheet.picture.pattern()
    assert sheet.picture.pattern() is before
    sheet.resize(900, 800)
    after = sheet.picture.pattern()
    assert after.pixels.shape[::-1] == (sheet.picture.width(), sheet.picture.height())
    assert not np.array_equal(after.pixels.shape, before.pixels.shape)


def test_escape_closes_it(qtbot):
    _owner, sheet = made(qtbot)
    gone = []
    sheet.finished.connect(gone.append)
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert gone and not sheet.isVisible()
