"""Background work of the window: scanning, loading, analysing, and anything else that takes time.

Every job runs on a thread of its own, is listed in ``session.jobs``, can be cancelled, and touches the session on the
GUI thread alone (through :class:`viewer.jobs.relay.Relay`). A job that was overtaken changes nothing any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from inference.errors import Cancelled, GeometryRefused, InferenceError
from inference.io.study import SeriesInfo
from inference.pipeline.cancellation import CancellationToken
from inference.pipeline.events import Reconstructed
from viewer.jobs.analysis import AnalysisJobs, Wish
from viewer.jobs.board import JobBoard
from viewer.jobs.reading import ReadingJobs
from viewer.jobs.relay import Relay
from viewer.state.session import Notice, Session

T = TypeVar("T")
Report = Callable[[float], None]


@dataclass
class _Running:
    token: CancellationToken
    thread: threading.Thread


class Jobs:
    """Starts jobs, cancels them, and ends them all at closing. Its methods are called on the GUI thread.

    Parameters
    ----------
    session
        What the jobs change.
    describe
        Words for an unexpected exception; an :class:`InferenceError` speaks for itself.
    """

    def __init__(self, session: Session, describe: Callable[[BaseException], str] = str) -> None:
        self._session = session
        self._describe = describe
        self._relay = Relay()
        self.board = JobBoard(session)
        self._running: dict[int, _Running] = {}
        self._reading = ReadingJobs(session, self)
        self._analysis = AnalysisJobs(session, self)

    # what the window asks for -----------------------------------------------------------------------------------

    def scan(
        self,
        path: Path,
        on_done: Callable[[], None] | None = None,
        *,
        on_found: Callable[[], None] | None = None,
    ) -> int:
        """Read the headers of everything under ``path`` into ``session.study``; an earlier scan is given up.

        What is open stays open until there is something to open instead: ``on_found()`` comes before the first series.
        """
        return self._reading.scan(path, on_done, on_found)

    def load(self, info: SeriesInfo, on_done: Callable[[], None] | None = None, *, xray: bool | None = None) -> int:
        """Load a series into ``session.loaded``; an earlier load or analysis is given up.

        ``xray`` says whether a picture is an X-ray, where the reader knows better than its look.
        """
        self._analysis.forget()
        return self._reading.load(info, on_done, xray)

    def unload(self) -> None:
        """Forget the open series and what was found on it; a load or analysis under way is given up."""
        self._analysis.forget()
        self._reading.unload()

    def load_beside(self, info: SeriesInfo) -> int:
        """Load a second series into ``session.beside`` for the side-by-side layout."""
        return self._reading.load_beside(info)

    def analyse(
        self, system: str, *, agreement: bool = False, segment_anyway: bool = False, fallback_reason: str = ""
    ) -> int | None:
        """Run a system on the loaded series in the worker process; None when nothing is loaded.

        ``agreement`` runs all learned systems besides. ``fallback_reason`` goes into the provenance.
        """
        shared = self._reading.shared
        wish = Wish(system, agreement, segment_anyway, fallback_reason)
        return None if shared is None else self._analysis.start(wish, shared)

    def reconstruct(self, number: int, on_done: Callable[[Reconstructed], None]) -> int | None:
        """Let the multitask network draw a canonical slice of the loaded series; None when nothing is loaded."""
        shared = self._reading.shared
        return None if shared is None else self._analysis.reconstruct(shared, number, on_done)

    def run(
        self,
        title: str,
        function: Callable[[Report, CancellationToken], T],
        on_done: Callable[[T], None] | None = None,
        *,
        quiet: bool = False,
        on_stopped: Callable[[BaseException], None] | None = None,
    ) -> int:
        """Run ``function(report, token)`` on a thread; ``on_done(result)`` follows on the GUI thread.

        ``report(fraction)`` moves the progress bar. A failure becomes a notice and the job's ending; on a failure or
        a cancel ``on_stopped(error)`` is called. ``quiet`` jobs (thumbnails, meshes) are not listed.
        """
        number = self.board.start(title, listed=not quiet)
        token = CancellationToken()
        thread = threading.Thread(
            target=self._work, args=(number, function, token, on_done, on_stopped), name=title, daemon=True
        )
        self._running[number] = _Running(token, thread)
        thread.start()
        return number

    def cancel(self, number: int) -> None:
        """Ask a job to stop. An analysis stops at once, since its process is killed."""
        running = self._running.get(number)
        if running is not None:
            running.token.cancel()

    def retry(self) -> int | None:
        """Start the last analysis again."""
        return self._analysis.retry(self._reading.shared)

    def warm_up(self) -> None:
        """Start the spare worker in the background, so that the first analysis need not wait for imports."""
        self._analysis.warm_up()

    @property
    def worker_pid(self) -> int | None:
        """The process id of the analysis at work, for diagnosis and tests."""
        return self._analysis.worker_pid

    def close(self, timeout_s: float = 2.0) -> None:
        """Cancel everything, wait a moment for the threads, end the worker, release shared memory."""
        self._relay.close()
        for running in self._running.values():
            running.token.cancel()
        for running in tuple(self._running.values()):
            running.thread.join(timeout_s)
        self._analysis.close()
        self._reading.close()

    # what the other jobs use ------------------------------------------------------------------------------------

    def post(self, function: Callable[[], None]) -> None:
        """Call ``function`` on the GUI thread; from any thread."""
        self._relay.post(function)

    def _work(
        self,
        number: int,
        function: Callable[[Report, CancellationToken], Any],
        token: CancellationToken,
        on_done: Callable[[Any], None] | None,
        on_stopped: Callable[[BaseException], None] | None,
    ) -> None:
        def report(fraction: float) -> None:
            token.check()
            self.post(lambda: self.board.update(number, fraction=fraction))

        stopped: BaseException | None = None
        result: Any = None
        try:
            result = function(report, token)
            token.check()
        except (Cancelled, Exception) as error:  # noqa: BLE001 - every failure of a job becomes words for the reader
            stopped, result = error, None  # a result that came too late lets go of its memory now
        self.post(lambda: self._end(number, result, stopped, on_done, on_stopped))

    def _end(
        self,
        number: int,
        result: Any,
        stopped: BaseException | None,
        on_done: Callable[[Any], None] | None,
        on_stopped: Callable[[BaseException], None] | None,
    ) -> None:
        token = self._running.pop(number).token
        if token.cancelled:  # whatever it came to after its last look, nobody waits for it any more
            stopped = Cancelled()
        if stopped is None:
            self.board.end(number, "done")
            if on_done is not None:
                on_done(result)
            return
        if isinstance(stopped, Cancelled):
            self.board.end(number, "cancelled")
        else:
            text = str(stopped) if isinstance(stopped, InferenceError) else self._describe(stopped)
            self.board.end(number, "refused" if isinstance(stopped, GeometryRefused) else "failed", text)
            self._session.notice.emit(Notice(text, "error"))
        if on_stopped is not None:
            on_stopped(stopped)
