"""Asking a system for its opinion."""

from __future__ import annotations

from dataclasses import dataclass

from inference.volume import Units
from viewer.jobs.runner import Jobs
from viewer.state.session import Notice, Session

CANCELLING = "cancelling…"


@dataclass(frozen=True)
class SystemChoice:
    """A system as the Analyse menu lists it. ``available`` is False while its weights are missing."""

    name: str
    title: str
    rule_based: bool
    available: bool
    explanation: str

    @property
    def label(self) -> str:
        """The menu's words: what it is, said plainly."""
        return self.title if self.available else f"{self.title} – weights missing"


def default_choice(choices: tuple[SystemChoice, ...]) -> SystemChoice | None:
    """The best system that can run here."""
    return next((choice for choice in choices if choice.available), None)


def why_not(session: Session, choice: SystemChoice | None = None) -> str:
    """Why the open series cannot be analysed (by that system), in one sentence; "" if it can."""
    loaded, verdict = session.loaded.value, session.verdict.value
    if loaded is None:
        return "Open a chest CT first." if session.loading.value is None else "The images are still being loaded."
    if loaded.info.is_xray:
        return "This is an X-ray; the systems on this machine read chest CT."
    if choice is not None and choice.rule_based and loaded.volume.units is not Units.HU:
        return f"This picture has no Hounsfield units, and {choice.title} is made of rules on them."
    if verdict is not None and not verdict.may_measure:
        return (
            f"Not measured. {'; '.join(reason.text for reason in verdict.reasons if reason.colour == verdict.colour)}"
        )
    return ""


def analyse(session: Session, jobs: Jobs, choice: SystemChoice) -> bool:
    """Run a system on the open series; says why not, if it cannot. Returns whether it started."""
    if reason := why_not(session, choice):
        session.notice.emit(Notice(reason, "warning"))
        return False
    return jobs.analyse(choice.name) is not None


def cancel(jobs: Jobs, number: int) -> None:
    """Cancel a job, and say so at once: killing a process takes a moment."""
    jobs.cancel(number)
    jobs.board.update(number, detail=CANCELLING, seconds_left=None)


def cancel_running(session: Session, jobs: Jobs) -> None:
    """Cancel the job that started last and still runs."""
    running = [job for job in session.jobs.value if not job.ending]
    if running:
        cancel(jobs, running[-1].number)


def retry(jobs: Jobs) -> bool:
    """Run the analysis that failed once more; whether it started."""
    return jobs.retry() is not None
