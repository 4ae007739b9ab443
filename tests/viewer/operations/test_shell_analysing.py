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


def test_xray_is_read_by_all_its_readers_together_else_by_the_first():
    session = session_on(asymmetric(), is_xray=True)
    one = SystemChoice("one", "One", False, True, "", xray=True)
    both = SystemChoice("x-ray", "X-ray reading", False, True, "", ct=False, xray=True)
    assert analysing.default_choice((RULES, one, both), session) is both
    assert analysing.default_choice((RULES, one), session) is one
    assert analysing.default_choice((RULES,), session) is None
    assert analysing.default_choice((both, RULES)) is RULES, "never on CT"
    assert "is none" in analysing.why_not(session_on(asymmetric()), both)


def test_system_with_missing_weights_is_refused_with_its_sentence_and_the_default_says_why_it_fell_back():
    best = SystemChoice("best", "Best", False, False, "", "weights altered", "Best cannot run: x has another hash.")
    assert best.label == "Best – weights altered"
    session, jobs = session_on(asymmetric()), FakeJobs(session_on(asymmetric()))
    assert not analysing.analyse(session, jobs, best) and not jobs.calls
    assert analysing.fallback_reason((best, RULES), RULES) == best.problem
    assert analysing.fallback_reason((RULES, best), RULES) == ""


def test_systems_are_compared_from_two_votes_on():
    session = session_on(asymmetric())
    jobs = FakeJobs(session)
    votes = tuple(SystemChoice(name, name, False, True, "", votes=True) for name in ("a", "b"))
    missing = SystemChoice("c", "c", False, False, "", votes=True)
    assert not analysing.compare(session, jobs, (RULES, votes[0], missing)) and not jobs.calls
    assert "1 of 2" in analysing.why_not_compared(session, (RULES, votes[0], missing))
    assert analysing.compare(session, jobs, (RULES, *votes, missing))
    assert jobs.named("analyse") == ["rules"] and jobs.named("agreement") == [True]
    assert jobs.named("segment_anyway") == []


def test_wish_to_segment_anyway_goes_with_the_analysis():
    session = session_on(asymmetric())
    jobs = FakeJobs(session)
    analysing.analyse(session, jobs, RULES)
    assert jobs.named("segment_anyway") == []
    session.segment_anyway.value = True
    analysing.analyse(session, jobs, RULES)
    assert jobs.named("segment_anyway") == [True]


def test_cancel_ends_the_job_that_started_last_and_says_so_at_once():
    session = Session()
    jobs = FakeJobs(session)
    first, second = jobs.board.start("first"), jobs.board.start("second")
    jobs.board.end(second, "done")
    analysing.cancel_running(session, jobs)
    assert jobs.named("cancel") == [first]
    assert {job.number: job.detail for job in session.jobs.value}[first] == analysing.CANCELLING
