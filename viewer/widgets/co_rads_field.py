"""CO-RADS: a field for what the reader thinks. Nothing in the program proposes a value or reads one."""

from __future__ import annotations

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from inference.report.wording import CO_RADS
from viewer.binding import observe
from viewer.state.session import Session

_TIP = (
    "The reader's own category, 0 to 6. The program neither proposes nor presets one. It goes into the report and the "
    "copied text if it is chosen, and is forgotten with the next study."
)


class CoRadsField(QWidget):
    """Shows and sets ``session.co_rads``; hidden for X-rays, for which there is no CO-RADS."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.choice = _Choice()
        self.choice.addItem("not given", None)
        for category, meaning in enumerate(CO_RADS):
            self.choice.addItem(f"{category}  {meaning}", category)
        self.choice.setToolTip(_TIP)
        self.choice.setAccessibleName("CO-RADS, the reader's choice")
        self.choice.activated.connect(self._choose)
        words = QLabel("CO-RADS by the reader")
        words.setProperty("role", "small")
        words.setToolTip(_TIP)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(words)
        row.addWidget(self.choice, 1)
        observe(self, session.co_rads, lambda category: self.choice.setCurrentIndex(self.choice.findData(category)))
        observe(self, session.loaded, lambda loaded: self.setVisible(loaded is None or not loaded.info.is_xray))

    def _choose(self, index: int) -> None:
        self._session.co_rads.value = self.choice.itemData(index)


class _Choice(QComboBox):
    """Chosen by a click or a key, never by a wheel that was turned over it on the way down the panel."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Qt's hook."""
        event.ignore()
