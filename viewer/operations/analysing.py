"""Asking a system for its opinion."""

from __future__ import annotations

from dataclasses import dataclass

from inference.volume import Units
from viewer.jobs.runner import Jobs
from viewer.state.session import Notice, Session

CANCELLING = "cancelling…"
LEAST_TO_COMPARE = 2


@dataclass(frozen=True)
class SystemChoice:
    """A system as the Analyse menu lists it. ``available`` is False while its weights for CT are missing or altered.

    ``state`` is ``ready``, ``weights missing`` or ``weights altered``; ``problem`` is the sentence for it. ``xray`` and
    ``xray_problem`` say the same for X-rays, ``ct`` is False for what reads X-rays alone. ``votes`` marks the systems
    that are compared with one another. ``about`` is what its card tells: trained on, limits.
    """

    name: str
    title: str
    rule_based: bool
    available: bool
    explanation: str
    state: str = ""
    problem: str = ""
    ct: bool = True
    xray: bool = False
    xray_problem: str = ""
    votes: bool = False
    about: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The menu's words: what it is, said plainly."""
        return self.title if self.available else f"{self.title} – {self.state or 'weights missing'}"


def default_choice(choices: tuple[SystemChoice, ...], session: Session | None = None) -> SystemChoice | None:
    """The best system that can run here on what is open; on CT if nothing is."""
    if session is not None and _is_xray(session):
        readers = [choice for choice in choices if choice.xray]
        return next((choice for choice in readers if not choice.ct), next(iter(readers), None))
    return next((choice for choice in choices if choice.available and choice.ct), None)


def fallback_reason(choices: tuple[SystemChoice, ...], chosen: SystemChoice) -> str:
    """Why the default is not the best of all; "" if it is, or the reader chose it himself."""
    better = choices[: choices.index(chosen)]
    return "; ".join(choice.problem for choice in better if choice.ct and not choice.available and choice.problem)


def why_not(session: Session, choice: SystemChoice | None = None) -> str:
    """Why the open series cannot be analysed (by that system), in one sentence; "" if it can."""
    loaded, verdict = session.loaded.value, session.verdict.value
    if loaded is None:
        return "Open a chest CT first." if session.loading.value is None else "The images are still being loaded."
    if loaded.info.is_xray and choice is not None and not choice.xray:
        return choice.xray_problem or f"This is an X-ray, and {choice.title} reads chest CT."
    if not loaded.info.is_xray and choice is not None and not choice.ct:
        return f"{choice.title} is for X-rays, and this is none."
    if choice is not None and choice.problem and not loaded.info.is_xray:
        return choice.problem
    if choice is not None and choice.rule_based and loaded.volume.units is not Units.HU:
        return f"This picture has no Hounsfield units, and {choice.title} is made of rules on them."
    if verdict is not None and not verdict.may_measure:
        return f"Not measured. {verdict.decisive()}."
    return ""


def why_not_compared(session: Session, choices: tuple[SystemChoice, ...]) -> str:
    """Why the systems cannot be compared on the open series, in one sentence; "" if they can."""
    if session.loaded.value is not None and _is_xray(session):
        return "The systems are compared on CT; an X-ray is read by all that can, by Analyse."
    votes = [choice for choice in choices if choice.votes]
    ready = [choice for choice in votes if choice.available]
    if len(ready) < LEAST_TO_COMPARE:
        return (
            f"{len(ready)} of {len(votes)} learned systems can run here; "
            f"at least {LEAST_TO_COMPARE} are needed to compare them."
        )
    return why_not(session, default_choice(choices))


def analyse(session: Session, jobs: Jobs, choice: SystemChoice, fallback: str = "") -> bool:
    """Run a system on the open series; says why not, if it cannot. Returns whether it started."""
    if reason := why_not(session, choice):
        session.notice.emit(Notice(reason, "warning"))
        return False
    anyway = session.segment_anyway.value
    return jobs.analyse(choice.name, segment_anyway=anyway, fallback_reason=fallback) is not None


def compare(session: Session, jobs: Jobs, choices: tuple[SystemChoice, ...]) -> bool:
    """Run the default and every learned system, and map where they agree. Returns whether it started.

    For the map every system segments, whether it recognises anything or not.
    """
    default = default_choice(choices)
    if (reason := why_not_compared(session, choices)) or default is None:
        session.notice.emit(Notice(reason or "No system can run here.", "warning"))
        return False
    reason, anyway = fallback_reason(choices, default), session.segment_anyway.value
    return jobs.analyse(default.name, agreement=True, segment_anyway=anyway, fallback_reason=reason) is not None


def _is_xray(session: Session) -> bool:
    loaded = session.loaded.value
    return loaded is not None and loaded.info.is_xray


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
