"""A system that knows the truth of a phantom: for tests of what is made of masks, whoever drew them."""

from __future__ import annotations

from dataclasses import replace

from inference.findings import SystemOutput
from inference.systems.registry import DENSITOMETRY, RunContext
from inference.volume import Volume
from tests.helpers.analysed import findings_of
from tests.helpers.phantoms import Chest


class Truth:
    """Stands for densitometry, and answers with the phantom's own masks."""

    card = DENSITOMETRY

    def __init__(self, case: Chest) -> None:
        self._case = case

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        return findings_of(replace(self._case, volume=volume)).output
