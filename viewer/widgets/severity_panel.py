"""The severity panel: every figure of the analysis, what it rests on, and what was not looked at."""

from __future__ import annotations

from importlib.resources import files

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from inference.findings import Findings
from inference.report import wording
from inference.software import NOTICE
from inference.verdict import Colour, Verdict
from inference.volume import VolumeGeometry
from viewer.binding import observe
from viewer.operations.preliminary import Preliminary, preliminary
from viewer.state.session import Masks, Notice, Session
from viewer.widgets.actions import Actions
from viewer.widgets.figure_label import MARK, Section, text_label
from viewer.widgets.fitness_list import FitnessList, first_up
from viewer.widgets.lesion_list import LesionList
from viewer.widgets.panel_foot import PanelFoot
from viewer.widgets.severity_message import SeverityMessage
from viewer.widgets.severity_opinions import AgreementSection, RecognitionSection, alarm_lines
from viewer.widgets.severity_sections import (
    ClassSection,
    DensitySection,
    HeadlineSection,
    MissedSection,
    RegionSection,
    ZoneSection,
)
from viewer.widgets.severity_text import as_csv, as_text, kind
from viewer.widgets.side_panel import FOLD_ROOM


class SeverityPanel(QWidget):
    """Observes the session; shows a message while there are no figures, or none may be shown.

    With the window's ``actions`` its foot offers the report and the exports.
    """

    def __init__(self, session: Session, actions: Actions | None = None) -> None:
        super().__init__()
        self._session = session
        self._shown: Findings | None = None
        self._rough: tuple[Masks, Preliminary | None] | None = None
        self.setStyleSheet((files("resources") / "stylesheets" / "panel.qss").read_text("utf-8"))
        self.message = SeverityMessage()
        self.figures = _Figures(session)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        self._stack.addWidget(self.figures)
        self.copy_text = _button("Copy", "Copy the figures as text", self._copy_text)
        self.copy_csv = _button("CSV", "Copy the figures as CSV", self._copy_csv)
        heading = text_label("SEVERITY", "heading")
        top = QHBoxLayout()
        top.setContentsMargins(10, 4, FOLD_ROOM, 2)
        top.addWidget(heading, 1)
        top.addWidget(self.copy_text)
        top.addWidget(self.copy_csv)
        self.foot = None if actions is None else PanelFoot(actions, session)
        notice = text_label(f"{NOTICE}.", "dim")
        notice.setContentsMargins(10, 3, 8, 4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self._stack, 1)
        if self.foot is not None:
            column.addWidget(self.foot)
        column.addWidget(notice)
        observe(self, session.findings, lambda _: self._update())
        observe(self, session.verdict, lambda _: self._update())
        observe(self, session.loaded, lambda _: self._update())
        observe(self, session.loading, lambda _: self._update())
        observe(self, session.masks, lambda _: self._update())
        observe(self, session.jobs, lambda _: self._update())

    def as_text(self) -> str:
        """Every figure in words; "" while there are none."""
        findings, verdict = self._session.findings.value, self._session.verdict.value
        if not self._may_show or findings is None:
            return ""
        return as_text(findings, verdict or Verdict(), self._session.co_rads.value)

    def as_csv(self) -> str:
        """The severity table as CSV; "" while there is none."""
        findings, verdict = self._session.findings.value, self._session.verdict.value
        return as_csv(findings, verdict or Verdict()) if self._may_show and findings is not None else ""

    @property
    def shows_figures(self) -> bool:
        """Whether figures are on show, not a message."""
        return self._stack.currentWidget() is self.figures

    @property
    def _may_show(self) -> bool:
        verdict = self._session.verdict.value
        return verdict is None or verdict.may_measure

    @property
    def _analysing(self) -> bool:
        running = any(job.can_retry and not job.ending for job in self._session.jobs.value)
        return running or self._session.masks.value.lungs is not None

    def _so_far(self, geometry: VolumeGeometry) -> Preliminary | None:
        masks = self._session.masks.value
        if self._rough is None or self._rough[0] is not masks:
            self._rough = masks, preliminary(masks, geometry)
        return self._rough[1]

    def _update(self) -> None:
        session = self._session
        findings, verdict, loaded = session.findings.value, session.verdict.value, session.loaded.value
        ready = findings is not None and loaded is not None and self._may_show
        for widget in (self.copy_text, self.copy_csv, *([] if self.foot is None else [self.foot])):
            widget.setVisible(ready)
        if ready and findings is not None:
            if findings is not self._shown:
                self._shown = findings
                self._stack.setCurrentWidget(self.message)  # filling hidden widgets costs no layout
                self.figures.fill(findings)
            self.figures.set_verdict(verdict)
            self._stack.setCurrentWidget(self.figures)
            return
        self._stack.setCurrentWidget(self.message)
        self._shown = None
        if verdict is not None and not self._may_show and (loaded is not None or session.loading.value is None):
            self.message.refuse(verdict)
        elif session.loading.value is not None:
            self.message.say("Loading", "The images are being read. They can be looked at as they arrive.")
        elif loaded is None:
            self.message.say("Nothing open", "Open a chest CT. Analyse then fills this panel.")
        elif session.masks.value.lungs is not None or any(
            job.can_retry and not job.ending for job in session.jobs.value
        ):
            self.message.analysing(self._so_far(loaded.volume.geometry))
        else:
            what = (
                "the lung field and its opacities, and the classes,"
                if loaded.info.is_xray
                else "the lungs and opacities"
            )
            self.message.say("Not analysed yet", f"Analyse finds {what} and fills this panel.", verdict)

    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(self.as_text())
        self._session.notice.emit(Notice("The figures were copied as text, without the patient."))

    def _copy_csv(self) -> None:
        QGuiApplication.clipboard().setText(self.as_csv())
        self._session.notice.emit(Notice("The figures were copied as CSV, without the patient."))


