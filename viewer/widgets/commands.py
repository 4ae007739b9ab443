"""What each action does: the one place where actions meet operations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QFileDialog, QMenu, QWidget

from inference.volume import Units
from viewer.binding import bind_checked, bind_choice, observe
from viewer.jobs.runner import Jobs
from viewer.operations import analysing, lobes, looking, marking, opening, reconstructing
from viewer.operations.analysing import SystemChoice
from viewer.operations.reconstructing import Reconstruction
from viewer.settings import Settings
from viewer.state.session import Projection, Session, Slab, Tool
from viewer.widgets.about import About
from viewer.widgets.actions import Actions
from viewer.widgets.help_sheet import HelpSheet
from viewer.widgets.pattern_sheet import PatternSheet
from viewer.widgets.preferences import GRADES, PreferencesDialog
from viewer.widgets.reconstruction_sheet import ReconstructionSheet
from viewer.widgets.systems_sheet import SystemsSheet
from viewer.widgets.tag_viewer import TagViewer
from viewer.widgets.toolbar import LAYOUTS, MEASURE, SLABS, system_actions

TOOLS = {
    Tool.WINDOW: "tool_window", Tool.PAN: "tool_pan", Tool.ZOOM: "tool_zoom", Tool.CROSSHAIR: "tool_crosshair",
    Tool.MAGNIFIER: "tool_magnifier", **MEASURE,
}  # fmt: skip
_NEED_SERIES = (
    "slice_up", "slice_down", "slice_up_10", "slice_down_10", "slice_first", "slice_last", "key_image",
    "next_key_image", "cine", "flip_horizontal", "flip_vertical", "rotate_right", "rotate_left", "window_file",
    "delete_measurements", "export_view", "export_layout", "copy_picture", "maximise", "own_window",
)  # fmt: skip
_NEED_FINDINGS = ("export_masks", "export_mesh", "export_csv", "export_json", "export_report", "copy_figures")
_IMAGES = "*.dcm *.dicom *.ima DICOMDIR *.zip *.nii *.nii.gz *.nrrd *.nhdr *.mha *.mhd *.png *.jpg *.jpeg"
_LOBES_FILTER = "Label maps (*.nii *.nii.gz *.nrrd *.nhdr *.mha *.mhd);;All files (*)"
_OPEN_FILTER = f"Images ({_IMAGES});;All files (*)"


class Commands:
    """Connects actions to operations and keeps them enabled or disabled with the session."""

    def __init__(
        self,
        window: QWidget,
        session: Session,
        jobs: Jobs,
        settings: Settings,
        actions: Actions,
        systems: tuple[SystemChoice, ...],
        demo_folder: Path,
    ) -> None:
        self._window, self._session, self._jobs, self._settings = window, session, jobs, settings
        self._actions, self._systems, self._demo_folder = actions, systems, demo_folder
        self._analysis_asked: list[Callable[[], None]] = []
        self._file()
        self._look()
        self._windows()
        self._analyse()
        self._help()
        self._menu: QMenu | None = None
        observe(window, session.loaded, lambda _: self._enable())
        observe(window, session.findings, lambda _: self._enable())
        observe(window, session.verdict, lambda _: self._enable())

    def on_analysis_asked(self, function: Callable[[], None]) -> None:
        """Call ``function`` whenever the reader started an analysis."""
        self._analysis_asked.append(function)

    def fill_systems(self, menu: QMenu) -> None:
        """List the systems in the Analyse menu; each runs when it is chosen."""
        if self._menu is not menu:
            self._menu = menu
            menu.aboutToShow.connect(self._explain_systems)
        menu.clear()
        rows = tuple((s.name, s.label, s.explanation, s.available) for s in self._systems)
        for action, choice in zip(system_actions(menu, rows), self._systems, strict=True):
            action.triggered.connect(lambda _=False, choice=choice: self.analyse(choice))
        menu.addSeparator()
        menu.addAction(self._actions["compare"])
        menu.addAction(self._actions["about_systems"])

    def set_systems(self, systems: tuple[SystemChoice, ...]) -> None:
        """The state of the systems has changed."""
        self._systems = systems
        if self._menu is not None:
            self.fill_systems(self._menu)
        self._enable()

    def analyse(self, choice: SystemChoice, fallback: str = "") -> None:
        """Run a system on what is open."""
        self._asked(analysing.analyse(self._session, self._jobs, choice, fallback))

    def _asked(self, started: bool) -> None:
        if started:
            for function in self._analysis_asked:
                function()

    def _explain_systems(self) -> None:
        """Each entry can be chosen where it can run on what is open, and says why not elsewhere."""
        for action in self._menu.actions() if self._menu is not None else ():
            choice = next((one for one in self._systems if one.name == action.objectName()), None)
            if choice is not None:
                why = analysing.why_not(self._session, choice)
                action.setEnabled(not why)
                action.setToolTip(why or choice.explanation)

    def open_path(self, path: Path) -> None:
        """Open a study."""
        opening.open_path(self._session, self._jobs, self._settings, path)

    def _file(self) -> None:
        session, jobs, actions = self._session, self._jobs, self._actions
        actions.on("open_folder", self._choose_folder)
        actions.on("open_file", self._choose_file)
        actions.on("open_demo", lambda: opening.open_demo(session, jobs, self._settings, self._demo_folder))
        actions.on("close_study", lambda: opening.close_study(session, jobs))
        actions.on("next_series", lambda: opening.step_series(session, jobs, 1))
        actions.on("previous_series", lambda: opening.step_series(session, jobs, -1))
        actions.on("tags", lambda: self._show_once(lambda: TagViewer(session, self._window)))
        actions.on("preferences", lambda: self._show_once(lambda: PreferencesDialog(self._settings, self._window)))
        actions.on("quit", self._window.close)
        bind_checked(actions["hide_identity"], session.identity_hidden)

    def _look(self) -> None:
        session, actions = self._session, self._actions
        for name, by in (("slice_up", -1), ("slice_down", 1), ("slice_up_10", -10), ("slice_down_10", 10)):
            actions.on(name, partial(looking.step_slice, session, by))
        actions.on("slice_first", lambda: looking.go_to_end(session, last=False))
        actions.on("slice_last", lambda: looking.go_to_end(session, last=True))
        actions.on("key_image", lambda: marking.toggle_key_image(session))
        actions.on("next_key_image", lambda: marking.next_key_image(session))
        actions.on("delete_measurements", lambda: marking.delete_measurements(session))
        own = actions.on("own_window", lambda: looking.toggle_detached(session))
        own.setCheckable(True)

        def check(_: object) -> None:
            own.setChecked(session.active_view.value in session.detached.value)

        observe(own, session.active_view, check)
        observe(own, session.detached, check)
        actions.on("maximise", lambda: looking.toggle_maximised(session))
        for name, value in (
            ("cine", session.cine),
            ("crosshair", session.crosshair_visible),
            ("invert", session.inverted),
            ("interpolate", session.interpolate),
        ):
            bind_checked(actions[name], value)
        for tool, name in TOOLS.items():
            bind_choice(actions[name], session.tool, tool)
        for layout, name in LAYOUTS.items():
            bind_choice(actions[name], session.layout, layout)
            actions.on(name, lambda: setattr(session.maximised, "value", None))
        actions.on("flip_horizontal", lambda: looking.flip(session, "horizontal"))
        actions.on("flip_vertical", lambda: looking.flip(session, "vertical"))
        actions.on("rotate_right", lambda: looking.rotate(session, 1))
        actions.on("rotate_left", lambda: looking.rotate(session, -1))

    def _windows(self) -> None:
        session, actions = self._session, self._actions
        for key in "123456":
            actions.on(f"window_{key}", partial(looking.set_window_preset, session, key))
        actions.on("window_file", lambda: looking.cycle_file_windows(session))
        for projection, name in SLABS.items():
            action = actions.on(name, partial(looking.set_projection, session, projection))
            action.setCheckable(True)
            observe(action, session.slab, partial(_check_slab, action, projection))

    def _analyse(self) -> None:
        session, jobs, actions = self._session, self._jobs, self._actions
        actions.on("analyse", self._analyse_by_default)
        actions.on("compare", lambda: self._asked(analysing.compare(session, jobs, self._systems)))
        actions.on("reconstruction", lambda: reconstructing.reconstruct(session, jobs, self._show_reconstruction))
        actions.on("load_lobes", self._choose_lobes)
        actions.on("forget_lobes", lambda: lobes.forget_lobes(session))
        observe(self._window, session.lobes, lambda there: actions["forget_lobes"].setEnabled(there is not None))
        actions.on("detection_floor", lambda: self._show_once(self._preferences_of_grades))
        actions.on("about_systems", lambda: self._show_once(lambda: SystemsSheet(self._systems, self._window)))
        bind_checked(actions["segment_anyway"], session.segment_anyway)
        xray = actions["treat_as_xray"]
        xray.setCheckable(True)
        xray.triggered.connect(lambda wanted: opening.treat_as_xray(session, jobs, wanted))
        actions.on("cancel_job", lambda: analysing.cancel_running(session, jobs))
        observe(
            self._window,
            session.jobs,
            lambda listed: actions["cancel_job"].setEnabled(any(not job.ending for job in listed)),
        )

    def _analyse_by_default(self) -> None:
        default = analysing.default_choice(self._systems, self._session)
        if default is not None:
            self.analyse(default, analysing.fallback_reason(self._systems, default) if default.ct else "")

    def _show_reconstruction(self, made: Reconstruction) -> None:
        self._show_once(lambda: ReconstructionSheet(made, self._window))

    def _preferences_of_grades(self) -> PreferencesDialog:
        return PreferencesDialog(self._settings, self._window, GRADES)

    def _show_once(self, make: Callable[[], QDialog]) -> None:
        """Open a window that stays beside the images, in the place of the one of its kind that is open."""
        made = make()
        for other in self._window.findChildren(type(made)):
            if other is not made:
                other.close()
        made.show()

    def _help(self) -> None:
        self._actions.on("help", lambda: self._show_once(lambda: HelpSheet(self._settings, self._window)))
        self._actions.on("test_pattern", lambda: self._show_once(lambda: PatternSheet(self._window)))
        self._actions.on("about", lambda: About(self._window).show())

    def _enable(self) -> None:
        loaded, actions = self._session.loaded.value, self._actions
        actions.enable(_NEED_SERIES, loaded is not None)
        actions.enable(_NEED_FINDINGS, self._session.findings.value is not None)
        actions.enable(("tags",), loaded is not None and loaded.tags is not None)
        self._explain_analyse()
        in_hounsfield = loaded is None or loaded.volume.units is Units.HU
        actions.enable(tuple(f"window_{key}" for key in "123456"), in_hounsfield)
        flat = loaded is not None and loaded.volume.geometry.shape[0] == 1
        actions.enable(tuple(name for name in LAYOUTS.values() if name != "layout_axial"), not flat)
        actions.enable(("slab_mip", "slab_minip", "slab_mean"), loaded is not None and not flat)

    def _explain_analyse(self) -> None:
        """The buttons say what they would run, or why they cannot."""
        session, actions = self._session, self._actions
        default = analysing.default_choice(self._systems, session)
        if default is None:
            loaded = session.loaded.value
            xray = loaded is not None and loaded.info.is_xray
            of = "every system that reads X-rays" if xray else "every system"
            self._allow("analyse", f"The weights of {of} are missing.", "")
        else:
            self._allow("analyse", analysing.why_not(session, default), f"Run {default.title}. {default.explanation}")
        compared = "Run every learned system, and map where they agree on infection"
        self._allow("compare", analysing.why_not_compared(session, self._systems), compared)
        self._allow("reconstruction", self._why_no_reconstruction(), "What the multitask network keeps of a slice")
        self._allow("load_lobes", lobes.why_not(session), "Five lobes as labels 1 to 5, on the grid of this series")
        actions["treat_as_xray"].setEnabled(opening.may_be_xray(session))
        loaded = session.loaded.value
        actions["treat_as_xray"].setChecked(loaded is not None and loaded.info.is_xray)

    def _why_no_reconstruction(self) -> str:
        own = next((one for one in self._systems if one.name == reconstructing.SYSTEM), None)
        return (own.problem if own is not None else "") or reconstructing.why_not(self._session)

    def _allow(self, name: str, why_not: str, tip: str) -> None:
        self._actions[name].setEnabled(not why_not)
        self._actions[name].setToolTip(why_not or tip)

    def _choose_folder(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self._window, "Open study folder"):
            self.open_path(Path(chosen))

    def _choose_lobes(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Lobe map of this series", "", _LOBES_FILTER)
        if chosen:
            lobes.load_lobes(self._session, self._jobs, Path(chosen))

    def _choose_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Open file", "", _OPEN_FILTER)
        if chosen:
            self.open_path(Path(chosen))


def _check_slab(action: QAction, projection: Projection, slab: Slab) -> None:
    action.setChecked(slab.projection is projection)
