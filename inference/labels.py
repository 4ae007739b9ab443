"""The codes in label maps. They are a published contract (files, other tools); never renumber them."""

from __future__ import annotations

from enum import IntEnum


class Lung(IntEnum):
    """Values of ``lungs.nii.gz``."""

    RIGHT = 1
    LEFT = 2
    SIDE_UNKNOWN = 3


class Lesion(IntEnum):
    """Values of ``lesions.nii.gz``. A system writes a class only if trained on it or by a printed HU rule."""

    GROUND_GLASS = 1
    CONSOLIDATION = 2
    EFFUSION = 3
    UNCLASSIFIED = 4

    @property
    def key(self) -> str:
        """The name used in files: ``ground_glass`` and so on."""
        return self.name.lower()


INFECTED = (Lesion.GROUND_GLASS, Lesion.CONSOLIDATION, Lesion.UNCLASSIFIED)
"""What counts as infected inside the lung. Effusion does not."""