class _Figures(QScrollArea):
    """The sections, one above the other."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._verdict: Verdict | None = None
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.amber_line = QFrame()
        self.amber_line.setProperty("role", "amberline")
        self.amber_line.hide()
        self.amber_text = text_label("", "amber")
        self.amber_text.setContentsMargins(10, 2, 8, 2)
        self.amber_text.hide()
        self.alarms = text_label("", "amber")
        self.alarms.setContentsMargins(10, 2, 8, 2)
        self.headline = HeadlineSection(session)
        self.recognition = RecognitionSection(session)
        self.agreement = AgreementSection(session)
        self.regions = RegionSection(session)
        self.zones = ZoneSection(session)
        self.classes = ClassSection(session)
        self.missed = MissedSection(session)
        self.density = DensitySection(session)
        self.lesions = Section("LESIONS")
        self.lesion_list = LesionList(session)
        self.no_lesions = text_label("No opacity of the listed size was found.")
        self.lesions.body.addWidget(self.lesion_list)
        self.lesions.body.addWidget(self.no_lesions)
        self.fitness = FitnessList()
        self.notes = _Words("NOTES")
        self.not_assessed = _Words("NOT ASSESSED")
        self.provenance = _Words("MADE BY")
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 0, 4, 8)
        column.setSpacing(6)
        column.addWidget(self.amber_line)
        column.addWidget(self.amber_text)
        column.addWidget(self.alarms)
        for section in (*self.measured, self.fitness, self.notes, self.not_assessed, self.provenance):
            column.addWidget(section)
        column.addStretch(1)
        self.setWidget(content)

    @property
    def measured(self) -> tuple[Section, ...]:
        """The sections that hold figures, and so carry the amber line."""
        return (
            self.headline, self.zones, self.classes, self.recognition, self.agreement, self.regions, self.missed,
            self.density, self.lesions,
        )  # fmt: skip

    def fill(self, findings: Findings) -> None:
        """Show an analysis."""
        for section in (
            self.headline, self.recognition, self.agreement, self.regions, self.zones, self.classes, self.missed,
            self.density,
        ):  # fmt: skip
            section.fill(findings)
        xray = findings.output.modality == "xray"
        for volumetric in (self.regions, self.classes, self.lesions):
            volumetric.setVisible(not xray)
        alarms = wording.alarms(findings)
        self.alarms.setText("\n".join(f"{MARK} {text}" for text in alarm_lines(findings)))
        self.alarms.setVisible(bool(alarms))
        self.lesions.set_title(f"LESIONS ({len(findings.lesions)})")
        self.lesions.set_tip(f"{wording.definitions('lesions')[0]}\n\nPoint at a row to outline it, click to go there.")
        self.lesion_list.setVisible(bool(findings.lesions))
        self.no_lesions.setVisible(not findings.lesions)
        self.lesion_list.set_lesions(findings.lesions)
        self.notes.set_lines([warning.text for warning in findings.warnings if warning.text not in alarms])
        self.not_assessed.set_lines([first_up(wording.NOT_ASSESSED), wording.LOOKALIKES])
        self.provenance.set_lines(_provenance(findings))

    def set_verdict(self, verdict: Verdict | None) -> None:
        """Show the verdict's rows, and mark every figure if it is amber."""
        if verdict is self._verdict:
            return
        self._verdict = verdict
        amber = verdict is not None and verdict.colour is Colour.AMBER
        self.fitness.set_verdict(verdict)
        self.amber_line.setVisible(amber)
        self.amber_text.setVisible(amber)
        if verdict is not None and amber:
            reasons = "; ".join(reason.text for reason in verdict.reasons)
            self.amber_text.setText(f"{MARK} Measurements limited: {reasons}")
        for section in self.measured:
            section.set_marked(amber)


class _Words(Section):
    """A heading with lines of words; hidden without any."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.text = text_label("", "small")
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.body.addWidget(self.text)

    def set_lines(self, lines: list[str]) -> None:
        """Show the lines."""
        self.setVisible(bool(lines))
        self.text.setText("\n".join(lines))


def _provenance(findings: Findings) -> list[str]:
    provenance, output = findings.output.provenance, findings.output
    lines = [f"{wording.origin(findings)}, {kind(findings)}, {provenance.device}"]
    if provenance.trained_on:
        lines.append(f"Trained on {provenance.trained_on}")
    lines += [f"{weights.name} {weights.sha256[:12]}" for weights in provenance.weights]
    if provenance.fallback_reason:
        lines.append(provenance.fallback_reason)
    lines += [text[:1].upper() + text[1:] for text in provenance.options]
    if output.thresholds:
        lines.append(
            ", ".join(
                f"{name.replace('_', ' ').replace(' hu', ' HU')} {f'{value:g}'.replace('-', '−')}"
                for name, value in output.thresholds.items()
            )
        )
    return [*lines, *(f"Limits: {text}" for text in wording.limits(findings))]


def _button(text: str, tip: str, on_click: object) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setProperty("role", "small")
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(on_click)
    return button
