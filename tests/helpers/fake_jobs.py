"""Jobs that record what was asked of them; ``run`` does its work at once, on the calling thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from inference.errors import InferenceError
from inference.io.study import SeriesInfo
from inference.pipeline.cancellation import CancellationToken
from viewer.jobs.board import JobBoard
from viewer.state.session import Session


class FakeJobs:
    """Stands for :class:`viewer.jobs.runner.Jobs` in tests of operations and widgets."""

    def __init__(self, session: Session, scan_result: Any = None) -> None:
        self.session = session
        self.board = JobBoard(session)
        self.calls: list[tuple[str, Any]] = []
        self.failures: list[str] = []
        self._scan_result = scan_result
        self._retried = 0

    def named(self, name: str) -> list[Any]:
        """The arguments of every call of that name."""
        return [argument for called, argument in self.calls if called == name]

    def scan(
        self,
        path: Path,
        on_done: Callable[[], None] | None = None,
        *,
        on_found: Callable[[], None] | None = None,
    ) -> int:
        self.calls.append(("scan", path))
        if on_found is not None:
            on_found()
        self.session.study.value = self._scan_result
        if on_done is not None:
            on_done()
        return 1

    def load(self, info: SeriesInfo, on_done: Callable[[], None] | None = None) -> int:
        self.calls.append(("load", info))
        self.session.selected.value = info
        return 2

    def load_beside(self, info: SeriesInfo) -> int:
        self.calls.append(("load_beside", info))
        return 3

    def unload(self) -> None:
        self.calls.append(("unload", None))
        self.session.loaded.value = None

    def analyse(self, system: str, **wishes: object) -> int | None:
        self.calls.append(("analyse", system))
        self.calls += [(name, value) for name, value in wishes.items() if value]
        return 4

    def reconstruct(self, number: int, on_done: Callable[[Any], None]) -> int | None:
        self.calls.append(("reconstruct", number))
        return 7

    def retry(self) -> int | None:
        self.calls.append(("retry", None))
        return 5

    def cancel(self, number: int) -> None:
        self.calls.append(("cancel", number))

    def post(self, function: Callable[[], None]) -> None:
        function()

    def run(
        self,
        title: str,
        function: Callable[[Callable[[float], None], CancellationToken], Any],
        on_done: Callable[[Any], None] | None = None,
        *,
        quiet: bool = False,
        on_stopped: Callable[[BaseException], None] | None = None,
    ) -> int:
        self.calls.append(("run", title))
        try:
            result = function(lambda fraction: None, CancellationToken())
        except InferenceError as error:
            self.failures.append(str(error))
            return 6
        if on_done is not None:
            on_done(result)
        return 6
