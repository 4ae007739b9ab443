"""Where the words of measurements stand: in the view, off the letters of its edges and off one another. No Qt."""

from __future__ import annotations

Box = tuple[float, float, float, float]
"""Left, top, width and height."""

MARGIN = 8.0
_LETTER = 24.0
"""What a letter in the middle of an edge takes, each way."""


class WordPlaces:
    """The places that are taken in one view; made anew for each painting."""

    def __init__(self, width: float, height: float) -> None:
        self._width, self._height = width, height
        far, down = width - MARGIN - _LETTER, height - MARGIN - _LETTER
        across, along = (width - _LETTER) / 2, (height - _LETTER) / 2
        corners = ((across, MARGIN), (across, down), (MARGIN, along), (far, along))
        self._taken: list[Box] = [(left, top, _LETTER, _LETTER) for left, top in corners]

    def take(self, x: float, y: float, wide: float, high: float) -> tuple[float, float]:
        """The free place nearest to ``(x, y)``, below it or else above it, for words of that size.

        Where nothing is free, the words stand where they would alone.
        """
        x = max(MARGIN, min(x, self._width - wide - MARGIN))
        y = max(MARGIN, min(y, self._height - high - MARGIN))
        found = self._slid(x, y, wide, high, down=True)
        if found is None:
            found = self._slid(x, y, wide, high, down=False)
        y = y if found is None else found
        self._taken.append((x, y, wide, high))
        return x, y

    def _slid(self, x: float, y: float, wide: float, high: float, *, down: bool) -> float | None:
        """The first free height from ``y`` on; None where the view ends before."""
        while MARGIN <= y <= self._height - high - MARGIN:
            hit = next((box for box in self._taken if _touch((x, y, wide, high), box)), None)
            if hit is None:
                return y
            y = hit[1] + hit[3] if down else hit[1] - high
        return None


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
