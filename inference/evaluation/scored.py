"""The log of every time a test case was scored: ``docs/scored.csv``."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from inference.errors import InferenceError

TEST_CASES = ("covid-P001", "normal-001")


class ScoredAlready(InferenceError):
    """A test case is scored at most once for each released version."""


@dataclass(frozen=True)
class Scored:
    """One figure of one run on one case. ``value`` (``low`` to ``high``), ``note`` what the log has to say besides."""

    release: str
    date: str
    case: str
    system: str
    figure: str
    value: str
    low: str
    high: str
    command: str
    note: str = ""


_HEAD = tuple(field.name for field in fields(Scored))


def read(log: Path) -> list[Scored]:
    """Every line of the log, in its order; none where there is no log. Raises InferenceError for another table."""
    if not log.is_file():
        return []
    with log.open(newline="", encoding="utf-8") as stream:
        table = csv.DictReader(stream)
        if tuple(table.fieldnames or ()) != _HEAD:
            raise InferenceError(f"{log.name} is no log of scored cases; its columns have to be {', '.join(_HEAD)}.")
        return [Scored(**row) for row in table]


def refuse_again(log: Path, release: str, cases: Iterable[str], system: str) -> None:
    """Raises ScoredAlready where this release of this system was scored on one of the test cases before."""
    before = {one.case for one in read(log) if (one.release, one.system) == (release, system)}
    again = [case for case in cases if case in TEST_CASES and case in before]
    if again:
        raise ScoredAlready(
            f"{', '.join(again)}: scored with {system} of release {release} before, see {log.name}; once a release."
        )


def append(log: Path, lines: Sequence[Scored]) -> None:
    """Add lines to the log, all or none."""
    everything = [*read(log), *lines]
    text = io.StringIO()
    writer = csv.DictWriter(text, _HEAD, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(one) for one in everything)
    log.parent.mkdir(parents=True, exist_ok=True)
    beside = log.with_name(f".{log.name}.{os.getpid()}")
    beside.write_text(text.getvalue(), "utf-8")
    beside.replace(log)
