"""Observable to widget in one line, released with the widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, QSignalBlocker
from PySide6.QtGui import QAction

from viewer.state.observable import Signal, Value

T = TypeVar("T")


def observe(owner: QObject, value: Value[T], listener: Callable[[T], None]) -> None:
    """Call ``listener`` now and at every change, for as long as ``owner`` lives."""
    end = value.observe(listener)
    owner.destroyed.connect(lambda *_: end())


def listen(owner: QObject, signal: Signal[T], listener: Callable[[T], None]) -> None:
    """Call ``listener`` whenever the signal is emitted, for as long as ``owner`` lives."""
    end = signal.connect(listener)
    owner.destroyed.connect(lambda *_: end())


def bind_checked(action: QAction, value: Value[bool]) -> None:
    """Keep a checkable action and a boolean alike, both ways."""
    action.setCheckable(True)

    def show(checked: bool) -> None:
        with QSignalBlocker(action):
            action.setChecked(checked)
        action.changed.emit()

    observe(action, value, show)
    action.toggled.connect(lambda checked: setattr(value, "value", checked))


def bind_choice(action: QAction, value: Value[T], choice: T) -> None:
    """Check the action while the value is ``choice``; triggering it chooses. Other actions show the other choices."""
    action.setCheckable(True)
    observe(action, value, lambda present: action.setChecked(present == choice))

    def choose() -> None:
        value.value = choice
        action.setChecked(value.value == choice)

    action.triggered.connect(choose)
