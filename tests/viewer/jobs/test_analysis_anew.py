"""A second analysis: the earlier figures never stand beside its masks, and come back whole when it comes to nothing."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from inference.errors import Cancelled
from inference.pipeline.cancellation import CancellationToken
from inference.pipeline.events import Failed, PartialResult, Succeeded
from tests.helpers.fake_jobs import FakeJobs
from tests.helpers.severity_session import GREEN, analysed, found, opened
from viewer.jobs.analysis import AnalysisJobs, Wish
from viewer.widgets.severity_panel import SeverityPanel
from viewer.widgets.slice_chart import SliceChart

WISH = Wish("densitometry")


class HeldJobs(FakeJobs):
    """Jobs that wait until the test lets them go."""

    def run(self, title, function, on_done=None, *, quiet=False, on_stopped=None):
        self.held = function, on_done, on_stopped
        return self.board.start(title)

    def go(self):
        function, on_done, on_stopped = self.held
        number = self.session.jobs.value[-1].number
        try:
            result = function(lambda fraction: None, CancellationToken())
        except Exception as error:  # noqa: BLE001 - as the runner does
            self.board.end(number, "cancelled" if isinstance(error, Cancelled) else "failed")
            on_stopped(error)
        else:
            self.board.end(number, "done")
            on_done(result)


class Runner:
    """Shows lungs, lets the test look, and ends as it is told."""

    def __init__(self, ending, look=lambda: None):
        self.ending, self.look = ending, look

    def run(self, factory, shared, verdict, buffers, on_event, token, **_):
        buffers.buffers["lungs"].array[...] = found().output.lungs.array
        on_event(PartialResult("lungs", 0, 1))
        self.look()
        buffers.release()
        if isinstance(self.ending, BaseException):
            raise self.ending
        return self.ending


@pytest.fixture
def desk(qtbot):
    def make(session):
        jobs = HeldJobs(session)
        analysis = AnalysisJobs(session, jobs)
        widgets = [SeverityPanel(session), SliceChart(session)]
        for widget in widgets:
            qtbot.addWidget(widget)
        shared = SimpleNamespace(volume=session.loaded.value.volume)

        def start(ending, look=lambda: None):
            analysis._runner = Runner(ending, look)
            return analysis.start(WISH, shared)

        return SimpleNamespace(
            jobs=jobs, analysis=analysis, start=start, panel=widgets[0], chart=widgets[1], session=session
        )

    return make


def test_the_earlier_figures_go_when_the_first_masks_come(desk):
    it = desk(analysed())
    seen = []
    it.session.masks.changed.connect(lambda masks: seen.append(it.session.findings.value))

    def look():
        assert it.session.masks.value.lesions.max() == 0
        assert not it.panel.shows_figures and it.panel.message.title.text() == "Analysing"
        assert it.panel.as_text() == "" and it.panel.as_csv() == ""
        assert "so far" in it.chart.words(20), "not the figures of the earlier analysis"

    it.start(Succeeded(found(), GREEN), look)
    assert it.panel.shows_figures, "until there are masks to show, what was found stays"
    it.jobs.go()
    assert seen[0] is None and it.panel.shows_figures


@pytest.mark.parametrize("ending", [Cancelled(), Failed("died", "The worker has died.")])
def test_without_a_result_masks_and_figures_come_back_together(desk, ending):
    it = desk(analysed())
    earlier = it.session.findings.value
    text, bars = it.panel.as_text(), it.chart.bars
    it.start(ending)
    it.jobs.go()
    assert it.session.findings.value is earlier
    assert it.session.masks.value.lesions is earlier.output.lesions.array
    assert it.panel.as_text() == text and it.chart.bars == bars


def test_a_third_analysis_begins_from_what_was_found_first(desk):
    it = desk(analysed())
    earlier = it.session.findings.value
    it.start(Cancelled(), lambda: it.start(Cancelled()))
    it.jobs.go()
    assert it.session.findings.value is earlier and it.session.masks.value.lungs is earlier.output.lungs.array
    it.jobs.go()
    assert it.session.findings.value is earlier


def test_nothing_is_brought_back_onto_another_series(desk):
    it = desk(analysed())

    def change_series():
        it.analysis.forget()
        it.session.findings.value = None
        it.session.show_masks(None, None)

    it.start(Cancelled(), change_series)
    it.jobs.go()
    assert it.session.findings.value is None and it.session.masks.value.lungs is None


def test_a_first_analysis_without_a_result_leaves_no_masks(desk):
    it = desk(opened())
    it.start(Cancelled())
    it.jobs.go()
    assert it.session.findings.value is None and it.session.masks.value.lungs is None


def test_the_next_cancel_brings_back_the_newer_findings(desk):
    it = desk(analysed())
    newer = replace(found(), slices=found().slices)
    it.start(Succeeded(newer, GREEN))
    it.jobs.go()
    it.start(Cancelled())
    it.jobs.go()
    assert it.session.findings.value is newer
    np.testing.assert_array_equal(it.session.masks.value.lungs, newer.output.lungs.array)
