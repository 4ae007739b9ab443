"""Systems that behave in a stated way, for tests of what runs them. Factories, named as ``module:function``."""

from __future__ import annotations

import os
import signal
import time

import numpy as np

from inference.errors import InputShapeError
from inference.findings import Provenance, SystemOutput
from inference.systems.registry import DENSITOMETRY, RunContext, SystemCard
from inference.volume import LabelMap, Volume

PREFIX = "tests.helpers.systems:"


class Thresholds:
    """Air inside the middle of each half is lung, what is denser there is ground-glass; ``pause_s`` per stage."""

    def __init__(self, pause_s: float = 0.0, ending: str = "") -> None:
        self.pause_s = pause_s
        self.ending = ending

    @property
    def card(self) -> SystemCard:
        return DENSITOMETRY

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        lungs = np.zeros(volume.array.shape, np.uint8)
        lesions = np.zeros_like(lungs)
        last = volume.array.shape[0] - 1
        context.stage("body")
        self._wait(context)
        half = volume.array.shape[2] // 2
        inside = np.zeros_like(lungs, dtype=bool)
        inside[:, 20:-20, 20:-20] = (volume.array[:, 20:-20, 20:-20] < -300) & (volume.array[:, 20:-20, 20:-20] > -1000)
        lungs[..., :half][inside[..., :half]] = 1
        lungs[..., half:][inside[..., half:]] = 2
        context.stage("lung")
        context.publish("lungs", lungs, 0, last)
        self._wait(context)
        self._end()
        context.stage("lesion")
        lesions[(lungs > 0) & (volume.array > -700)] = 1
        context.publish("lesions", lesions, 0, last)
        self._wait(context)
        return SystemOutput(
            LabelMap(lungs, volume.geometry), LabelMap(lesions, volume.geometry), True,
            Provenance("thresholds", "1", context.device), {}, {"ground_glass": "rule"},
        )  # fmt: skip

    def _wait(self, context: RunContext) -> None:
        end = time.monotonic() + self.pause_s
        while time.monotonic() < end:
            time.sleep(0.01)
            context.progress(1 - (end - time.monotonic()) / self.pause_s)

    def _end(self) -> None:
        if self.ending == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.ending == "memory":
            raise MemoryError
        if self.ending == "refused":
            raise InputShapeError("This system needs Hounsfield units; open the original CT series.")
        if self.ending == "bug":
            raise KeyError("Quillfeather^Ottoline")
        if self.ending == "hang":
            time.sleep(600)


def instant() -> Thresholds:
    """Answers at once."""
    return Thresholds()


def slow() -> Thresholds:
    """Takes about a second and a half."""
    return Thresholds(0.5)


def killed() -> Thresholds:
    """Its process dies in the middle."""
    return Thresholds(ending="killed")


def out_of_memory() -> Thresholds:
    """Runs out of memory."""
    return Thresholds(ending="memory")


def refused() -> Thresholds:
    """Cannot take the volume."""
    return Thresholds(ending="refused")


def bug() -> Thresholds:
    """Fails with an error whose text must not reach anybody."""
    return Thresholds(ending="bug")


def hang() -> Thresholds:
    """Hangs in one long call that looks at no flag."""
    return Thresholds(ending="hang")
