"""A lobe map from a file, for the lobe scores of the next analysis."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inference.pipeline.cancellation import CancellationToken
from inference.volume import LabelMap
from viewer.jobs.runner import Jobs
from viewer.state.session import Notice, Session

_READ = "The lobe map fits this series. The next analysis gives the CT severity score and the total severity score."


def why_not(session: Session) -> str:
    """Why no lobe map can be used on what is open, in one sentence; "" if one can."""
    loaded = session.loaded.value
    if loaded is None:
        return "Open a chest CT first."
    if loaded.info.is_xray:
        return "Lobes are of a CT, and this is an X-ray."
    return "" if loaded.volume.geometry.orientation_known else "Lobe scores need a series whose orientation is known."


def load_lobes(session: Session, jobs: Jobs, path: Path) -> bool:
    """Read a lobe map in the background and keep it with the open series; returns whether that has begun.

    A map that does not fit is told in one sentence, and what was there before stays.
    """
    loaded = session.loaded.value
    if (reason := why_not(session)) or loaded is None:
        session.notice.emit(Notice(reason, "warning"))
        return False

    def work(report: Callable[[float], None], token: CancellationToken) -> LabelMap:
        from inference.io.lobes import read_lobes

        return read_lobes(path, loaded)

    def done(lobes: LabelMap) -> None:
        if session.loaded.value is loaded:
            session.lobes.value = lobes
            session.notice.emit(Notice(_READ))

    jobs.run("Reading the lobe map", work, done)
    return True


def forget_lobes(session: Session) -> None:
    """Take the lobe map away; scores on show stay with the analysis that made them."""
    if session.lobes.value is not None:
        session.lobes.value = None
        session.notice.emit(Notice("The lobe map was taken away: the next analysis gives no lobe scores."))
