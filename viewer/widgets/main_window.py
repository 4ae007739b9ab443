"""The window: menu and toolbar, studies and layers on the left, the views, figures on the right, jobs at the foot."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from inference.io.study import LoadedSeries, WindowLevel
from inference.software import NAME
from inference.verdict import Verdict
from viewer.binding import bind_checked, observe
from viewer.jobs.runner import Jobs
from viewer.operations import looking, opening
from viewer.operations.analysing import SystemChoice
from viewer.operations.windowing import WindowForUnits
from viewer.settings import Settings
from viewer.shortcuts import commands
from viewer.state.observable import Value
from viewer.state.session import Session
from viewer.widgets import menus
from viewer.widgets.actions import HELD, Actions
from viewer.widgets.centre import Centre
from viewer.widgets.commands import Commands
from viewer.widgets.exports import Exports
from viewer.widgets.focus import PanelKeys, keep_keys_on_image
from viewer.widgets.frame_state import restored, stored
from viewer.widgets.held_key import HeldKey
from viewer.widgets.job_bar import JobBar
from viewer.widgets.layer_panel import LayerPanel
from viewer.widgets.panels import Panels
from viewer.widgets.scout_view import ScoutView
from viewer.widgets.series_list import title
from viewer.widgets.severity_panel import SeverityPanel
from viewer.widgets.side_panel import SidePanel
from viewer.widgets.slice_chart import SliceChart
from viewer.widgets.start_page import StartPage
from viewer.widgets.study_browser import StudyBrowser, person
from viewer.widgets.toolbar import Toolbar

SMALLEST = (760, 520)
_CHART_HEIGHT = 76
_COMPACT = 1160
"""Narrower windows have a toolbar without words."""
_LOW = 640
"""Lower windows leave the slice chart's room to the images."""
_LEFT_PARTS = (330, 190, 190)


