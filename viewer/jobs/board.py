"""The list of jobs that the job bar shows: one line each, from start to ending."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from viewer.state.session import JobState, Session

_KEPT_ENDINGS = 3


class JobBoard:
    """Keeps ``session.jobs`` in step. GUI thread only."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._next = 1

    def start(self, title: str, *, listed: bool = True) -> int:
        """Number a job and list it as running; the oldest endings make room. An unlisted one only gets a number."""
        number, self._next = self._next, self._next + 1
        if not listed:
            return number
        jobs = self._session.jobs.value
        ended = [job for job in jobs if job.ending][-_KEPT_ENDINGS + 1 :]
        running = [job for job in jobs if not job.ending]
        self._session.jobs.value = (*ended, *running, JobState(number, title))
        return number

    def update(self, number: int, **what: Any) -> None:
        """Change fields of a running job; an ended one stays as it ended."""
        self._session.jobs.value = tuple(
            replace(job, **what) if job.number == number and not job.ending else job for job in self._session.jobs.value
        )

    def end(self, number: int, ending: Literal["done", "failed", "refused", "cancelled"], message: str = "") -> None:
        """Mark how it ended."""
        self.update(number, ending=ending, message=message, seconds_left=None)

    def dismiss(self, number: int) -> None:
        """Take an ended job off the list."""
        self._session.jobs.value = tuple(
            job for job in self._session.jobs.value if job.number != number or not job.ending
        )
