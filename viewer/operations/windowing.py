"""The display window that fits what is open: pictures without Hounsfield units have none of their own to share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.io.study import FirstImage, LoadedSeries, SeriesInfo, WindowLevel
from inference.volume import Units
from viewer.state.session import Session
from viewer.state.window_level import preset

GREY = WindowLevel(256.0, 128.0, "full range")


class WindowForUnits:
    """Keeps the reader's window in Hounsfield units apart from that of pictures in grey values.

    The last window is the next study's first; a picture in between is shown in its own window or its full range.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._in_grey = False
        self.hounsfield: WindowLevel = session.window.value
        """The last window that was set on Hounsfield units; never a VOI LUT, which belongs to one series."""
        session.window.changed.connect(self._changed)
        session.first_image.changed.connect(self._first)
        session.loaded.changed.connect(self._loaded)

    def _changed(self, window: WindowLevel) -> None:
        if not self._in_grey and window.table is None:
            self.hounsfield = window

    def _first(self, image: FirstImage | None) -> None:
        if image is not None and (image.info.kind == "image" or image.info.is_xray):
            self._show_grey(grey_window(image.info, image.pixels, Units.GREY8))

    def _loaded(self, loaded: LoadedSeries | None) -> None:
        if loaded is None:
            return
        if loaded.volume.units is not Units.HU:
            if not self._in_grey:
                self._show_grey(natural_window(loaded))
        elif self._in_grey:
            self._in_grey = False
            self._session.window.value = self.hounsfield

    def _show_grey(self, window: WindowLevel) -> None:
        self._in_grey = True
        self._session.window.value = window


def natural_window(loaded: LoadedSeries) -> WindowLevel:
    """The window that a reset goes to: lung for Hounsfield units, else the picture's own or its whole range."""
    volume = loaded.volume
    if volume.units is Units.HU:
        return preset("lung")
    return grey_window(loaded.info, volume.array[volume.array.shape[0] // 2], volume.units)


def grey_window(info: SeriesInfo, pixels: NDArray[np.int16], units: Units) -> WindowLevel:
    """The window of a picture without Hounsfield units: the file's, 0..255, or the 1st to 99th percentile."""
    if info.windows:
        return info.windows[0]
    if info.kind == "image" or units is Units.GREY8:
        return GREY
    low, high = (float(value) for value in np.percentile(pixels, (1, 99)))
    return WindowLevel(max(high - low, 1.0), (low + high) / 2, "range of the slice")
