"""The window's actions, one per command of the shortcut list: words, keys and icon from one source."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from viewer.binding import observe
from viewer.settings import Settings
from viewer.shortcuts import Command, commands
from viewer.widgets.theme import has_icon, icon

HELD = "hide_overlays"
"""Its key acts while it is held (see :mod:`viewer.widgets.held_key`), so the action itself carries no shortcut."""


class Actions(QObject):
    """Every action of the window by its command's id; their keys follow the reader's own choice at once."""

    def __init__(self, window: QWidget, settings: Settings) -> None:
        super().__init__(window)
        self._window = window
        self._by_id: dict[str, QAction] = {command.id: self._make(command) for command in commands()}
        observe(self, settings.shortcuts, lambda overrides: self._give_keys(commands(overrides)))

    def __getitem__(self, name: str) -> QAction:
        return self._by_id[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def on(self, name: str, function: Callable[[], object]) -> QAction:
        """Call ``function`` when the action is triggered."""
        action = self._by_id[name]
        action.triggered.connect(lambda *_: function())
        return action

    def group(self, *names: str) -> QActionGroup:
        """Make the actions exclusive: one of them is checked."""
        group = QActionGroup(self)
        for name in names:
            self._by_id[name].setCheckable(True)
            group.addAction(self._by_id[name])
        return group

    def enable(self, names: tuple[str, ...], enabled: bool) -> None:
        """Enable or disable several."""
        for name in names:
            self._by_id[name].setEnabled(enabled)

    def _make(self, command: Command) -> QAction:
        action = QAction(command.text, self._window)
        action.setObjectName(command.id)
        action.setAutoRepeat(command.repeat)
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        if has_icon(command.id):
            action.setIcon(icon(command.id))
        action.setIconVisibleInMenu(False)
        self._window.addAction(action)
        return action

    def _give_keys(self, present: tuple[Command, ...]) -> None:
        for command in present:
            action = self._by_id[command.id]
            if command.id == HELD:
                action.setText(f"{command.text}\t{', '.join(command.keys)}")
            else:
                action.setShortcuts([QKeySequence(key) for key in command.keys])
            action.setToolTip(f"{command.label} ({', '.join(command.keys)})" if command.keys else command.label)
