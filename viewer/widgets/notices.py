"""What the window has to say: one line at the foot, never over the image; a click shows it whole, ready to copy."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from viewer.binding import listen
from viewer.state.session import Notice, Session
from viewer.widgets.theme import icon

_INFO_MS = 6000
_COLOURS = {"info": "#d2d2d2", "warning": "#e8b33a", "error": "#f0a090"}


class NoticeLine(QWidget):
    """Shows the last notice. Information goes by itself, warnings and errors stay until they are closed."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._text = ""
        self._label = QLabel()
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._copy = _small_button("copy", "Copy this message")
        self._close = _small_button("close", "Close this message")
        self._copy.clicked.connect(self.copy)
        self._close.clicked.connect(self.clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._label, 1)
        row.addWidget(self._copy)
        row.addWidget(self._close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.clear)
        self.clear()
        listen(self, session.notice, self.show_notice)
        listen(self, session.scanning.changed, lambda scanning: self.clear() if scanning else None)

    @property
    def text(self) -> str:
        """The whole message on show."""
        return self._text

    def show_notice(self, notice: Notice) -> None:
        """Show a notice in place of the last one."""
        self._text = notice.text
        self._label.setStyleSheet(f"color: {_COLOURS[notice.level]};")
        self._label.setToolTip(_wrapped(notice.text))
        lasting = notice.level != "info"
        self._copy.setVisible(lasting)
        self._close.setVisible(lasting)
        self._timer.stop()
        if not lasting:
            self._timer.start(_INFO_MS)
        self._elide()

    def clear(self) -> None:
        """Show nothing."""
        self._text = ""
        self._label.setText("")
        self._label.setToolTip("")
        self._copy.hide()
        self._close.hide()

    def copy(self) -> None:
        """Put the whole message on the clipboard."""
        QGuiApplication.clipboard().setText(self._text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's hook."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        room = max(self._label.width(), 40)
        self._label.setText(self._label.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, room))


def _wrapped(text: str) -> str:
    from html import escape

    return f"<div style='white-space: pre-wrap'>{escape(text)}</div>"


def _small_button(name: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(icon(name))
    button.setIconSize(QSize(14, 14))
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
