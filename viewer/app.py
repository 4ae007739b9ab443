"""The composition root: the only place where session, jobs, systems and widgets are wired together."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication

from inference.errors import InferenceError
from inference.software import version
from inference.systems import weights as stored_weights
from inference.systems.registry import SystemCard, cards
from viewer.binding import observe
from viewer.jobs.runner import Jobs
from viewer.messages import message
from viewer.operations.analysing import SystemChoice
from viewer.operations.opening import open_path
from viewer.settings import Preferences, Settings, settings_file
from viewer.state.session import Notice, Session
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
        self._warm = False
        self.session.loaded.changed.connect(lambda loaded: None if loaded is None else self._warm_up())

    def open(self, path: Path) -> None:
        """Open a study."""
        open_path(self.session, self.jobs, self.settings, path)

    def report(self, error: BaseException) -> None:
        """Tell the reader about an error that nobody expected; the viewer goes on."""
        self.session.notice.emit(Notice(describe(error), "error"))

    def _prefer_at_start(self, preferences: Preferences) -> None:
        self.session.interpolate.value = preferences.interpolate
        self.session.identity_hidden.value = preferences.hide_identity

    def _prefer(self, preferences: Preferences) -> None:
        self.session.drag_up_brightens.value = preferences.drag_up_brightens

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


def system_choices() -> tuple[SystemChoice, ...]:
    """The registered systems in the words of the Analyse menu."""
    return tuple(_choice(card) for card in cards())


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


def _choice(card: SystemCard) -> SystemChoice:
    rule_based = card.kind == "rule-based"
    told = "Fixed rules, no learning, no probabilities." if rule_based else f"Trained on {card.trained_on}."
    return SystemChoice(
        name=card.name,
        title=card.title,
        rule_based=rule_based,
        available=_weights_present(card),
        explanation=" ".join((told, *card.limitations[:1])),
    )


def _weights_present(card: SystemCard) -> bool:
    folder = stored_weights.folder()
    return all((folder / file.name).is_file() for file in card.weights)
