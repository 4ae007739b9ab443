"""What runs in a thread beside the networks: density rules on the same volume, then what the heat map needs loaded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from inference.errors import Cancelled
from inference.findings import SystemOutput
from inference.systems.nested import NestedContext
from inference.systems.registry import RunContext, RunOptions, create
from inference.volume import Units, Volume

_LOOK_S = 0.1


class Check:
    """Runs densitometry from :meth:`begin` on; leaving ends it. Volumes without Hounsfield units have none.

    ``afterwards`` is called in the same thread.
    """

    def __init__(self, volume: Volume, context: RunContext, afterwards: Callable[[], None]) -> None:
        self._volume, self._context, self._afterwards = volume, context, afterwards
        self._stop, self._done = threading.Event(), threading.Event()
        self._output: SystemOutput | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="densitometry beside the networks", daemon=True)

    def __enter__(self) -> Self:
        return self

    def begin(self) -> None:
        """Start, once: when the lungs are on the screen, which come first."""
        if self._thread.ident is None:
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread.ident is None:
            return
        if error is None:
            self._thread.join()  # a thread that still loads libraries when the program ends dies loudly
        else:
            self._done.wait()

    def result(self) -> SystemOutput | None:
        """What the rules found; None without Hounsfield units. Raises Cancelled, and what the rules raise."""
        self.begin()
        while not self._done.wait(_LOOK_S):
            self._context.progress(0.5)
        if self._error is not None:
            raise self._error
        return self._output

    def _run(self) -> None:
        try:
            if self._volume.units is Units.HU:
                unseen = NestedContext("cpu", "", RunOptions(), self._go_on)
                self._output = create("densitometry").run(self._volume, unseen)
        except Exception as error:  # noqa: BLE001 - it is raised again where the result is wanted
            self._error = error
        finally:
            self._done.set()
        if not self._stop.is_set():
            self._afterwards()

    def _go_on(self, fraction: float) -> None:
        if self._stop.is_set():
            raise Cancelled
