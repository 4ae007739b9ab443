"""A sixth system, added as docs/adding-a-system.md says, is listed, runs, is measured and takes part in agreement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.commands.systems import choose
from inference.errors import SeriesError
from inference.findings import Agreement, SystemOutput
from inference.labels import Lesion
from inference.pipeline.agreement import agree, members
from inference.pipeline.analyse import analyse
from inference.systems import registry
from inference.systems.learned import Analysis
from inference.systems.registry import MULTITASK, Part, RunContext, SystemCard
from inference.verdict import Verdict
from inference.volume import Volume
from tests.helpers.learned import CASCADE, Recorder, ship_tiny, weights_in
from tests.helpers.phantoms import chest

VOLUME = chest(disease="right", shape=(6, 48, 64), spacing_mm=(40.0, 7.0, 6.0)).volume
CARD = replace(
    MULTITASK, name="toy", title="Toy", paper="", factory="tests.inference.systems.test_learned_sixth:create",
    parts=(Part("lungs", ("cascade-severity-lungs",)), Part("lesions", ("multitask-network",))),
    stages=(("lung", 0.5), ("lesion", 0.5)),
)  # fmt: skip


class Toy:
    @property
    def card(self) -> SystemCard:
        return CARD

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        run = Analysis(CARD, volume, context)
        run.begin("lung")
        lungs, bearing, _ = run.lungs()
        run.begin("lesion")
        said = run.segment(run.model("lesions"), bearing, "lesion", shown="lesions")
        lesions = np.where(said.mask & (lungs > 0), np.uint8(Lesion.UNCLASSIFIED), np.uint8(0))
        return run.output(lungs, lesions, sources={"unclassified": "learned"})


def create() -> Toy:
    return Toy()


@pytest.fixture
def installed(folder: Path) -> Iterator[None]:
    registry.register(CARD)
    try:
        yield
    finally:
        registry.unregister("toy")


def test_sixth_system_is_listed_last_and_measured(installed: None) -> None:
    assert registry.cards()[-1].name == "toy"
    assert choose("toy")[0].name == "toy"
    findings, _ = analyse("toy", VOLUME, Verdict())
    assert findings.output.provenance.system == "toy"
    assert len(findings.output.provenance.weights) == 2
    assert findings.manifestations["unclassified"].source == "learned"


def test_sixth_system_is_gone_when_taken_away() -> None:
    with pytest.raises(SeriesError, match="no system named toy"):
        registry.card("toy")


def test_agreement_counts_every_system_that_can_run_and_names_the_rest(installed: None) -> None:
    chosen, left_out = members()
    assert [card.name for card in chosen] == ["cascade-severity", "multitask", "toy"]
    assert set(left_out) == {"jcs", "specialised-streams", "covid-mtnet"}
    found, warnings = agree(VOLUME, Recorder())
    assert isinstance(found, Agreement)
    by_hand = np.zeros(VOLUME.array.shape, int)
    for name in found.systems:
        output = registry.create(name).run(VOLUME, Recorder())
        by_hand += (output.lesions.array > 0) & (output.lungs.array > 0)
    np.testing.assert_array_equal(found.marks.array, by_hand)
    marked = by_hand[by_hand > 0]
    assert found.shares == pytest.approx({"one": (marked == 1).mean(), "some": (marked == 2).mean(),
                                          "all": (marked == 3).mean()})  # fmt: skip
    assert len(found.dice) == 3
    assert "agreement_incomplete" in {warning.code for warning in warnings}


def test_agreement_is_in_the_findings_of_an_analysis(installed: None) -> None:
    findings, _ = analyse("cascade-severity", VOLUME, Verdict(), agreement=True)
    agreement = findings.output.agreement
    assert agreement is not None
    assert agreement.systems == ("cascade-severity", "multitask", "toy")
    assert agreement.percentages["cascade-severity"] == pytest.approx(findings.severity.percentage_of_infection)


def test_systems_that_mark_different_places_are_a_warning(installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.pipeline.agreement.LEAST_DICE", 1.01)
    assert "systems_disagree" in {warning.code for warning in agree(VOLUME, Recorder())[1]}


def test_one_system_alone_agrees_with_nobody(tmp_path: Path) -> None:
    ship_tiny(tmp_path, *CASCADE)
    with weights_in(tmp_path):
        found, warnings = agree(VOLUME, Recorder())
    assert found is None
    assert [warning.code for warning in warnings] == ["agreement_unavailable"]
