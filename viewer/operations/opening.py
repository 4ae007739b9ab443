"""Opening, choosing and closing: paths, series, the demo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inference.io.study import LoadedSeries, Problem, SeriesInfo
from inference.pipeline.cancellation import CancellationToken
from viewer.jobs.runner import Jobs
from viewer.settings import Settings
from viewer.state.measurements import Plane
from viewer.state.session import Notice, Session, ViewTransform
from viewer.state.studies import by_study


def open_path(session: Session, jobs: Jobs, settings: Settings, path: Path) -> None:
    """Scan a folder or file; its proposed series loads as soon as the headers are read.

    What is open stays until the first series is found, so that a path that holds none loses nothing.
    """
    if not path.exists():
        settings.forget(str(path))
        session.notice.emit(
            Notice("That study is not there any more. Was the drive taken out, or the folder moved?", "error")
        )
        return
    jobs.scan(
        path,
        on_found=lambda: close_study(session, jobs),
        on_done=lambda: _scanned(session, jobs, settings, path),
    )


def open_dropped(session: Session, jobs: Jobs, settings: Settings, paths: list[Path]) -> None:
    """Open what was dropped on the window: one folder or file, or the folder that several files share."""
    if not paths:
        return
    if len(paths) == 1:
        open_path(session, jobs, settings, paths[0])
        return
    parents = {path.parent for path in paths}
    if len(parents) > 1:
        session.notice.emit(
            Notice("Files of several folders were dropped. Drop one study folder at a time.", "warning")
        )
        return
    open_path(session, jobs, settings, parents.pop())


def open_demo(session: Session, jobs: Jobs, settings: Settings, folder: Path) -> None:
    """Make the demo study under ``folder`` in the background, unless it is there already, and open it."""
    study = folder / "study"

    def work(report: Callable[[float], None], token: CancellationToken) -> Path:
        from inference.demo import write

        return write(folder, on_progress=report, cancel=token).study

    if study.is_dir():
        open_path(session, jobs, settings, study)
    else:
        jobs.run("Making the demo study", work, lambda path: open_path(session, jobs, settings, path))


def select_series(session: Session, jobs: Jobs, info: SeriesInfo) -> None:
    """Load a series, unless it is the one that is open or being loaded; say why it cannot be, if so."""
    if not info.loadable:
        session.notice.emit(Notice(info.reason or "This series holds no images.", "warning"))
        return
    if session.selected.value is info and (session.loaded.value is not None or session.loading.value is not None):
        return
    reset_transforms(session)
    jobs.load(info)


def may_be_xray(session: Session) -> bool:
    """Whether the reader may say that the open picture is, or is not, an X-ray."""
    loaded = session.loaded.value
    return loaded is not None and loaded.info.kind == "image" and loaded.volume.geometry.shape[0] == 1


def treat_as_xray(session: Session, jobs: Jobs, wanted: bool) -> None:
    """Read the open picture anew as an X-ray, or as a slice of CT."""
    selected, loaded = session.selected.value, session.loaded.value
    if selected is not None and loaded is not None and may_be_xray(session) and loaded.info.is_xray != wanted:
        jobs.load(selected, xray=wanted)


def show_beside(session: Session, jobs: Jobs, info: SeriesInfo) -> None:
    """Load a series into the second pane of the side-by-side layout."""
    if not info.loadable:
        session.notice.emit(Notice(info.reason or "This series holds no images.", "warning"))
        return
    jobs.load_beside(info)


def load_scout(session: Session, jobs: Jobs, show: Callable[[LoadedSeries], None]) -> None:
    """Load the open series' localizer in the background, if the study has one, and ``show`` it."""
    loaded = session.loaded.value
    if loaded is None or loaded.scout is None:
        return
    localizer, study = loaded.scout, session.study.value

    def work(report: Callable[[float], None], token: CancellationToken) -> LoadedSeries:
        from inference.io.open import load

        return load(localizer, study=study, cancel=token)

    jobs.run("Scout", work, lambda scout: show(scout) if session.loaded.value is loaded else None, quiet=True)


def step_series(session: Session, jobs: Jobs, by: int) -> None:
    """Go to the next (1) or previous (-1) series that can be loaded, as they are listed; stops at the ends."""
    study = session.study.value
    series = [info for info in by_study(study.series) if info.loadable] if study is not None else []
    selected = session.selected.value
    if not series:
        return
    here = next((n for n, info in enumerate(series) if info is selected), None)
    there = 0 if here is None else here + by
    if 0 <= there < len(series):
        select_series(session, jobs, series[there])


def close_study(session: Session, jobs: Jobs) -> None:
    """Forget the open study and everything that was found or measured on it."""
    jobs.unload()
    session.study.value = None
    session.selected.value = None
    session.maximised.value = None
    session.cine.value = False
    reset_transforms(session)


def reset_transforms(session: Session) -> None:
    """Take back flips and rotations: another series starts in the radiological convention."""
    planes: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
    for plane in planes:
        session.transforms[plane].value = ViewTransform()


def _scanned(session: Session, jobs: Jobs, settings: Settings, path: Path) -> None:
    study = session.study.value
    if study is None:
        return
    settings.remember(path)
    if study.problems:
        session.notice.emit(Notice(_problems(study.problems), "warning"))
    if session.selected.value is not None:
        return  # the reader was faster
    if study.proposed is not None:
        select_series(session, jobs, study.series[study.proposed])
    elif loadable := [info for info in study.series if info.loadable]:
        select_series(session, jobs, loadable[0])
    elif study.series:
        session.notice.emit(Notice(study.series[0].reason or "This study holds no images that can be shown.", "error"))


def _problems(problems: tuple[Problem, ...]) -> str:
    more = len(problems) - 1
    if not more:
        return problems[0].text
    return f"{problems[0].text} ({more} more {'file was' if more == 1 else 'files were'} left out.)"
