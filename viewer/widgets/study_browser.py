"""The study on the left: its series appear one by one, the proposed one says why, a click opens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer
from PySide6.QtWidgets import QAbstractItemView, QLabel, QListView, QMenu, QVBoxLayout, QWidget

from inference.io.study import LoadedSeries, SeriesInfo, Study
from inference.verdict import Verdict
from viewer.binding import listen, observe
from viewer.jobs.runner import Jobs
from viewer.operations.opening import select_series, show_beside
from viewer.operations.thumbnails import make_thumbnails
from viewer.state.session import Layout, Session
from viewer.state.studies import date_words
from viewer.widgets.series_list import SeriesDelegate, SeriesModel


class StudyBrowser(QWidget):
    """Series of the open study."""

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__()
        self._session, self._jobs = session, jobs
        self._thumbnails: int | None = None
        self._without_picture: list[SeriesInfo] = []
        self._heading = QLabel("STUDY")
        self._heading.setProperty("role", "heading")
        self._who = QLabel()
        self._who.setTextFormat(Qt.TextFormat.PlainText)
        self._who.setWordWrap(True)
        self._what = QLabel()
        self._what.setProperty("role", "dim")
        self._what.setWordWrap(True)
        self.model = SeriesModel()
        self.list = QListView()
        self.list.setModel(self.model)
        self._delegate = SeriesDelegate(self.model)
        self.list.setItemDelegate(self._delegate)
        self.list.setMouseTracking(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.clicked.connect(self._open)
        self.list.activated.connect(self._open)
        self.list.customContextMenuRequested.connect(self._menu)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(3)
        for label in (self._heading, self._who, self._what):
            label.setContentsMargins(10, 0, 8, 0)
            column.addWidget(label)
        column.addWidget(self.list, 1)
        listen(self, session.series_found, self._found)
        observe(self, session.study, self._show_study)
        observe(self, session.scanning, lambda _: self._show_words())
        observe(self, session.selected, self._show_opened)
        observe(self, session.verdict, self._show_verdict)
        observe(self, session.loaded, self._show_loaded)
        observe(self, session.identity_hidden, self._hide_identity)
        listen(self, session.loading.changed, lambda _: self._start_thumbnails())

    def _found(self, info: SeriesInfo) -> None:
        self.model.add(info)
        self._show_words()

    def _show_study(self, study: Study | None) -> None:
        if self._thumbnails is not None:
            self._jobs.cancel(self._thumbnails)
            self._thumbnails = None
        series = () if study is None else study.series
        proposed = study.series[study.proposed] if study is not None and study.proposed is not None else None
        self.model.replace(series, proposed)
        self._without_picture = sorted(series, key=lambda info: not info.loadable)
        self._show_words()
        QTimer.singleShot(0, self, self._start_thumbnails)

    def _start_thumbnails(self) -> None:
        """Once the first series is there: until then the disk and the processor belong to it."""
        if self._without_picture and self._session.loading.value is None:
            series, self._without_picture = self._without_picture, []
            self._thumbnails = make_thumbnails(self._jobs, series, self._show_picture)

    def _show_picture(self, info: SeriesInfo, grey: NDArray[np.uint8]) -> None:
        self.model.set_picture(info, grey)

    def _show_opened(self, info: SeriesInfo | None) -> None:
        self.model.opened = info
        self.model.refresh()
        self._show_words()

    def _show_loaded(self, loaded: LoadedSeries | None) -> None:
        if loaded is not None and loaded.info.is_xray:
            self.model.recognise(loaded.info)

    def _show_verdict(self, verdict: Verdict | None) -> None:
        self.model.opened_verdict = verdict
        self.model.refresh()

    def _hide_identity(self, hidden: bool) -> None:
        self.model.identity_hidden = hidden
        self.model.refresh()
        self._show_words()

    def _show_words(self) -> None:
        session, count = self._session, self.model.rowCount()
        series = f"{count} series" if count else ""
        if session.scanning.value and session.study.value is None:
            who, what = "Reading headers…", f"{series} so far" if series else ""
        elif count:
            first = session.selected.value or self.model.at(self.model.index(0))
            hidden = session.identity_hidden.value
            who = person(first, hidden)
            studies = self.model.studies
            which = f"{studies} studies" if studies > 1 else "" if hidden else date_words(first.study_date)
            what = " · ".join(part for part in (which, series) if part)
        else:
            who, what = "Nothing open", ""
        self._heading.setText("STUDIES" if self.model.studies > 1 else "STUDY")
        self._who.setText(who)
        self._what.setText(what)
        self._what.setVisible(bool(what))

    def _open(self, index: QModelIndex) -> None:
        select_series(self._session, self._jobs, self.model.at(index))

    def _menu(self, point: QPoint) -> None:
        index = self.list.indexAt(point)
        if not index.isValid():
            return
        info = self.model.at(index)
        menu = QMenu(self)
        menu.addAction("Open", lambda: select_series(self._session, self._jobs, info)).setEnabled(info.loadable)
        beside = menu.addAction("Show beside the open series", lambda: self._beside(info))
        beside.setEnabled(info.loadable and self._session.loaded.value is not None)
        menu.exec(self.list.viewport().mapToGlobal(point))

    def _beside(self, info: SeriesInfo) -> None:
        self._session.layout.value = Layout.SIDE_BY_SIDE
        show_beside(self._session, self._jobs, info)


def person(info: SeriesInfo, hidden: bool) -> str:
    """Who the patient is, on one line; not while identity is hidden."""
    if hidden:
        return "Identity hidden"
    identity = info.identity
    name = identity.plain_name
    return (
        ", ".join(part for part in (name, identity.patient_id, identity.sex) if part) or "No patient name in the files"
    )
