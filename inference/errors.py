"""The errors that the headless package raises on purpose.

Each carries one sentence for a person: what is wrong, in which file, and what to do. The command line prints that
sentence and leaves with :attr:`InferenceError.exit_code`; the window shows it. No other exception may reach a user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference.verdict import Verdict


class InferenceError(Exception):
    """Base of every error that is part of the contract of :mod:`inference`."""

    exit_code = 2
    """The command line's exit code for this error."""


class SeriesError(InferenceError):
    """A study, series or file cannot be read: truncated, empty, not an image, too large, and so on."""


class GeometryRefused(InferenceError):
    """The geometry verdict is red: the images can be looked at, but nothing is measured on them.

    ``verdict`` holds the reasons.
    """

    exit_code = 3

    def __init__(self, message: str, verdict: Verdict | None = None) -> None:
        super().__init__(message)
        self.verdict = verdict


class WeightsMissing(InferenceError):
    """A system's weights are absent or do not have the hash on its card."""

    exit_code = 4


class InputShapeError(InferenceError):
    """An array has not the shape, type or units that the called function needs."""


class ExportError(InferenceError):
    """A file could not be written, or did not read back as it was written."""


class WorkerDied(InferenceError):
    """The isolated worker process ended without an answer: killed, out of memory, or a crash in native code."""

    exit_code = 1


class Cancelled(Exception):
    """The user cancelled; an outcome and not an error, so it is no :class:`InferenceError`."""

    exit_code = 130
