"""Which side panels are unfolded. A narrow window shows one at most, so that the image keeps its room."""

from __future__ import annotations

from PySide6.QtWidgets import QSplitter

from viewer.binding import observe
from viewer.settings import Frame
from viewer.state.observable import Value
from viewer.widgets.side_panel import RAIL_WIDTH, SidePanel

NARROW = 1400
SMALL = 1000
"""Below this both panels start folded."""
_NARROW_SHARE = 0.25
"""Widest share of a narrow window that an unfolded panel takes, but for what its tables need."""
_TABLES_NEED = 310
_IMAGE_SHARE = 0.6
"""Least share of the window for the images, whatever a panel needs."""


class Panels:
    """Two observables and the rule for narrow windows; a window made wider gets back what it had there."""

    def __init__(self, split: QSplitter, left: SidePanel, right: SidePanel, frame: Frame) -> None:
        self._split, self.left, self.right = split, left, right
        self.left_open: Value[bool] = Value(frame.left_open)
        self.right_open: Value[bool] = Value(frame.right_open)
        self._wide = (frame.left_open, frame.right_open)
        self._not_small = (False, False)
        self._narrow: bool | None = None
        self._small = False
        self._width = 0
        split.splitterMoved.connect(lambda *_: self._moved())
        left.folded.connect(lambda folded: setattr(self.left_open, "value", not folded))
        right.folded.connect(lambda folded: setattr(self.right_open, "value", not folded))
        observe(split, self.left_open, lambda is_open: self._changed(is_open, self.right_open))
        observe(split, self.right_open, lambda is_open: self._changed(is_open, self.left_open))

    def fit(self, width: int) -> None:
        """The window has this width now."""
        before, self._narrow = self._narrow, width < NARROW
        self._width, small = width, width < SMALL
        if self._narrow and (before is not True or small > self._small):
            if self.left_open.value and self.right_open.value:
                self.right_open.value = False
            if small:
                self._not_small = self.left_open.value, self.right_open.value
                self.left_open.value = self.right_open.value = False
        elif not self._narrow and before is True:
            self.left_open.value, self.right_open.value = self._wide
        elif small < self._small and not (self.left_open.value or self.right_open.value):
            self.left_open.value, self.right_open.value = self._not_small
        self._small = small
        self._arrange()

    @property
    def wide(self) -> tuple[bool, bool]:
        """Whether the left and the right panel are open in a wide window: what is remembered."""
        return self._wide

    def _changed(self, is_open: bool, other: Value[bool]) -> None:
        if self._narrow and is_open:
            other.value = False
        if self._narrow is False:
            self._wide = (self.left_open.value, self.right_open.value)
        self._arrange()

    def _moved(self) -> None:
        if not self._narrow:
            for panel in (self.left, self.right):
                panel.keep_width()

    def _arrange(self) -> None:
        self.left.set_open(self.left_open.value)
        self.right.set_open(self.right_open.value)
        if not self._width:
            return
        limit = self._narrow_limit() if self._narrow else self._width
        widths = [
            min(panel.open_width, limit) if panel.is_open else panel.maximumWidth() for panel in (self.left, self.right)
        ]
        self._split.setSizes([widths[0], max(self._width - sum(widths), 1), widths[1]])

    def _narrow_limit(self) -> int:
        """How wide an unfolded panel may be in a narrow window; the other one is a rail, and handles lie between."""
        beside = RAIL_WIDTH + 2 * self._split.handleWidth()
        wanted = max(round(self._width * _NARROW_SHARE), _TABLES_NEED)
        return min(wanted, int(self._width * (1 - _IMAGE_SHARE)) - beside)
