"""Views in windows of their own, for a second screen; each comes back into the layout when its window is closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from inference.software import NAME
from viewer.binding import observe
from viewer.settings import OwnPlace
from viewer.state.observable import Value
from viewer.state.session import Session

TITLES = {"axial": "Axial", "coronal": "Coronal", "sagittal": "Sagittal", "beside": "Second series", "3d": "3D"}
_ENOUGH = 0.25
"""Part of a window that must lie on a screen for the window to be found there."""
_SHARE = 0.6


class OwnWindow(QWidget):
    """A window around one view. ``owner`` is the main window: its keys act here too."""

    closed = Signal(str)
    """The reader closed the window of the view of that name."""

    def __init__(self, name: str, view: QWidget, owner: QWidget) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.name, self.view, self.owner = name, view, owner
        self.setObjectName(f"own window {name}")
        self.setWindowTitle(f"{TITLES.get(name, name)} – {NAME}")
        self.setMinimumSize(320, 280)
        self.addActions(owner.actions())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(view)
        view.show()

    def toggle_filled(self) -> None:
        """Fill the screen, or take the former size again."""
        if self.isMaximized():
            self.showNormal()
        else:
            self.showMaximized()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Qt's hook: the view goes back, and with it the window."""
        super().closeEvent(event)
        self.closed.emit(self.name)


class OwnWindows(QObject):
    """Follows ``session.detached``.

    Parameters
    ----------
    home
        The grid in which the views are at home; ``take_back(name)`` puts one there again.
    places
        Where each window was last, and whether it was open: what is remembered between starts.
    """

    def __init__(
        self,
        session: Session,
        views: Mapping[str, QWidget],
        home: QWidget,
        take_back: Callable[[str], None],
        places: Value[Mapping[str, OwnPlace]],
    ) -> None:
        super().__init__(home)
        self._session, self._views, self._home, self._take_back = session, views, home, take_back
        self._places = places
        self.windows: dict[str, OwnWindow] = {}
        observe(self, session.maximised, self._fill)
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.screenRemoved.connect(self._screen_gone)

    def follow(self) -> None:
        """Open and close windows so that they are those of ``session.detached``."""
        wanted = self._session.detached.value
        for name in [name for name in self.windows if name not in wanted]:
            self._close(name)
        for name in sorted(name for name in wanted if name in self._views and name not in self.windows):
            self._open(name)

    def restore(self) -> None:
        """Open again what was open at the last end, where it was; what lay on a screen that is gone stays in."""
        there = [
            name
            for name, place in self._places.value.items()
            if place.open and name in self._views and found(QRect(*place.box), _screens())
        ]
        self._session.detached.value = self._session.detached.value | set(there)

    def leave(self) -> None:
        """The main window closes: remember the places, and close the windows; the views end with their grid."""
        screens = _screens()
        self._places.value = {
            name: replace(place, open=place.open and not found(QRect(*place.box), screens))
            for name, place in self._places.value.items()
        }  # what waits for its screen to come back goes on waiting
        for name, window in self.windows.items():
            self._remember(name, is_open=True)
            self._take_back(name)
            window.blockSignals(True)
            window.close()
            window.deleteLater()
        self.windows.clear()

    def _open(self, name: str) -> None:
        owner = self._home.window()
        window = OwnWindow(name, self._views[name], owner)
        self.windows[name] = window
        window.closed.connect(self._closed)
        place = self._places.value.get(name)
        window.setGeometry(placed(None if place is None else QRect(*place.box), _screens(owner)))
        window.show()

    def _close(self, name: str) -> None:
        self._remember(name, is_open=False)
        window = self.windows.pop(name)
        self._take_back(name)
        window.blockSignals(True)
        window.close()
        window.deleteLater()

    def _closed(self, name: str) -> None:
        self._session.detached.value = self._session.detached.value - {name}

    def _remember(self, name: str, *, is_open: bool) -> None:
        box = self.windows[name].normalGeometry()
        place = OwnPlace(box.x(), box.y(), box.width(), box.height(), is_open)
        self._places.value = {**self._places.value, name: place}

    def _fill(self, name: str | None) -> None:
        """A view in its own window fills that window's screen, never the layout it is not in."""
        if name is not None and name in self.windows:
            self._session.maximised.value = None
            self.windows[name].toggle_filled()

    def _screen_gone(self, _: object) -> None:
        QTimer.singleShot(0, self, self._gather)

    def _gather(self) -> None:
        """Bring windows that nobody can see onto a screen that is there."""
        for window in self.windows.values():
            if not found(window.geometry(), _screens()):
                window.setGeometry(placed(None, _screens(self._home.window())))


class Away(QWidget):
    """Stands in the layout where a view is missing that has a window of its own."""

    def __init__(self, name: str, bring_back: Callable[[], None]) -> None:
        super().__init__()
        words = QLabel(f"{TITLES.get(name, name)}: in its own window", alignment=Qt.AlignmentFlag.AlignCenter)
        words.setProperty("role", "dim")
        words.setMinimumWidth(1)
        self.button = QPushButton("Bring it back")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(bring_back)
        column = QVBoxLayout(self)
        column.addStretch(1)
        column.addWidget(words)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)


def belongs(widget: QWidget, window: QWidget) -> bool:
    """Whether a widget lies in a main window or in a view's own window of it."""
    top = widget.window()
    return top is window or (isinstance(top, OwnWindow) and top.owner is window)


def found(box: QRect, screens: Sequence[QRect]) -> bool:
    """Whether enough of a window lies on one of the screens for the reader to find it."""
    area = max(box.width() * box.height(), 1)
    shown = (box.intersected(screen) for screen in screens)
    return any(part.width() * part.height() >= _ENOUGH * area for part in shown if not part.isEmpty())


def placed(wanted: QRect | None, screens: Sequence[QRect]) -> QRect:
    """Where a view's window goes: where it was if a screen is there, else onto another screen than the first, the main
    window's, else into the middle of that.

    Parameters
    ----------
    wanted
        Where it was last.
    screens
        What may be used of each screen, the main window's first.
    """
    if wanted is not None and found(wanted, screens):
        return wanted
    if len(screens) > 1:
        return screens[1].adjusted(24, 48, -24, -24)
    only = screens[0]
    box = QRect(0, 0, round(only.width() * _SHARE), round(only.height() * _SHARE))
    box.moveCenter(only.center())
    return box


def _screens(owner: QWidget | None = None) -> list[QRect]:
    """What may be used of each screen, that of ``owner`` first."""
    there = QGuiApplication.screens()
    mine = None if owner is None else owner.screen()
    return [screen.availableGeometry() for screen in sorted(there, key=lambda screen: screen is not mine)]
