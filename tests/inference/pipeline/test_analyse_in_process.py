"""Running a system in the same process: events, progress, refusal, cancel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inference.errors import Cancelled, GeometryRefused
from inference.pipeline.analyse import analyse
from inference.pipeline.cancellation import CancellationToken
from inference.pipeline.events import Event, PartialResult, Progress, StageFinished, StageStarted
from inference.verdict import Colour, Reason, Verdict
from tests.helpers.phantoms import chest
from tests.helpers.systems import Thresholds


def test_stages_start_and_finish_in_pairs_and_progress_only_grows() -> None:
    events: list[Event] = []
    analyse(Thresholds(), chest().volume, Verdict(), emit=events.append)
    started = [event.stage for event in events if isinstance(event, StageStarted)]
    finished = [event.stage for event in events if isinstance(event, StageFinished)]
    assert started == finished == ["body", "lung", "lesion", "figures"]
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_lungs_are_published_before_lesions() -> None:
    events: list[Event] = []
    analyse(Thresholds(), chest().volume, Verdict(), emit=events.append)
    assert [event.name for event in events if isinstance(event, PartialResult)] == ["lungs", "lesions"]


def test_a_red_verdict_is_refused_before_anything_runs() -> None:
    red = Verdict((Reason("too_few_slices", Colour.RED, "only 12 slices"),))
    with pytest.raises(GeometryRefused, match="only 12 slices") as refusal:
        analyse(Thresholds(ending="bug"), chest().volume, red)
    assert refusal.value.verdict == red


def test_lungs_that_turn_the_verdict_red_refuse_the_figures() -> None:
    volume = chest(shape=(60, 96, 128)).volume
    gap = replace(volume, missing_slices=(30,))
    amber = Verdict((Reason("gap_outside_lung", Colour.AMBER, "a slice is missing", provisional=True),))
    with pytest.raises(GeometryRefused) as refusal:
        analyse(Thresholds(), gap, amber)
    assert refusal.value.verdict is not None
    assert not refusal.value.verdict.may_measure


def test_cancel_stops_at_the_next_look() -> None:
    token = CancellationToken()

    def stop(event: Event) -> None:
        if isinstance(event, PartialResult):
            token.cancel()

    with pytest.raises(Cancelled):
        analyse(Thresholds(), chest().volume, Verdict(), emit=stop, cancel=token)
