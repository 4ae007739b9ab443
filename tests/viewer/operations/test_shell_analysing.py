"""Whether a system may run, and how it is started, cancelled and tried again."""

import numpy as np
import pytest

from inference.verdict import Colour, Reason, Verdict
from inference.volume import Units, Volume
from tests.helpers.fake_jobs import FakeJobs
from tests.helpers.slices import asymmetric, loaded, session_on
from viewer.operations import analysing
from viewer.operations.analysing import SystemChoice
from viewer.state.session import Session

RULES = SystemChoice("rules", "Rules", rule_based=True, available=True, explanation="")
LEARNED = SystemChoice("learned", "Learned", rule_based=False, available=False, explanation="")
RED = Verdict((Reason("gap", Colour.RED, "6 slices are missing inside the lung"),))


def test_open_ct_is_analysed_by_the_chosen_system():
    session = session_on(asymmetric())
    jobs = FakeJobs(session)
    assert analysing.analyse(session, jobs, RULES) and jobs.named("analyse") == ["rules"]


def red():
    session = session_on(asymmetric())
    session.verdict.value = RED
    return session


def grey():
    volume = asymmetric()
    session = Session()
    session.loaded.value = loaded(Volume(np.abs(volume.array), volume.geometry, Units.GREY8))
    return session


def loading():
    session = Session()
    session.loading.value = 0.3
    return session


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Session, "Open a chest CT first"),
        (loading, "still being loaded"),
        (red, "6 slices are missing inside the lung"),
        (grey, "no Hounsfield units"),
        (lambda: session_on(asymmetric(), is_xray=True), "X-ray"),
    ],
)
def test_analysis_that_cannot_be_is_refused_with_the_reason(make, why):
    session, told = make(), []
    session.notice.connect(told.append)
    jobs = FakeJobs(session)
    assert not analysing.analyse(session, jobs, RULES)
    assert not jobs.calls and why in told[0].text


def test_amber_verdict_is_no_obstacle():
    session = session_on(asymmetric())
    session.verdict.value = Verdict((Reason("thick", Colour.AMBER, "slices of 5 mm"),))
    assert analysing.why_not(session, RULES) == ""


def test_learned_system_may_look_at_grey_pictures():
    assert analysing.why_not(grey(), LEARNED) == ""


def test_default_is_the_first_system_whose_weights_are_here():
    assert analysing.default_choice((LEARNED, RULES)) is RULES
    assert analysing.default_choice((LEARNED,)) is None
    assert LEARNED.label == "Learned – weights missing"


def test_cancel_ends_the_job_that_started_last_and_says_so_at_once():
    session = Session()
    jobs = FakeJobs(session)
    first, second = jobs.board.start("first"), jobs.board.start("second")
    jobs.board.end(second, "done")
    analysing.cancel_running(session, jobs)
    assert jobs.named("cancel") == [first]
    assert {job.number: job.detail for job in session.jobs.value}[first] == analysing.CANCELLING
