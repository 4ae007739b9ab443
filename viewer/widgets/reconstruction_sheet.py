"""Three pictures of one slice: as the multitask network sees it, as it draws it again, and where the two differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from inference.software import NOTICE
from viewer.operations.reconstructing import Reconstruction
from viewer.rendering.palette import heat_rgb

FULL_SCALE = 0.25
"""The difference that is drawn brightest, as a share of the grey scale."""


class ReconstructionSheet(QDialog):
    """Stays open beside the images."""

    def __init__(self, made: Reconstruction, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Reconstruction of slice {made.number}/{made.count}")
        self.resize(1080, 460)
        row = QHBoxLayout()
        self.pictures = [
            _Picture(_grey(made.seen), made.aspect),
            _Picture(_grey(made.drawn), made.aspect),
            _Picture(_hot(made.difference), made.aspect),
        ]
        captions = (
            "As the network sees it",
            "As it draws it again",
            f"Difference (0 to {100 * FULL_SCALE:.0f} % of the grey scale)",
        )
        for picture, caption in zip(self.pictures, captions, strict=True):
            column = QVBoxLayout()
            column.addWidget(picture, 1)
            label = QLabel(caption)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
            row.addLayout(column, 1)
        self.words = QLabel(
            f"Multitask (paper 3), slice {made.number} of {made.count}. Mean difference in the picture: "
            f"{made.mean_difference:.1f} % of the grey scale. What is not drawn again was not kept by the encoder that "
            f"also finds the lesions. {NOTICE}."
        )
        self.words.setWordWrap(True)
        self.words.setProperty("role", "dim")
        whole = QVBoxLayout(self)
        whole.addLayout(row, 1)
        whole.addWidget(self.words)


class _Picture(QWidget):
    """An RGB picture in true proportions."""

    def __init__(self, rgb: NDArray[np.uint8], aspect: float) -> None:
        super().__init__()
        rows, columns = rgb.shape[:2]
        self._pixels = np.ascontiguousarray(rgb)
        self.image = QImage(self._pixels.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
        self._ratio = columns / (rows * aspect)
        self.setMinimumSize(160, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's hook."""
        width = min(self.width(), self.height() * self._ratio)
        height = width / self._ratio
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(0, 0, 0))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        place = QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)
        painter.drawImage(place, self.image, QRectF(self.image.rect()))
        painter.end()


def _grey(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    grey = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _hot(difference: NDArray[np.float32]) -> NDArray[np.uint8]:
    share = np.clip(difference.astype(np.float64) / FULL_SCALE, 0, 1)
    return heat_rgb(share.ravel()).reshape(*difference.shape, 3)
