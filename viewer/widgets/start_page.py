"""What the centre shows while nothing is open: where to drop a study, recent ones, the demo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from inference.software import NOTICE
from viewer.binding import observe
from viewer.settings import Settings
from viewer.state.session import Notice, Session
from viewer.widgets.actions import Actions

_SHOWN = 6


class StartPage(QWidget):
    """Drop here, open, demo, recent studies; and why the last attempt did not work."""

    def __init__(
        self, session: Session, settings: Settings, actions: Actions, open_path: Callable[[Path], None]
    ) -> None:
        super().__init__()
        self._session, self._settings, self._open_path = session, settings, open_path
        self._drop = QFrame()
        self._drop.setProperty("role", "drop")
        self._drop.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._title = _label("", "title")
        self._hint = _label("Folder, DICOM file, DICOMDIR, zip, NIfTI, NRRD, MHA, PNG or JPEG", "dim")
        self._error = _label("", "error")
        self._error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for name, words, primary in (
            ("open_folder", "Open folder…", True),
            ("open_file", "Open file…", False),
            ("open_demo", "Demo study", False),
        ):
            buttons.addWidget(_action_button(actions, name, words, primary))
        buttons.addStretch(1)
        inner = QVBoxLayout(self._drop)
        inner.setContentsMargins(40, 34, 40, 30)
        inner.setSpacing(12)
        inner.addWidget(self._title)
        inner.addWidget(self._hint)
        inner.addLayout(buttons)
        inner.addWidget(self._error)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        notice = _label(f"{NOTICE}.", "dim")
        column = QVBoxLayout()
        column.addStretch(2)
        column.addWidget(self._drop)
        column.addSpacing(18)
        column.addLayout(self._recent)
        column.addStretch(3)
        column.addWidget(notice)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 24, 24, 14)
        row.addStretch(1)
        row.addLayout(column, 3)
        row.addStretch(1)
        observe(self, settings.recent, lambda _: self._show_recent())
        observe(self, session.identity_hidden, lambda _: self._show_recent())
        observe(self, session.scanning, self._show_scanning)
        end = session.notice.connect(self._show_notice)
        self.destroyed.connect(lambda *_: end())

    def set_drag_over(self, over: bool) -> None:
        """Light the frame up while something is dragged over the window."""
        self._drop.setProperty("over", over)
        self._drop.style().unpolish(self._drop)
        self._drop.style().polish(self._drop)

    def _show_scanning(self, scanning: bool) -> None:
        self._title.setText("Reading headers…" if scanning else "Drop a study here")
        if scanning:
            self._error.setText("")
        self._error.setVisible(bool(self._error.text()))

    def _show_notice(self, notice: Notice) -> None:
        if notice.level == "error":
            self._error.setText(notice.text)
            self._error.setVisible(True)

    def _show_recent(self) -> None:
        while (item := self._recent.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setParent(None)
                widget.deleteLater()
        recent = self._settings.recent.value[:_SHOWN]
        if recent:
            heading = QLabel("RECENT")
            heading.setProperty("role", "heading")
            self._recent.addWidget(heading)
        hidden = self._session.identity_hidden.value
        for entry in recent:
            button = QPushButton(entry.label(hidden))
            button.setFlat(True)
            button.setStyleSheet("text-align: left; background: transparent; border: 0; padding: 4px 2px;")
            button.setToolTip("" if hidden else entry.path)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, path=entry.path: self._open_path(Path(path)))
            self._recent.addWidget(button)


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label


def _action_button(actions: Actions, name: str, words: str, primary: bool) -> QPushButton:
    button = QPushButton(words)
    button.setProperty("primary", primary)
    button.setToolTip(actions[name].toolTip())
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(actions[name].trigger)
    return button