class MainWindow(QMainWindow):
    """Puts the parts together; each part observes the session by itself."""

    def __init__(
        self,
        session: Session,
        jobs: Jobs,
        settings: Settings,
        systems: tuple[SystemChoice, ...],
        demo_folder: Path,
    ) -> None:
        super().__init__()
        self._session, self._jobs, self._settings = session, jobs, settings
        self._windows = WindowForUnits(session)
        self._shown = False
        self.setMinimumSize(*SMALLEST)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.actions_by_name = Actions(self, settings)
        self.commands = Commands(self, session, jobs, settings, self.actions_by_name, systems, demo_folder)
        self._recent = menus.RecentMenu(session, settings, self.commands.open_path)
        self._systems = QMenu("System")
        self.commands.fill_systems(self._systems)
        menus.fill(self.menuBar(), self.actions_by_name, self._recent, self._systems)
        self.toolbar = Toolbar(session, self.actions_by_name, self._recent, self._systems)
        self.addToolBar(self.toolbar)
        self._build()
        self._connect()
        restored(self, settings, session)

    # building -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        session, frame = self._session, self._settings.frame.value
        self.start_page = StartPage(session, self._settings, self.actions_by_name, self.commands.open_path)
        self.centre = Centre(session, self._jobs, self._settings.windows)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.start_page)
        self._stack.addWidget(self.centre)
        self.browser = StudyBrowser(session, self._jobs)
        self.layers = LayerPanel(session)
        self.severity = SeverityPanel(session, self.actions_by_name)
        self.chart = SliceChart(session)
        self.chart.setFixedHeight(_CHART_HEIGHT)
        self.scout = ScoutView(session)
        left = SidePanel(
            "left",
            [("studies", "Studies", self.browser), ("scout", "Scout", self.scout), ("layers", "Layers", self.layers)],
            frame.left_width,
        )
        right = SidePanel("right", [("severity", "Severity", self.severity)], frame.right_width)
        left.set_part_sizes(_LEFT_PARTS)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(self._stack, 1)
        column.addWidget(self.chart)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setHandleWidth(3)
        split.setChildrenCollapsible(False)
        for widget in (left, middle, right):
            split.addWidget(widget)
        split.setStretchFactor(1, 1)
        self.panels = Panels(split, left, right, frame)
        self.job_bar = JobBar(session, self._jobs)
        whole = QWidget()
        outer = QVBoxLayout(whole)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(split, 1)
        outer.addWidget(self.job_bar)
        self.setCentralWidget(whole)
        for panel in (left, right, self.chart):
            keep_keys_on_image(panel)

    def _connect(self) -> None:
        session, actions = self._session, self.actions_by_name
        self.exports = Exports(self, session, self._jobs, actions, self.centre, self.severity.as_text)
        self._held = HeldKey(self, session.layers.all_hidden, self._keys_that_hide)
        self._panel_keys = PanelKeys(self)
        actions.on(HELD, self._held.toggle)
        actions.on("reset", self._reset)
        actions.on("step_back", self.step_back)
        actions["fullscreen"].setCheckable(True)
        actions["fullscreen"].toggled.connect(self._set_fullscreen)
        bind_checked(actions["panel_left"], self.panels.left_open)
        bind_checked(actions["panel_right"], self.panels.right_open)
        self._chart_wanted: Value[bool] = Value(self._settings.frame.value.chart_open)
        bind_checked(actions["panel_chart"], self._chart_wanted)
        observe(self, self._chart_wanted, lambda _: self._show_chart())
        observe(self, session.selected, lambda _: self._show_chart())
        self.commands.on_analysis_asked(lambda: setattr(self.panels.right_open, "value", True))
        observe(self, session.verdict, self._show_refusal)
        observe(self, session.selected, lambda _: self._show_centre())
        observe(self, session.loaded, lambda _: self._show_centre())
        observe(self, session.loading, lambda _: self._show_centre())
        observe(self, session.first_image, lambda _: self._show_centre())
        observe(self, session.selected, lambda _: self._show_title())
        observe(self, session.identity_hidden, lambda _: self._show_title())
        observe(self, session.loaded, lambda loaded: self.scout.setVisible(_stacked(loaded)))
        observe(self, session.loaded, lambda _: opening.load_scout(session, self._jobs, self.scout.show_localizer))

    # what the reader does -----------------------------------------------------------------------------------------

    def step_back(self) -> None:
        """Escape: back by one state, and never out of work."""
        if self.centre.step_back() or looking.step_back(self._session):
            return
        if self.isFullScreen():
            self.actions_by_name["fullscreen"].setChecked(False)

    def _reset(self) -> None:
        looking.reset(self._session)
        self.centre.reset_views()

    def _set_fullscreen(self, full: bool) -> None:
        if full:
            self.showFullScreen()
        else:
            self.showNormal()

    def _keys_that_hide(self) -> tuple[str, ...]:
        present = commands(self._settings.shortcuts.value)
        return next(command.keys for command in present if command.id == HELD)

    # following the session ----------------------------------------------------------------------------------------

    def _show_centre(self) -> None:
        session = self._session
        something = (
            session.loaded.value is not None
            or session.first_image.value is not None
            or (session.loading.value is not None and session.selected.value is not None)
        )
        self._stack.setCurrentWidget(self.centre if something else self.start_page)

    def _show_chart(self) -> None:
        """The chart has its room from the start, so that no image moves when an analysis fills it."""
        info = self._session.selected.value
        stack = info is not None and info.slices > 1
        self.chart.setVisible(self._chart_wanted.value and stack and self.height() >= _LOW)
        self.actions_by_name["panel_chart"].setEnabled(stack)

    def _show_refusal(self, verdict: Verdict | None) -> None:
        """Why nothing is measured must not be hidden in a folded panel."""
        if verdict is not None and not verdict.may_measure:
            self.panels.right_open.value = True

    def _show_title(self) -> None:
        info = self._session.selected.value
        if info is None:
            self.setWindowTitle(NAME)
            return
        hidden = self._session.identity_hidden.value
        self.setWindowTitle(" – ".join((person(info, hidden), title(info, hidden), NAME)))

    # Qt's hooks ---------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """The keyboard begins at the image, and not at the first button; views have their own windows again."""
        super().showEvent(event)
        if not self._shown:
            self._shown = True
            self.centre.grid.own_windows.restore()
        self.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fold the side panels of a small window."""
        super().resizeEvent(event)
        self.panels.fit(self.width())
        self.toolbar.set_compact(self.width() < _COMPACT)
        self._show_chart()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.start_page.set_drag_over(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """The drag went elsewhere."""
        self.start_page.set_drag_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        self.start_page.set_drag_over(False)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        opening.open_dropped(self._session, self._jobs, self._settings, paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the frame, end the jobs, release VTK's window."""
        stored(self, self._settings, self._session)
        self._session.cine.value = False
        self.centre.close_views()
        self._settings.save()
        self._jobs.close()
        super().closeEvent(event)

    def geometry_text(self) -> str:
        """Qt's description of the window's place, for the settings."""
        return bytes(self.saveGeometry().toHex().data()).decode("ascii")

    def restore_geometry_text(self, text: str) -> bool:
        """Put the window where the settings say; False if they do not."""
        return bool(text) and self.restoreGeometry(QByteArray.fromHex(text.encode("ascii")))

    @property
    def hounsfield_window(self) -> WindowLevel:
        """The display window to begin the next study with."""
        return self._windows.hounsfield

    @property
    def chart_wanted(self) -> bool:
        """Whether the reader wants the slice chart while there are findings."""
        return self._chart_wanted.value


def _stacked(loaded: LoadedSeries | None) -> bool:
    """Whether there are slices for a scout to show the place of."""
    return loaded is not None and loaded.volume.geometry.shape[0] > 1
