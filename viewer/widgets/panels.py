"""Which side panels are unfolded. A narrow window shows one at most, so that the image keeps its room."""

from __future__ import annotations

from PySide6.QtWidgets import QSplitter

from viewer.binding import observe
from viewer.settings import Frame
from viewer.state.observable import Value
from viewer.widgets.side_panel import SidePanel

NARROW = 1400
SMALL = 1000
"""Below this both panels start folded."""
_NARROW_SHARE = 0.22
"""Widest share of a narrow window that an unfolded panel takes."""


class Panels:
    """Two observables and the rule for narrow windows; a wide window gets back what the reader had there."""

    def __init__(self, split: QSplitter, left: SidePanel, right: SidePanel, frame: Frame) -> None:
        self._split, self.left, self.right = split, left, right
        self.left_open: Value[bool] = Value(frame.left_open)
        self.right_open: Value[bool] = Value(frame.right_open)
        self._wide = (frame.left_open, frame.right_open)
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
        self._width = width
        if self._narrow and (before is not True or (width < SMALL) > self._small):
            if self.left_open.value and self.right_open.value:
                self.right_open.value = False
            if width < SMALL:
                self.left_open.value = self.right_open.value = False
        elif not self._narrow and before is True:
            self.left_open.value, self.right_open.value = self._wide
        self._small = width < SMALL
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
        limit = round(self._width * _NARROW_SHARE) if self._narrow else self._width
        widths = [
            min(panel.open_width, limit) if panel.is_open else panel.maximumWidth() for panel in (self.left, self.right)
        ]
        self._split.setSizes([widths[0], max(self._width - sum(widths), 1), widths[1]])
