"""The bins of the grade, printed side by side, with the one that applies filled."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inference.findings import DetectionFloor
from inference.quantification.grades import bins
from viewer.rendering import palette

_SHORT = ("≤ 25 %", "≤ 50 %", "≤ 75 %", "> 75 %")


class GradeScale(QWidget):
    """Five cells, CT-0 to CT-4, each with its upper bound; that of CT-0 is the detection floor in use."""

    def __init__(self) -> None:
        super().__init__()
        self._names = [name for name, _ in bins()]
        self._floor = DetectionFloor()
        self._grade: str | None = None
        self._qualifier = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def filled(self) -> list[str]:
        """The cells that stand out: one for a plain grade, that and all above for "at least", none if withheld."""
        if self._grade is None or self._qualifier == "withheld":
            return []
        first = self._names.index(self._grade)
        return self._names[first:] if self._qualifier == "at least" else [self._grade]

    def set_grade(self, grade: str | None, qualifier: str, floor: DetectionFloor) -> None:
        """Show a grade among the bins that begin at a floor."""
        self._grade, self._qualifier, self._floor = grade, qualifier, floor
        self.setToolTip("\n".join(f"{name}: {text}" for name, text in bins(floor)))
        self.update()

    @property
    def bounds(self) -> tuple[str, ...]:
        """What stands under each name."""
        return (f"< {self._floor.percent:g} %", *_SHORT)

    def sizeHint(self) -> QSize:
        """Qt's hook."""
        return QSize(260, 36)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's hook."""
        painter = QPainter(self)
        font = self.font()
        font.setPixelSize(12)
        painter.setFont(font)
        width = self.width() / len(self._names)
        filled = self.filled
        for index, name in enumerate(self._names):
            box = QRectF(index * width, 0, width - 2, self.height())
            strong = bool(filled) and name == filled[0]
            accent = QColor(*palette.ACCENT)
            accent.setAlpha(110 if strong else 45 if name in filled else 0)
            painter.fillRect(box, QColor(*palette.TEXT, 16))
            painter.fillRect(box, accent)
            if strong:
                painter.setPen(QColor(*palette.ACCENT))
                painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
            painter.setPen(QColor(*(palette.TEXT if name in filled else palette.FAINT)))
            painter.drawText(box.adjusted(0, 2, 0, 0), Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, name)
            at = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
            painter.drawText(box.adjusted(0, 0, 0, -2), at, self.bounds[index])
