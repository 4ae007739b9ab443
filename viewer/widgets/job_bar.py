"""The one bar for every long job: what runs, how far, how long still, Cancel; then how it ended."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from inference.findings import Findings
from inference.software import NOTICE, version
from viewer.binding import observe
from viewer.jobs.runner import Jobs
from viewer.operations import analysing
from viewer.state.session import JobState, Session
from viewer.widgets.notices import NoticeLine

_ENDING_MS = 8000
_DONE_MS = 2500
"""What ended well is seen on the screen; its line need not stay."""
_ENDINGS = {"refused": "not measured"}
_DEVICES = {"cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (MPS)"}
_STAGES = {"read": "reading", "lung": "lungs", "lesion": "lesions", "body": "body outline", "assess": "figures"}


class JobBar(QWidget):
    """The window's foot: the job that started last, the notices, and what the program is."""

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__()
        self.setObjectName("footer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session, self._jobs = session, jobs
        self._job: JobState | None = None
        self._title = QLabel()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(150)
        self._button = QPushButton("Cancel")
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.clicked.connect(self._press)
        self._notices = NoticeLine(session)
        self._standing = QLabel(standing())
        self._standing.setProperty("role", "dim")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 3, 10, 3)
        row.setSpacing(10)
        for widget in (self._title, self._bar, self._button):
            row.addWidget(widget)
        row.addWidget(self._notices, 1)
        row.addWidget(self._standing)
        self.setFixedHeight(32)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._dismiss)
        self._clear()
        observe(self, session.jobs, self._show)
        observe(self, session.findings, self._tell_device)

    @property
    def text(self) -> str:
        """What the bar says about the job."""
        return self._title.text()

    @property
    def standing(self) -> str:
        """What the bar always says: what the program is for, where it last computed, its version."""
        return self._standing.text()

    @property
    def button(self) -> QPushButton:
        """Cancel while a job runs, Retry after a worker's death."""
        return self._button

    def _tell_device(self, findings: Findings | None) -> None:
        """Only an analysis shows where it runs: what is chosen automatically is not known before."""
        if findings is not None:
            device = findings.output.provenance.device
            self._standing.setText(standing(device))
            self._standing.setToolTip(f"The last analysis ran on {_DEVICES.get(device, device)}" if device else "")

    def _show(self, jobs: tuple[JobState, ...]) -> None:
        self._forget_mended(jobs)
        running = [job for job in jobs if not job.ending]
        shown = running or list(jobs)
        job = shown[-1] if shown else None
        if job == self._job and len(running) < 2:
            return
        self._job = job
        self._timer.stop()
        if job is None:
            self._clear()
            return
        others = len(running) - 1
        self._title.setText(sentence(job) + (f"  (+{others} more)" if others > 0 else ""))
        self._title.setToolTip(job.message)
        self._bar.setVisible(not job.ending)
        self._bar.setRange(0, 0 if job.fraction is None else 1000)
        if job.fraction is not None:
            self._bar.setValue(round(1000 * job.fraction))
        retry = _may_retry(job)
        self._button.setText("Retry" if retry else "Cancel")
        self._button.setEnabled(bool(job.ending) or job.detail != analysing.CANCELLING)
        self._button.setVisible(retry or not job.ending)
        if job.ending and not retry:
            self._timer.start(_DONE_MS if job.ending == "done" else _ENDING_MS)

    def _forget_mended(self, jobs: tuple[JobState, ...]) -> None:
        """A failed analysis is history once another one has started: its line and its message go."""
        tries = [job for job in jobs if job.can_retry]
        for job in tries[:-1]:
            if job.ending == "failed":
                if self._notices.text == job.message:
                    self._notices.clear()
                QTimer.singleShot(0, self, partial(self._jobs.board.dismiss, job.number))

    def _clear(self) -> None:
        self._title.setText("")
        self._bar.hide()
        self._button.hide()

    def _press(self) -> None:
        if self._job is None:
            return
        if self._job.ending:
            analysing.retry(self._jobs)
        else:
            analysing.cancel(self._jobs, self._job.number)

    def _dismiss(self) -> None:
        """Take away what ended well a while ago; what can be tried again stays until it is."""
        for job in self._session.jobs.value:
            if job.ending and not _may_retry(job):
                self._jobs.board.dismiss(job.number)


def standing(device: str = "") -> str:
    """The words at the right end of the foot; without a device as long as none is known."""
    return "  ·  ".join(part for part in (NOTICE, _DEVICES.get(device, device), f"v{version()}") if part)


def sentence(job: JobState) -> str:
    """One line on a job: title, stage, percentage and time left, or how it ended."""
    if job.ending:
        return f"{job.title} · {_ENDINGS.get(job.ending, job.ending)}"
    parts = [job.title]
    stage = _STAGES.get(job.detail, job.detail)
    percent = "" if job.fraction is None else f"{100 * job.fraction:.0f} %"
    if stage or percent:
        parts.append(f"{stage} {percent}".strip())
    if job.seconds_left is not None and job.seconds_left >= 1:
        parts.append(f"{job.seconds_left:.0f} s left")
    return " · ".join(parts)


def _may_retry(job: JobState) -> bool:
    return job.ending == "failed" and job.can_retry
