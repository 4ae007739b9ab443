"""What can be chosen about the cascade. The networks' own settings come with their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class CascadeConfig:
    """``probability``: what a pixel must exceed to be lesion; ``pixels``: how many make a slice positive."""

    probability: float = 0.5
    pixels: int = 1

    @classmethod
    def paper(cls) -> Self:
        """From one pixel over 0.5 (section 2.4)."""
        return cls()
