"""What an earlier page of results said, for parts that cannot be judged anew: their checkpoints are not at hand."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

Cells = list[str]


@dataclass(frozen=True)
class Page:
    """The text of a page in Markdown; ``""`` where there was none."""

    text: str = ""

    def section(self, title: str, level: int = 2) -> str:
        """What stands under a heading, up to the next of its level or a higher one; ``""`` without it."""
        found = re.search(rf"^{'#' * level} {re.escape(title)}\n(.*?)(?=^#{{1,{level}}} |\Z)", self.text, re.M | re.S)
        return found[1].strip() if found else ""

    def rows(self, title: str) -> list[Cells]:
        """The rows of the first table under a heading, without its head."""
        lines = self.section(title).splitlines()
        first = next((n for n, line in enumerate(lines) if line.startswith("|--")), len(lines))
        out = []
        for line in lines[first + 1 :]:
            if not line.startswith("|"):
                break
            out.append([cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split(" | ")])
        return out


def together(before: Sequence[Cells], now: Sequence[Cells], made: Collection[str]) -> list[Cells]:
    """Rows of now, and those of before whose first cell names nothing that was ``made`` anew, in the order of before.

    Rows are grouped by their first cell.
    """
    anew: dict[str, list[Cells]] = {}
    for row in now:
        anew.setdefault(row[0], []).append(list(row))
    out: list[Cells] = []
    for row in before:
        if row[0] in anew:
            out += anew.pop(row[0])
        elif row[0] not in made and all(row[0] != one[0] for one in now):
            out.append(list(row))
    return out + [row for rows in anew.values() for row in rows]
