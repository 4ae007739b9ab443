"""The bar above the 3D view: the six sides to look from, the colouring and the cut plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QSpacerItem, QToolButton, QWidget

from inference.verdict import Colour
from viewer.widgets.choice_menu import ChoiceMenu
from viewer.widgets.theme import VERDICT_COLOURS, VERDICT_SHAPES

if TYPE_CHECKING:
    from viewer.rendering.volume_scene import Colouring, CutPlane, Direction

_MARGIN, _SPACING = 6, 2
_SIDES: tuple[tuple[Direction, str], ...] = (
    ("A", "from the front"), ("P", "from the back"), ("L", "from the patient's left"),
    ("R", "from the patient's right"), ("S", "from above"), ("I", "from below"),
)  # fmt: skip


class VerdictLabel(QLabel):
    """The verdict in one line, right-aligned, as much of it as there is room for, and its mark wherever there is none;
    the tooltip holds the whole."""

    def __init__(self) -> None:
        super().__init__()
        self._mark = self._words = ""
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setContentsMargins(_MARGIN, 0, _MARGIN, 0)
        self.setIndent(0)

    @property
    def least(self) -> int:
        """The width without which the words could not be made out."""
        return self.fontMetrics().horizontalAdvance(f"{self._mark} amber: m") + 2 * _MARGIN if self._words else 0

    def set_verdict(self, colour: Colour, words: str) -> None:
        """Show a verdict; nothing without words."""
        self._mark, self._words = VERDICT_SHAPES[colour], words
        self.setStyleSheet(f"color: {VERDICT_COLOURS[colour]}")
        self.setToolTip(words)
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance(self._mark) + 2 * _MARGIN + 2 if words else 0)
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's hook."""
        super().resizeEvent(event)
        self._show()

    def _show(self) -> None:
        if not self._words:
            self.setText("")
            return
        whole, room = f"{self._mark} {self._words}", max(self.contentsRect().width() - 2, 0)
        text = self.fontMetrics().elidedText(whole, Qt.TextElideMode.ElideRight, room)
        self.setText(text if text.startswith(self._mark) else self._mark)


class VolumeBar(QWidget):
    """Choices of the 3D view; where they have no room, they go behind one button."""

    looked = Signal(str)
    """A side was chosen to look from, as its letter."""
    recoloured = Signal()
    cut_moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offered = False, False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        bar = QHBoxLayout(self)
        bar.setContentsMargins(_MARGIN, 4, _MARGIN, 4)
        bar.setSpacing(_SPACING)
        self._title = QLabel("3D")
        bar.addWidget(self._title)
        self._sides = [self._side(letter, words) for letter, words in _SIDES]
        for button in self._sides:
            bar.addWidget(button)
        self.verdict = VerdictLabel()
        bar.addWidget(self.verdict, 1)
        self._colouring = QComboBox()
        self._colouring.setToolTip("Colour of the infection")
        self._colouring.addItem("Infection in red", "infection")
        self._colouring.addItem("By class", "classes")
        self._colouring.currentIndexChanged.connect(lambda _: self.recoloured.emit())
        self._cut = QComboBox()
        self._cut.setToolTip("Cut away what lies in front of the crosshair's plane")
        for text, value in (("No cut", "none"), ("Cut axial", "axial"), ("Cut coronal", "coronal"),
                            ("Cut sagittal", "sagittal")):  # fmt: skip
            self._cut.addItem(text, value)
        self._cut.currentIndexChanged.connect(lambda _: self.cut_moved.emit())
        bar.addWidget(self._colouring)
        bar.addWidget(self._cut)
        self.more = ChoiceMenu((self._colouring, self._cut))
        bar.addWidget(self.more)
        bar.addItem(QSpacerItem(0, max(self._colouring.sizeHint().height(), self._sides[0].sizeHint().height())))
        self.offer(False, sides_known=False)

    @property
    def colouring(self) -> Colouring:
        """How the infection is coloured."""
        chosen: Colouring = self._colouring.currentData()
        return chosen

    @property
    def cut(self) -> CutPlane:
        """Which of the crosshair's planes cuts."""
        chosen: CutPlane = self._cut.currentData()
        return chosen

    def offer(self, there: bool, *, sides_known: bool) -> None:
        """Controls only while there is something to look at, letters only where the patient's sides are known."""
        self._offered = there, sides_known
        for button in self._sides:
            button.setVisible(there and sides_known)
        self._fold()

    def set_verdict(self, colour: Colour, words: str) -> None:
        """Show what the figures of the volume are worth, as the slice views do; no words for a green verdict."""
        self.verdict.set_verdict(colour, words)
        self._fold()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's hook: as many choices as there is room for."""
        super().resizeEvent(event)
        self._fold()

    def _side(self, letter: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setText(letter)
        button.setProperty("letter", True)
        button.setToolTip(f"Look {words}")
        button.clicked.connect(lambda _=False: self.looked.emit(letter))
        return button

    def _fold(self) -> None:
        there, sides_known = self._offered
        combos = (self._colouring, self._cut)
        parts = [self._title, *combos, *(self._sides if sides_known else ())]
        needed = sum(part.sizeHint().width() + _SPACING for part in parts) + 2 * _MARGIN + self.verdict.least
        for combo in combos:
            combo.setVisible(there and needed <= self.width())
        self.more.setVisible(there and needed > self.width())
