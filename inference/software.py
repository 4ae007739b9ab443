"""The program's name, version and the line that stands on everything it writes."""

from __future__ import annotations

NAME = "Groundglass"
NOTICE = "Research use only, not for diagnosis"


def version() -> str:
    """The installed version, or ``unknown`` when run from files that were never installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("groundglass")
    except PackageNotFoundError:
        return "unknown"
