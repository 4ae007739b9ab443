"""The log of internal errors: where in the program, never about whom.

Messages of exceptions and paths of studies can hold a patient's name or number, so only the exceptions' types and the
program's own modules, lines and functions are written.
"""

from __future__ import annotations

import platform
import traceback
from datetime import datetime
from pathlib import Path

from inference.software import NAME, version

_FILE = "groundglass.log"
_LARGEST = 1_000_000


def write_log(error: BaseException) -> Path | None:
    """Append the error to the log and return its path, or None where no log can be written."""
    from platformdirs import user_log_dir

    path = Path(user_log_dir(NAME.lower(), appauthor=False)) / _FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _LARGEST:
            path.replace(path.with_suffix(".old.log"))
        with path.open("a", encoding="utf-8") as stream:
            stream.write(describe(error) + "\n")
    except OSError:
        return None
    return path


def describe(error: BaseException) -> str:
    """The error and its causes as types, modules, lines and functions."""
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    lines = [f"{now} {NAME} {version()} Python {platform.python_version()} {platform.system()} {platform.machine()}"]
    link: BaseException | None = error
    while link is not None:
        lines.append(f"{type(link).__module__}.{type(link).__qualname__}")
        lines += [f"  {_module(frame.filename)}:{frame.lineno} {frame.name}" for frame in _frames(link)]
        link = link.__cause__ or link.__context__
    return "\n".join(lines)


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(error.__traceback__))


def _module(filename: str) -> str:
    """The file's place inside its package: the folders above it can name a user."""
    parts = Path(filename).parts
    for root in ("site-packages", "dist-packages", f"python{platform.python_version().rsplit('.', 1)[0]}"):
        if root in parts:
            return "/".join(parts[len(parts) - parts[::-1].index(root) :])
    for package in ("inference", "viewer"):
        if package in parts:
            return "/".join(parts[len(parts) - 1 - parts[::-1].index(package) :])
    return parts[-1] if parts else "?"
