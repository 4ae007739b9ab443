"""What can be chosen about paper 3's system. The network's own settings come with its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class MultitaskSettings:
    """``probability``: what a study or a pixel must exceed."""

    probability: float = 0.5

    @classmethod
    def paper(cls) -> Self:
        """A half."""
        return cls()
