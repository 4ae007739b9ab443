"""The result type of the geometry verdict: a colour and its reasons. The rules are in :mod:`inference.io.verdict`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Colour(IntEnum):
    """How far a study may be measured; ordered, the worst reason decides."""

    GREEN = 0
    AMBER = 1
    RED = 2

    @property
    def word(self) -> str:
        """``green``, ``amber`` or ``red``."""
        return self.name.lower()


@dataclass(frozen=True)
class Reason:
    """One row of the verdict's table that applies.

    ``code`` is stable (``thickness_not_spacing``), ``text`` a sentence for the reader, ``help`` what would mend it.
    ``provisional`` reasons come from headers alone and may change once the lungs are known.
    """

    code: str
    colour: Colour
    text: str
    help: str = ""
    provisional: bool = False


@dataclass(frozen=True)
class Verdict:
    """The geometry verdict of a series. ``checks_passed`` names the rows of the table that were judged and hold."""

    reasons: tuple[Reason, ...] = ()
    checks_passed: tuple[str, ...] = ()

    @property
    def colour(self) -> Colour:
        """The worst colour among the reasons; green without any."""
        return max((reason.colour for reason in self.reasons), default=Colour.GREEN)

    @property
    def may_measure(self) -> bool:
        """Whether figures may be computed (green or amber)."""
        return self.colour < Colour.RED

    def with_reasons(self, more: Iterable[Reason]) -> Verdict:
        """This verdict with further reasons; a reason of a code already there replaces it."""
        merged = {reason.code: reason for reason in self.reasons}
        merged.update({reason.code: reason for reason in more})
        passed = tuple(check for check in self.checks_passed if check not in merged)
        return Verdict(tuple(sorted(merged.values(), key=lambda reason: -reason.colour)), passed)

    def decisive(self) -> str:
        """The texts of the reasons that set the colour, in one line; "" when green."""
        return "; ".join(reason.text.rstrip(".") for reason in self.reasons if reason.colour is self.colour)

    def sentence(self) -> str:
        """One line: the colour and every reason's text."""
        if not self.reasons:
            return "green: nothing against measuring"
        return f"{self.colour.word}: " + "; ".join(reason.text for reason in self.reasons)
