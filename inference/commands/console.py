"""What a command says: results on standard output, everything else on standard error."""

from __future__ import annotations

import sys
import time
import unicodedata
from contextlib import suppress
from typing import TextIO

from inference.errors import ExportError
from inference.pipeline.events import Event, Progress, StageStarted

_REDRAW_S = 0.1
_BAR = 24


class Console:
    """Notes and progress on standard error. On a terminal at once; elsewhere notes wait until :meth:`flush`.

    A command that fails then says one line and nothing else, as scripts expect.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._waiting: list[str] = []
        self._stage = ""
        self._drawn = 0.0
        self._shown = 0

    def note(self, text: str) -> None:
        """Say something that is no result."""
        if self._live:
            self.clear()
            self._put(one_line(text) + "\n")
        else:
            self._waiting.append(one_line(text))

    def flush(self) -> None:
        """Say the notes that wait, and take the progress line away."""
        self.clear()
        for text in self._waiting:
            self._put(text + "\n")
        self._waiting.clear()

    def on_event(self, event: Event) -> None:
        """Follow an analysis."""
        if isinstance(event, StageStarted):
            self._stage = f"{event.stage} ({event.number}/{event.count})"
        elif isinstance(event, Progress):
            self.progress(self._stage, event.fraction, event.seconds_left)

    def progress(self, what: str, fraction: float, seconds_left: float | None = None) -> None:
        """Redraw the progress line, at most ten times a second and only on a terminal."""
        if not self._live or (time.monotonic() - self._drawn < _REDRAW_S and fraction < 1.0):
            return
        self._drawn = time.monotonic()
        done = round(_BAR * min(max(fraction, 0.0), 1.0))
        left = f", {seconds_left:.0f} s left" if seconds_left is not None else ""
        line = f"[{'#' * done}{'.' * (_BAR - done)}] {100 * fraction:3.0f} % {what}{left}"
        self._put("\r" + line.ljust(self._shown))
        self._shown = len(line)

    def clear(self) -> None:
        """Take the progress line away."""
        if self._shown:
            self._put("\r" + " " * self._shown + "\r")
            self._shown = 0

    def _put(self, text: str) -> None:
        """Write, or say nothing where nobody listens any more: notes are no results, and nothing fails for them."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def say(text: str) -> None:
    """A result, on standard output.

    Raises
    ------
    ExportError
        If it cannot be written, on a full disk for example.
    BrokenPipeError
        If whoever reads it (head, a pager) has seen enough.
    """
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise ExportError(f"The results cannot be written to standard output: {reason}.") from error


def one_line(text: str) -> str:
    """``text`` without line breaks and other control characters, which a header or a file's name can hold."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """``text`` with a question mark for each control character: a terminal would obey them."""
    return "".join("?" if unicodedata.category(letter) == "Cc" else letter for letter in text)
