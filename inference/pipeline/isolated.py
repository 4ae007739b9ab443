"""Running a system in a process of its own, so that nothing it does can take the caller down.

One pipe per worker, waited on together with the process's sentinel, and both thrown away when it dies or is cancelled
(cancelling *is* killing: native code looks at no flag). A warm spare waits with the imports done.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.pipeline.cancellation import CancellationToken
from inference.pipeline.events import Ending, Event, Failed, Reconstructed, Succeeded, WasCancelled
from inference.pipeline.messages import unpack
from inference.pipeline.shared import SharedArray
from inference.pipeline.worker import BUFFERS, DRAWN, NO_OPTIONS, PUBLISHED, SEEN, Request, main
from inference.quantification.definitions import AssessmentSettings
from inference.systems.registry import RunOptions
from inference.verdict import Verdict
from inference.volume import Volume

_LOOK_S = 0.05
_DIED = (
    "The analysis stopped: its process ended without an answer, perhaps for lack of memory. "
    "The images and everything you did are untouched. Close other programs and press Retry."
)


@dataclass
class SharedVolume:
    """A volume whose voxels live in shared memory; ``volume`` is the owner's view."""

    volume: Volume
    voxels: SharedArray


@dataclass
class Run:
    """The buffers of one analysis; ``masks`` are read-only views of what the worker writes."""

    buffers: dict[str, SharedArray]
    masks: dict[str, NDArray[Any]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for name, buffer in self.buffers.items():
            view = buffer.array.view()
            view.flags.writeable = False
            self.masks[name] = view

    @classmethod
    def allocate(cls, shape: tuple[int, int, int]) -> Run:
        """Empty masks for a volume of that shape."""
        return cls({name: SharedArray(shape, kind) for name, kind in BUFFERS.items()})

    @classmethod
    def for_slice(cls, shape: tuple[int, int]) -> Run:
        """Room for a slice as a network saw it and as it drew it again."""
        return cls({name: SharedArray(shape, np.float32) for name in (SEEN, DRAWN)})

    def release(self) -> None:
        """Remove the buffers' names; present views stay valid."""
        for buffer in self.buffers.values():
            buffer.release()


class _Worker:
    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=main, args=(theirs,), name="groundglass-worker", daemon=True
        )
        self.process.start()
        theirs.close()  # else a dead worker's end would stay open here and no end-of-file would ever come

    def kill(self) -> None:
        self.process.kill()
        self.pipe.close()

    def reap(self) -> None:
        self.process.join()


class IsolatedRunner:
    """Runs one analysis at a time in a worker process. :meth:`run` blocks: call it from a background thread."""

    def __init__(self) -> None:
        self._spare: _Worker | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._replacing: threading.Thread | None = None
        self.worker_pid: int | None = None
        """The process at work now, for diagnosis and tests."""

    def warm_up(self) -> None:
        """Start the spare worker, if there is none."""
        with self._lock:
            if self._spare is None and not self._closed:
                self._spare = _Worker()

    def run(
        self,
        factory: str,
        shared: SharedVolume,
        verdict: Verdict,
        buffers: Run,
        on_event: Callable[[Event], None],
        cancel: CancellationToken,
        *,
        device: str = "auto",
        config: str = "",
        options: RunOptions = NO_OPTIONS,
        agreement: bool = False,
        settings: AssessmentSettings = PUBLISHED,
        lobes: SharedArray | None = None,
    ) -> Ending:
        """Run the system that ``factory`` makes; every event but the ending goes to ``on_event`` in order.

        ``lobes`` is a lobe map on the volume's grid; it stays the caller's. Never raises for what the worker does: a
        failure, a death and a cancel are endings.
        """
        request = replace(
            _request(factory, shared, verdict, buffers), device=device, config=config, options=options,
            agreement=agreement, settings=settings, lobes=None if lobes is None else lobes.handle,
        )  # fmt: skip
        return self._ask(request, buffers, on_event, cancel)

    def reconstruct(
        self, shared: SharedVolume, number: int, buffers: Run, cancel: CancellationToken, *, device: str = "auto"
    ) -> Ending:
        """Let the multitask network draw canonical slice ``number``; ends as :meth:`run` does."""
        request = replace(_request("", shared, Verdict(), buffers), device=device, reconstruct=number)
        return self._ask(request, buffers, lambda event: None, cancel)

    def _ask(
        self, request: Request, buffers: Run, on_event: Callable[[Event], None], cancel: CancellationToken
    ) -> Ending:
        worker = self._take()
        self.worker_pid = worker.process.pid
        ending: Ending | None = None
        try:
            worker.pipe.send(request)
            ending = _listen(worker, buffers.masks, on_event, cancel)
        except (BrokenPipeError, ConnectionError):
            ending = Failed("WorkerDied", _DIED)
        finally:
            self.worker_pid = None
            buffers.release()
            died = ending is None or isinstance(ending, WasCancelled) or (
                isinstance(ending, Failed) and ending.code == "WorkerDied"
            )  # fmt: skip
            self._give_back(worker, not died)
        return ending

    def _take(self) -> _Worker:
        with self._lock:
            worker, self._spare = self._spare, None
        if worker is None or not worker.process.is_alive():
            worker = _Worker()
        return worker

    def _give_back(self, worker: _Worker, healthy: bool) -> None:
        with self._lock:
            if healthy and self._spare is None and not self._closed and worker.process.is_alive():
                self._spare = worker
                return
        worker.kill()
        # the ending must not wait for a niced process to be gone, nor for the next spare to start
        self._replacing = threading.Thread(target=self._replace, args=(worker,), name="replace worker", daemon=True)
        self._replacing.start()

    def _replace(self, dead: _Worker) -> None:
        dead.reap()
        self.warm_up()

    def close(self) -> None:
        """Kill the spare. A running analysis is ended by its own cancellation."""
        with self._lock:
            self._closed = True
        if self._replacing is not None:
            self._replacing.join()
        with self._lock:
            worker, self._spare = self._spare, None
        if worker is not None:
            worker.kill()
            worker.reap()


def _request(factory: str, shared: SharedVolume, verdict: Verdict, buffers: Run) -> Request:
    volume = shared.volume
    return Request(
        factory, shared.voxels.handle, volume.geometry, volume.units, volume.padding_hu, volume.missing_slices,
        volume.patient_position, verdict, "auto", "",
        tuple((name, buffer.handle) for name, buffer in buffers.buffers.items()),
    )  # fmt: skip


def _listen(
    worker: _Worker, masks: dict[str, NDArray[Any]], on_event: Callable[[Event], None], cancel: CancellationToken
) -> Ending:
    while not cancel.cancelled:
        ready = wait([worker.pipe, worker.process.sentinel], timeout=_LOOK_S)
        if worker.pipe in ready:
            event = _receive(worker.pipe, masks)
            if event is None:
                return Failed("WorkerDied", _DIED)
            if isinstance(event, Succeeded | Reconstructed | Failed | WasCancelled):
                return event
            on_event(event)
        elif ready:
            return Failed("WorkerDied", _DIED)
    return WasCancelled()


def _receive(pipe: Connection, masks: dict[str, NDArray[Any]]) -> Event | None:
    try:
        event: Event = unpack(pipe.recv_bytes(), masks)
    except (EOFError, OSError):
        return None
    return event
