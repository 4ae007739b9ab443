"""The greyscale test pattern in a window of its own, to be put on the screen that is judged."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QLabel, QSizePolicy, QVBoxLayout, QWidget

from viewer.rendering.grey_pattern import SMALLEST, STEPS, GreyPattern, grey_pattern

_SHARE = 0.9
"""Part of the screen that the window takes at first."""
_WORDS = (
    "In the room's usual light: each of the 18 steps differs from its neighbours; the 5 % square is seen in the black "
    "one and the 95 % square in the white one; the ramps show no bands and no colour; lines of one pixel are sharp. "
    "Drag this window to each screen that you read on. Esc closes it."
)


class PatternSheet(QDialog):
    """Stays beside the images; nothing of the display window or of the theme acts on the pattern."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Greyscale test pattern")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.setSizeGripEnabled(True)
        self.picture = PatternPicture()
        words = QLabel(_WORDS)
        words.setWordWrap(True)
        words.setProperty("role", "dim")
        words.setContentsMargins(12, 4, 12, 8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture, 1)
        column.addWidget(words)
        self.resize(parent.screen().availableSize() * _SHARE)


class PatternPicture(QWidget):
    """The pattern, a pixel of it on each pixel of the screen, with the steps' shares of white in words."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(SMALLEST, SMALLEST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Greyscale test pattern")
        self._drawn: GreyPattern | None = None

    def pattern(self) -> GreyPattern:
        """The pattern for the present size, in device pixels."""
        scale = self.devicePixelRatioF()
        width, height = round(self.width() * scale), round(self.height() * scale)
        if self._drawn is None or self._drawn.pixels.shape != (max(height, SMALLEST), max(width, SMALLEST)):
            self._drawn = grey_pattern(width, height)
        return self._drawn

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's hook."""
        pattern, scale = self.pattern(), self.devicePixelRatioF()
        rows, columns = pattern.pixels.shape
        pixels = np.ascontiguousarray(pattern.pixels)
        image = QImage(pixels.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
        image.setDevicePixelRatio(scale)
        painter = QPainter(self)
        painter.drawImage(0, 0, image)
        font = painter.font()
        font.setPixelSize(12)
        painter.setFont(font)
        painter.setPen(QColor(0, 0, 0))
        for level, box in zip(STEPS, pattern.steps, strict=True):
            place = QRectF(box.left / scale, box.bottom / scale + 2, (box.right - box.left) / scale, 16)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, f"{level / 2.55:.0f} %")
        for box, text in ((pattern.black, "0 / 5 %"), (pattern.white, "100 / 95 %")):
            place = QRectF(box.left / scale, box.bottom / scale + 2, (box.right - box.left) / scale, 16)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()
