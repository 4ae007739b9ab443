"""Analysing the open series in the worker process, and its events on their way to the session."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from inference.errors import Cancelled, GeometryRefused, InferenceError
from inference.findings import Findings
from inference.io.study import LoadedSeries
from inference.pipeline.cancellation import CancellationToken
from inference.pipeline.events import (
    Ending,
    Event,
    Failed,
    PartialResult,
    Progress,
    Reconstructed,
    StageStarted,
    Succeeded,
)
from inference.pipeline.isolated import IsolatedRunner, Run, SharedVolume
from inference.pipeline.shared import SharedArray
from inference.pipeline.xray import CARD as XRAY_READING
from inference.pipeline.xray import grey_picture
from inference.quantification.definitions import AssessmentSettings
from inference.systems.registry import RunOptions, card
from viewer.state.layers import AGREEMENT
from viewer.state.session import Session

if TYPE_CHECKING:
    from viewer.jobs.runner import Jobs, Report


@dataclass(frozen=True)
class Wish:
    """An analysis as it was asked for. ``fallback_reason`` says why the default is not the best system."""

    system: str
    agreement: bool = False
    segment_anyway: bool = False
    fallback_reason: str = ""


class AnalysisJobs:
    """One analysis at a time.

    What was found before stays on show until the new one has masks to show: figures never stand beside the masks of
    another run. Should that run end without a result, both come back together.
    """

    def __init__(self, session: Session, jobs: Jobs) -> None:
        self._session = session
        self._jobs = jobs
        self._runner = IsolatedRunner()
        self._number: int | None = None
        self._last: Wish | None = None
        self._unfinished = False
        """Whether the masks on show are those of a run that has not ended."""
        self._earlier: Findings | None = None
        """What was found before that run."""

    @property
    def worker_pid(self) -> int | None:
        """The process at work."""
        return self._runner.worker_pid

    def warm_up(self) -> None:
        """Start the spare worker from a background thread."""
        threading.Thread(target=self._runner.warm_up, name="warm up", daemon=True).start()

    def forget(self) -> None:
        """End the running analysis, if there is one, for a series that is being closed: nothing is brought back."""
        self._unfinished, self._earlier = False, None
        self._end()

    def retry(self, shared: SharedVolume | None) -> int | None:
        """Run the last system again on what is open now."""
        if shared is None or self._last is None:
            return None
        return self.start(self._last, shared)

    def start(self, wish: Wish, shared: SharedVolume) -> int:
        """Run a system on the series in shared memory; returns the job's number."""
        self._end()
        self._bring_back()
        self._last = wish
        loaded, verdict = self._session.loaded.value, self._session.verdict.value
        if verdict is None or loaded is None:
            raise InferenceError("The series has no verdict yet; wait until it is loaded.")
        chosen = XRAY_READING if wish.system == XRAY_READING.name else card(wish.system)
        xray = loaded.info.is_xray
        lobes = self._session.lobes.value
        settings = AssessmentSettings(detection_floor=self._session.detection_floor.value)
        options = RunOptions("xray" if xray else "ct", segment_anyway=wish.segment_anyway)

        def work(report: Report, token: CancellationToken) -> Succeeded:
            pictured = _grey_copy(loaded) if xray else shared
            buffers = Run.allocate(pictured.volume.geometry.shape)
            shared_lobes = None if lobes is None else _shared_copy(lobes.array)

            def on_event(event: Event) -> None:
                self._jobs.post(lambda: self._on_event(number, event, buffers))

            try:
                ending = self._runner.run(
                    chosen.factory, pictured, verdict, buffers, on_event, token, options=options,
                    agreement=wish.agreement, settings=settings, lobes=shared_lobes,
                )  # fmt: skip
            finally:
                if pictured is not shared:
                    pictured.voxels.release()
                if shared_lobes is not None:
                    shared_lobes.release()
            if not isinstance(ending, Succeeded):
                raise _error(ending)
            return ending

        def done(ending: Succeeded) -> None:
            if number == self._number:
                self._show(ending, wish)

        title = f"{chosen.title}, compared with all systems" if wish.agreement else chosen.title
        number = self._jobs.run(title, work, done, on_stopped=lambda error: self._stopped(number, error))
        self._jobs.board.update(number, can_retry=True)
        self._number = number
        return number

    def reconstruct(self, shared: SharedVolume, number: int, on_done: Callable[[Reconstructed], None]) -> int:
        """Let the multitask network draw canonical slice ``number`` again; returns the job's number."""

        def work(report: Report, token: CancellationToken) -> Reconstructed:
            canonical = shared.volume.canonical()[0].geometry.shape
            ending = self._runner.reconstruct(shared, number, Run.for_slice(canonical[1:]), token)
            if not isinstance(ending, Reconstructed):
                raise _error(ending)
            return ending

        return self._jobs.run("Reconstruction of the slice", work, on_done)

    def close(self) -> None:
        """End the worker."""
        self.forget()
        self._runner.close()

    def _on_event(self, number: int, event: Event, buffers: Run) -> None:
        if number != self._number:
            return
        if isinstance(event, Progress):
            self._jobs.board.update(number, fraction=event.fraction, seconds_left=event.seconds_left)
        elif isinstance(event, StageStarted):
            self._jobs.board.update(number, detail=event.stage)
        elif isinstance(event, PartialResult):
            self._begin_anew()
            self._session.show_masks(buffers.masks["lungs"], buffers.masks["lesions"])

    def _begin_anew(self) -> None:
        """The first masks of a run are about to be shown: the figures of the one before it go."""
        if not self._unfinished:
            self._unfinished, self._earlier = True, self._session.findings.value
            self._session.hovered_lesion.value = None
            self._session.findings.value = None

    def _bring_back(self) -> None:
        """Show again, masks and figures, what the run that has ended without a result had replaced."""
        if not self._unfinished:
            return
        earlier, self._earlier, self._unfinished = self._earlier, None, False
        if earlier is None:
            self._session.show_masks(None, None)
        else:
            self._session.show_findings(earlier)

    def _end(self) -> None:
        if self._number is not None:
            self._jobs.cancel(self._number)
            self._number = None

    def _show(self, ending: Succeeded, wish: Wish) -> None:
        findings = ending.findings
        if wish.fallback_reason:
            provenance = replace(findings.output.provenance, fallback_reason=wish.fallback_reason)
            findings = replace(findings, output=replace(findings.output, provenance=provenance))
        self._unfinished, self._earlier = False, None
        self._session.verdict.value = ending.verdict
        self._session.show_findings(findings)
        if findings.output.agreement is not None:
            self._session.layers.change(AGREEMENT, visible=True)

    def _stopped(self, number: int, error: BaseException) -> None:
        """After a failure or a cancel: what was on show before the run, and a verdict that the lungs turned red."""
        if number != self._number:
            return
        if isinstance(error, GeometryRefused) and error.verdict is not None:
            self._session.verdict.value = error.verdict
        self._bring_back()


def _error(ending: Ending) -> BaseException:
    """The error that an ending without a result stands for."""
    if isinstance(ending, Failed):
        refused = ending.verdict is not None
        return GeometryRefused(ending.message, ending.verdict) if refused else InferenceError(ending.message)
    return Cancelled()


def _grey_copy(loaded: LoadedSeries) -> SharedVolume:
    """An X-ray as the systems read it, in shared memory of its own."""
    picture = grey_picture(loaded)
    voxels = _shared_copy(picture.array)
    return SharedVolume(replace(picture, array=voxels.array), voxels)


def _shared_copy(array: NDArray[Any]) -> SharedArray:
    copy = SharedArray(array.shape, array.dtype.type)
    copy.array[...] = array
    return copy
