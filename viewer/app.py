"""The composition root: the only place where session, jobs, systems and widgets are wired together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication

from inference.errors import InferenceError
from inference.pipeline.agreement import COMBINED
from inference.pipeline.cancellation import CancellationToken
from inference.pipeline.xray import CARD as XRAY_READING
from inference.pipeline.xray import readers
from inference.software import version
from inference.systems.readiness import readiness
from inference.systems.registry import SystemCard, cards
from viewer.binding import observe
from viewer.jobs.runner import Jobs
from viewer.messages import message
from viewer.operations.analysing import SystemChoice
from viewer.operations.opening import open_path
from viewer.settings import Preferences, Settings, settings_file
from viewer.state.session import JobState, Notice, Session
from viewer.widgets import theme
from viewer.widgets.main_window import MainWindow


class App:
    """One window and everything behind it.

    Parameters
    ----------
    settings
        What is remembered between starts.
    demo_folder
        Where the demo study is made.
    """

    def __init__(self, settings: Settings, demo_folder: Path) -> None:
        self.settings = settings
        self.session = Session()
        self._prefer_at_start(settings.preferences.value)
        self.jobs = Jobs(self.session, describe)
        self.choices = system_choices()
        self.window = MainWindow(self.session, self.jobs, settings, self.choices, demo_folder)
        observe(self.window, settings.preferences, self._prefer)
        observe(self.window, self.session.segment_anyway, self._keep_segment_anyway)
        self.session.jobs.changed.connect(self._look_again)
        self._warm = False
        self._failed: set[int] = set()
        self.check_weights()
        self.session.loaded.changed.connect(lambda loaded: None if loaded is None else self._warm_up())

    def open(self, path: Path) -> None:
        """Open a study."""
        open_path(self.session, self.jobs, self.settings, path)

    def check_weights(self) -> None:
        """Compare every weight file with its card in the background, and list the systems as they are."""

        def work(report: Callable[[float], None], token: CancellationToken) -> tuple[SystemChoice, ...]:
            return system_choices(hashes=True)

        self.jobs.run("Checking weights", work, self._list, quiet=True)

    def report(self, error: BaseException) -> None:
        """Tell the reader about an error that nobody expected; the viewer goes on."""
        self.session.notice.emit(Notice(describe(error), "error"))

    def _prefer_at_start(self, preferences: Preferences) -> None:
        self.session.interpolate.value = preferences.interpolate
        self.session.identity_hidden.value = preferences.hide_identity
        self.session.segment_anyway.value = preferences.segment_anyway

    def _list(self, choices: tuple[SystemChoice, ...]) -> None:
        if choices != self.choices:
            self.choices = choices
            self.window.commands.set_systems(choices)

    def _look_again(self, jobs: tuple[JobState, ...]) -> None:
        """A failed analysis may have found weights altered since the start."""
        failed = {job.number for job in jobs if job.can_retry and job.ending == "failed"}
        if failed - self._failed:
            self.check_weights()
        self._failed |= failed

    def _keep_segment_anyway(self, wanted: bool) -> None:
        if wanted != self.settings.preferences.value.segment_anyway:
            self.settings.change_preferences(segment_anyway=wanted)

    def _prefer(self, preferences: Preferences) -> None:
        self.session.drag_up_brightens.value = preferences.drag_up_brightens
        self.session.detection_floor.value = preferences.detection_floor

    def _warm_up(self) -> None:
        """Once the first series is on screen: start the spare worker."""
        if not self._warm:
            self._warm = True
            self.jobs.warm_up()


def describe(error: BaseException) -> str:
    """Words for an error. One that nobody expected goes to the log, where in the program and never about whom."""
    if isinstance(error, InferenceError | OSError | MemoryError):
        return str(message(error))
    from inference.commands.log import write_log

    return str(message(error, log=write_log(error)))


def system_choices(*, hashes: bool = False) -> tuple[SystemChoice, ...]:
    """The registered systems in the words of the Analyse menu; last what puts the readers of X-rays together."""
    return (*(_choice(card, hashes) for card in cards()), _xray_reading(hashes))


def start(application: QApplication) -> App:
    """The application's window, shown."""
    from platformdirs import user_cache_path

    prepare(application)
    demo = user_cache_path("groundglass", appauthor=False) / f"demo-{version()}"
    app = App(Settings(settings_file()), demo)
    app.window.show()
    return app


def prepare(app: QApplication) -> None:
    """Names and theme of the application."""
    app.setApplicationName("groundglass")
    app.setApplicationDisplayName("")
    app.setDesktopFileName("groundglass")
    theme.apply(app)


def _choice(card: SystemCard, hashes: bool) -> SystemChoice:
    rule_based = card.kind == "rule-based"
    told = "Fixed rules, no learning, no probabilities." if rule_based else f"Trained on {card.trained_on}."
    ct, xray = (readiness(card, modality, hashes=hashes) for modality in ("ct", "xray"))
    return SystemChoice(
        name=card.name, title=card.title, rule_based=rule_based, available=ct.ready,
        explanation=" ".join((told, *card.limitations[:1])), state=ct.state, problem=ct.sentence, xray=xray.ready,
        xray_problem=xray.sentence, votes=not rule_based and card.name != COMBINED,
        about=(told, *card.limitations, f"Licence: {card.licence}."),
    )  # fmt: skip


def _xray_reading(hashes: bool) -> SystemChoice:
    """All readers of X-rays together: what Analyse does with one."""
    names = [card.title for card in readers(hashes=hashes)]
    problem = "" if names else "No system's weights for X-rays are here."
    return SystemChoice(
        name=XRAY_READING.name, title="X-ray reading", rule_based=False, available=bool(names),
        explanation=f"By {' and '.join(names)}." if names else problem, state="ready" if names else "weights missing",
        problem=problem, ct=False, xray=bool(names), xray_problem=problem, about=XRAY_READING.limitations,
    )  # fmt: skip
