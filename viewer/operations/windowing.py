"""The display window that fits what is open: pictures without Hounsfield units have none of their own to share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.io.study import FirstImage, LoadedSeries, SeriesInfo, WindowLevel
from inference.volume import Units
from viewer.state.session import Session

GREY = WindowLevel(256.0, 128.0, "full range")


class WindowForUnits:
    """Keeps the reader's window in Hounsfield units apart from that of pictures in grey values.

    The last window is the next study's first; a picture in between is shown in its own window or its full range.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._in_grey = False
        self.hounsfield: WindowLevel = session.window.value
        """The last window that was set on Hounsfield units."""
        session.window.changed.connect(self._changed)
        session.first_image.changed.connect(self._first)
        session.loaded.changed.connect(self._loaded)

    def _changed(self, window: WindowLevel) -> None:
        if not self._in_grey:
            self.hounsfield = window

    def _first(self, image: FirstImage | None) -> None:
        if image is not None and (image.info.kind == "image" or image.info.is_xray):
            self._show_grey(image.info, image.pixels)

    def _loaded(self, loaded: LoadedSeries | None) -> None:
        if loaded is None:
            return
        if loaded.volume.units is Units.HU:
            self._show_hounsfield()
        elif not self._in_grey:
            self._show_grey(loaded.info, loaded.volume.array[loaded.volume.array.shape[0] // 2], loaded.volume.units)

    def _show_grey(self, info: SeriesInfo, pixels: NDArray[np.int16], units: Units = Units.GREY8) -> None:
        self._in_grey = True
        own = info.windows[0] if info.windows else None
        self._session.window.value = own or (GREY if info.kind == "image" or units is Units.GREY8 else _range(pixels))

    def _show_hounsfield(self) -> None:
        if self._in_grey:
            self._in_grey = False
            self._session.window.value = self.hounsfield


def _range(pixels: NDArray[np.int16]) -> WindowLevel:
    """From the first to the 99th percentile of one slice."""
    low, high = (float(value) for value in np.percentile(pixels, (1, 99)))
    return WindowLevel(max(high - low, 1.0), (low + high) / 2, "range of the slice")
