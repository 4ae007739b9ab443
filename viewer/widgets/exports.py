"""The Export menu: asks where to and what with, then starts the export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QMessageBox,
    QWidget,
)

from inference.pipeline.cancellation import CancellationToken
from viewer.jobs.runner import Jobs
from viewer.operations import exporting
from viewer.operations.surfaces import surfaces_of
from viewer.state.layers import labels
from viewer.state.session import Notice, Session
from viewer.widgets.actions import Actions
from viewer.widgets.centre import Centre
from viewer.widgets.picture_sheet import Choices, sheet

_SCENE = "surfaces.glb"
_SCALES = ((1.0, "1× (as on the screen)"), (2.0, "2×"), (3.0, "3×"))


class Exports:
    """Connects the actions of the Export menu."""

    def __init__(
        self,
        window: QWidget,
        session: Session,
        jobs: Jobs,
        actions: Actions,
        centre: Centre,
        figures_as_text: Callable[[], str],
    ) -> None:
        self._figures_as_text = figures_as_text
        self._window, self._session, self._jobs, self._centre = window, session, jobs, centre
        actions.on("export_view", lambda: self._export_picture(whole_layout=False))
        actions.on("export_layout", lambda: self._export_picture(whole_layout=True))
        actions.on("copy_picture", self._copy_picture)
        actions.on("copy_figures", self._copy_figures)
        actions.on("export_masks", lambda: self._into_folder(exporting.export_masks, exporting.mask_files(session)))
        actions.on("export_csv", lambda: self._into_folder(exporting.export_tables, exporting.TABLE_FILES))
        actions.on("export_json", lambda: self._into_file(exporting.export_json, "findings.json", "JSON (*.json)"))
        actions.on("export_report", lambda: self._into_file(exporting.export_report, "report.pdf", "PDF (*.pdf)"))
        actions.on("export_mesh", self._export_mesh)

    def picture(self, whole_layout: bool, choices: Choices) -> QImage | None:
        """The annotated picture of the layout, or of the active view; None while it shows nothing."""
        panes, size = self._centre.panes(whole_layout, choices.scale, choices.identity)
        volume = self._centre.volume
        with_3d = "3d" in self._centre.grid.shown() if whole_layout else self._session.active_view.value == "3d"
        more = volume.legend if volume.isVisible() and with_3d else ()
        return sheet(panes, size, self._session, choices, more) if panes else None

    def _export_picture(self, whole_layout: bool) -> None:
        asked = PictureDialog(self._window)
        if asked.exec() != QDialog.DialogCode.Accepted:
            return
        image = self.picture(whole_layout, asked.choices)
        if image is None:
            self._say("This view shows nothing yet.", "warning")
            return
        name = "layout.png" if whole_layout else f"{self._session.active_view.value}.png"
        file, _ = QFileDialog.getSaveFileName(self._window, "Save picture", name, "PNG (*.png)")
        if not file:
            return
        path = _with_suffix(Path(file), ".png")

        def work(report: Callable[[float], None], token: CancellationToken) -> str:
            save_png(image, path, token)
            return f"Picture saved: {path.name}."

        exporting.run(self._session, self._jobs, "Saving the picture", work)

    def _copy_picture(self) -> None:
        image = self.picture(False, Choices())
        if image is not None:
            QGuiApplication.clipboard().setImage(image)
            self._say("Picture copied, without the patient's identity.")

    def _copy_figures(self) -> None:
        text = self._figures_as_text()
        if text:
            QGuiApplication.clipboard().setText(text)
            self._say("Figures copied, without the patient's identity.")

    def _into_folder(self, export: Callable[[Session, Jobs, Path], None], names: tuple[str, ...]) -> None:
        chosen = QFileDialog.getExistingDirectory(self._window, "Export into folder")
        if chosen and self._may_replace(Path(chosen), names):
            export(self._session, self._jobs, Path(chosen))

    def _into_file(self, export: Callable[[Session, Jobs, Path, bool], None], name: str, kind: str) -> None:
        file, _ = QFileDialog.getSaveFileName(self._window, "Export", name, kind)
        if not file:
            return
        with_identity = _ask_identity(self._window)
        if with_identity is not None:
            export(self._session, self._jobs, _with_suffix(Path(file), Path(name).suffix), with_identity)

    def _export_mesh(self) -> None:
        findings, there = self._session.findings.value, self._centre.volume.surfaces
        if findings is None:
            self._say("There is no surface yet: analyse the study first.", "warning")
            return
        keys = [surface.key for surface in there] or [label.key for label in labels()]
        names = (_SCENE, *(f"{key}.stl" for key in keys))
        chosen = QFileDialog.getExistingDirectory(self._window, "Export into folder")
        if not chosen or not self._may_replace(Path(chosen), names):
            return

        def work(report: Callable[[float], None], token: CancellationToken) -> str:
            from viewer.rendering.mesh_export import write_glb, write_stl

            surfaces = there or surfaces_of(findings, report)
            with exporting.all_at_once(Path(chosen), names, token) as stage:
                written = list(write_stl(surfaces, stage, token.check))
                token.check()
                written.append(write_glb(surfaces, stage / _SCENE))
            return f"Surfaces written: {', '.join(path.name for path in written)}."

        exporting.run(self._session, self._jobs, "Exporting surfaces", work)

    def _may_replace(self, folder: Path, names: tuple[str, ...]) -> bool:
        there = [name for name in names if (folder / name).exists()]
        if not there:
            return True
        answer = QMessageBox.question(
            self._window, "Replace files?", f"The folder already holds {', '.join(there)}. Replace?"
        )
        return answer == QMessageBox.StandardButton.Yes

    def _say(self, text: str, level: str = "info") -> None:
        self._session.notice.emit(Notice(text, "warning" if level == "warning" else "info"))


class PictureDialog(QDialog):
    """Scale, legend, identity."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Picture")
        self._scale = QComboBox()
        for scale, words in _SCALES:
            self._scale.addItem(words, scale)
        self._legend = QCheckBox("Legend of the overlays")
        self._legend.setChecked(True)
        self._identity = QCheckBox("Patient identity")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow("Size", self._scale)
        form.addRow(self._legend)
        form.addRow(self._identity)
        form.addRow(buttons)

    @property
    def choices(self) -> Choices:
        """What was ticked."""
        return Choices(float(self._scale.currentData()), self._legend.isChecked(), self._identity.isChecked())


def save_png(image: QImage, path: Path, cancel: CancellationToken | None = None) -> None:
    """Write a PNG whole or not at all. Raises ExportError if it cannot be written, Cancelled if that was asked for."""
    from PySide6.QtCore import QBuffer, QIODevice

    from inference.io.export import replacing

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    token = cancel or CancellationToken()
    with replacing(path) as beside:
        token.check()
        beside.write_bytes(bytes(buffer.data().data()))
        token.check()


def _ask_identity(window: QWidget) -> bool | None:
    box = QMessageBox(QMessageBox.Icon.Question, "Export", "Write the patient's identity into the file?", parent=window)
    without = box.addButton("Without identity", QMessageBox.ButtonRole.AcceptRole)
    with_it = box.addButton("With identity", QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(without)
    box.exec()
    clicked = box.clickedButton()
    return False if clicked is without else True if clicked is with_it else None


def _with_suffix(path: Path, suffix: str) -> Path:
    return path if path.suffix.lower() == suffix else path.with_name(path.name + suffix)
