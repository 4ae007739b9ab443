"""From an exception to words for a person: what happened, why, and what to do next. No traceback, no path's folder."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

from inference.errors import Cancelled, ExportError, GeometryRefused, InferenceError, WeightsMissing, WorkerDied


@dataclass(frozen=True)
class Message:
    """``what`` happened, ``why``, and the ``next`` step; the last two may be empty."""

    what: str
    why: str = ""
    next: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.why, self.next) if part)


_NEXT: tuple[tuple[type[InferenceError], str], ...] = (
    (WorkerDied, "The images and your measurements are untouched. Press Retry to run it again."),
    (WeightsMissing, "Densitometry, the rule-based baseline, needs no weights."),
    (GeometryRefused, "The images can still be read."),
    (ExportError, "Nothing was left half written."),
)

_DISK = {
    errno.ENOSPC: ("The disk is full.", "Free some space or choose another folder."),
    errno.EACCES: ("You may not read or write there.", "Choose another folder."),
    errno.EPERM: ("You may not read or write there.", "Choose another folder."),
    errno.EROFS: ("That place is read-only.", "Choose another folder."),
    errno.ENOENT: ("It is not there any more.", "Was the drive taken out, or the folder moved?"),
}


def message(error: BaseException, doing: str = "", log: Path | None = None) -> Message:
    """The words for an error.

    Parameters
    ----------
    error
        What was raised. An :class:`inference.errors.InferenceError` speaks for itself.
    doing
        What was being done, as "The export" or "Loading"; begins the sentence where the error has none of its own.
    log
        The file that an unexpected error was written to.
    """
    subject = doing or "This"
    if isinstance(error, Cancelled):
        return Message(f"{subject} was cancelled.")
    if isinstance(error, InferenceError):
        text = str(error).strip() or f"{subject} did not work."
        return Message(text, next=next((words for kind, words in _NEXT if isinstance(error, kind)), ""))
    if isinstance(error, MemoryError):
        return Message(
            f"{subject} did not fit into memory.", next="Close other programs, or open a series with fewer slices."
        )
    if isinstance(error, OSError):
        why, then = _DISK.get(error.errno or 0, (error.strerror or "The disk reported an error.", "Try again."))
        return Message(f"{subject} did not work.", _sentence(why), then)
    report = f" Please report it with {log}; it holds no patient data." if log is not None else ""
    what = f"{subject} stopped at an error of the program ({type(error).__name__})."
    return Message(what, next=f"The viewer goes on working.{report}")


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
