"""The default's recognition is judged as it is asked: both recognisers on the same pictures, together."""

from __future__ import annotations

import pytest

from inference.evaluation.parts import joined
from inference.evaluation.records import Record


def _said(item: str, covid: float, seen: bool = False) -> Record:
    return Record("recognition-slices", item, "img", item, "0", seen, "covid",
                  classes={"non_covid": 1 - covid, "covid": covid})  # fmt: skip


def test_pictures_that_both_have_judged_get_the_mean_of_the_log_odds() -> None:
    first = [_said("a", 0.9), _said("b", 0.5), _said("c", 0.1)]
    second = [_said("c", 0.3, seen=True), _said("a", 0.5), _said("d", 0.9)]
    found = {one.item: one for one in joined([first, second])}
    assert set(found) == {"a", "c"}
    assert found["a"].classes == {"non_covid": pytest.approx(0.25), "covid": pytest.approx(0.75)}
    assert found["c"].seen and not found["a"].seen
