"""Analysing the open series in the worker process, and its events on their way to the session."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from inference.errors import Cancelled, GeometryRefused, InferenceError
from inference.pipeline.cancellation import CancellationToken
from inference.pipeline.events import Event, Failed, PartialResult, Progress, StageStarted, Succeeded, WasCancelled
from inference.pipeline.isolated import IsolatedRunner, Run, SharedVolume
from inference.systems.registry import card
from viewer.state.session import Session

if TYPE_CHECKING:
    from viewer.jobs.runner import Jobs, Report


class AnalysisJobs:
    """One analysis at a time. What was found before stays on show until the new one shows something better."""

    def __init__(self, session: Session, jobs: Jobs) -> None:
        self._session = session
        self._jobs = jobs
        self._runner = IsolatedRunner()
        self._number: int | None = None
        self._last_system: str | None = None

    @property
    def worker_pid(self) -> int | None:
        """The process at work."""
        return self._runner.worker_pid

    def warm_up(self) -> None:
        """Start the spare worker from a background thread."""
        threading.Thread(target=self._runner.warm_up, name="warm up", daemon=True).start()

    def cancel(self) -> None:
        """End the running analysis, if there is one."""
        if self._number is not None:
            self._jobs.cancel(self._number)
            self._number = None

    def retry(self, shared: SharedVolume | None) -> int | None:
        """Run the last system again on what is open now."""
        if shared is None or self._last_system is None:
            return None
        return self.start(self._last_system, shared)

    def start(self, system: str, shared: SharedVolume) -> int:
        """Run ``system`` on the series in shared memory; returns the job's number."""
        self.cancel()
        self._last_system = system
        verdict = self._session.verdict.value
        chosen = card(system)
        if verdict is None:
            raise InferenceError("The series has no verdict yet; wait until it is loaded.")

        def work(report: Report, token: CancellationToken) -> Succeeded:
            buffers = Run.allocate(shared.volume.geometry.shape)

            def on_event(event: Event) -> None:
                self._jobs.post(lambda: self._on_event(number, event, buffers))

            ending = self._runner.run(chosen.factory, shared, verdict, buffers, on_event, token)
            if isinstance(ending, WasCancelled):
                raise Cancelled
            if isinstance(ending, Failed) and ending.verdict is not None:
                raise GeometryRefused(ending.message, ending.verdict)
            if isinstance(ending, Failed):
                raise InferenceError(ending.message)
            return ending

        def done(ending: Succeeded) -> None:
            if number == self._number:
                self._show(ending)

        number = self._jobs.run(chosen.title, work, done, on_stopped=lambda error: self._stopped(number, error))
        self._jobs.board.update(number, can_retry=True)
        self._number = number
        return number

    def close(self) -> None:
        """End the worker."""
        self.cancel()
        self._runner.close()

    def _on_event(self, number: int, event: Event, buffers: Run) -> None:
        if number != self._number:
            return
        if isinstance(event, Progress):
            self._jobs.board.update(number, fraction=event.fraction, seconds_left=event.seconds_left)
        elif isinstance(event, StageStarted):
            self._jobs.board.update(number, detail=event.stage)
        elif isinstance(event, PartialResult):
            self._session.show_masks(buffers.masks["lungs"], buffers.masks["lesions"])

    def _show(self, ending: Succeeded) -> None:
        findings = ending.findings
        heat = findings.output.heatmap
        self._session.verdict.value = ending.verdict
        self._session.show_masks(
            findings.output.lungs.array, findings.output.lesions.array, None if heat is None else heat.array
        )
        self._session.findings.value = findings

    def _stopped(self, number: int, error: BaseException) -> None:
        """After a failure or a cancel: what was on show before the run, and a verdict that the lungs turned red."""
        if self._number not in (number, None):
            return
        if isinstance(error, GeometryRefused) and error.verdict is not None:
            self._session.verdict.value = error.verdict
        findings = self._session.findings.value
        if findings is None:
            self._session.show_masks(None, None)
        else:
            self._session.show_masks(findings.output.lungs.array, findings.output.lesions.array)
