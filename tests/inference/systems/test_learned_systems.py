"""Every learned system from volume to masks: place, classes, order, cancel, repetition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.errors import Cancelled, InputShapeError
from inference.findings import SystemOutput
from inference.labels import INFECTED, Lesion, Lung
from inference.pipeline.analyse import analyse
from inference.systems.registry import RunOptions, card, create
from inference.systems.specialised_streams.config import STREAMS
from inference.verdict import Verdict
from inference.volume import Units, Volume
from tests.helpers.learned import CASCADE, Recorder, RuleModel, ruled, ship_tiny, weights_in
from tests.helpers.phantoms import Chest, chest

SYSTEMS = ("consensus", "cascade-severity", "jcs", "specialised-streams", "covid-mtnet", "multitask")
SMALL_CHEST = chest(disease="right", shape=(6, 48, 64), spacing_mm=(40.0, 7.0, 6.0))
SMALL = SMALL_CHEST.volume


def solid(position: str, code: str | None = None) -> Chest:
    """Disease of one density in the right lung only: what the stub networks can see."""
    return chest(disease="right", position=position, code=code, shape=(24, 96, 128), spacing_mm=(12.0, 3.2, 3.0),
                 ground_glass_hu=-140.0, consolidation_hu=-140.0, vessels=False, noise_hu=0.0)  # fmt: skip


@pytest.fixture
def rules(tmp_path: Path) -> Iterator[dict[str, RuleModel]]:
    with ruled(tmp_path) as models:
        yield models


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return 2 * int((first & second).sum()) / max(1, int(first.sum()) + int(second.sum()))


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize(("position", "code"), [("HFS", None), ("FFP", None), ("HFS", "SLP")])
def test_disease_stays_in_the_right_lung_whatever_the_grid(
    name: str, position: str, code: str | None, rules: dict[str, RuleModel]
) -> None:
    case = solid(position, code)
    output = create(name).run(case.volume, Recorder())
    assert output.sides_known
    for side in (Lung.RIGHT, Lung.LEFT):
        overlap = dice(output.lungs.array == side, case.lungs == side)
        assert overlap > 0.8
    infected = np.isin(output.lesions.array, INFECTED) & (output.lungs.array > 0)
    truth = np.isin(case.lesions, INFECTED)
    found, strayed = int((infected & truth).sum()), int((infected & (case.lungs == Lung.LEFT)).sum())
    assert found > 0.6 * int(truth.sum())
    assert found > 3 * strayed


def test_without_orientation_no_side_is_named(rules: dict[str, RuleModel]) -> None:
    case = solid("HFS")
    volume = replace(case.volume, geometry=replace(case.volume.geometry, orientation_known=False))
    output = create("cascade-severity").run(volume, Recorder())
    assert not output.sides_known
    assert set(np.unique(output.lungs.array)) == {0, Lung.SIDE_UNKNOWN}


@pytest.mark.parametrize("name", SYSTEMS)
def test_lungs_are_shown_before_lesions_and_stages_follow_the_card(name: str, tiny: Path) -> None:
    heard = Recorder()
    output = create(name).run(SMALL, heard)
    shown = [mask for mask, _, _, _ in heard.published]
    assert shown[0] == "lungs"
    assert shown[-1] == "lesions"
    assert [stage for stage, _ in card(name).stages if stage in heard.stages] == heard.stages
    np.testing.assert_array_equal(heard.published[-1][1], output.lesions.array)


@pytest.mark.parametrize("name", SYSTEMS)
def test_same_volume_gives_the_same_answer(name: str, tiny: Path) -> None:
    first, second = (create(name).run(SMALL, Recorder()) for _ in range(2))
    np.testing.assert_array_equal(first.lungs.array, second.lungs.array)
    np.testing.assert_array_equal(first.lesions.array, second.lesions.array)
    assert first.probabilities == second.probabilities
    assert first.recognition == second.recognition
    assert first.heatmap is not None and second.heatmap is not None
    np.testing.assert_array_equal(first.heatmap.array, second.heatmap.array)


@pytest.mark.parametrize("name", SYSTEMS)
def test_cancel_is_heeded_in_every_stage(name: str, tiny: Path) -> None:
    whole = Recorder()
    create(name).run(SMALL, whole)
    for look in sorted({1, whole.looks // 3, 2 * whole.looks // 3, whole.looks}):
        with pytest.raises(Cancelled):
            create(name).run(SMALL, Recorder(stop_at=look))


@pytest.mark.parametrize("name", ["cascade-severity", "jcs", "covid-mtnet", "multitask"])
def test_opacity_without_class_is_label_4(name: str, rules: dict[str, RuleModel]) -> None:
    output = create(name).run(solid("HFS").volume, Recorder())
    assert set(np.unique(output.lesions.array)) == {0, Lesion.UNCLASSIFIED}
    assert set(output.sources) == {"unclassified"}


def test_findings_name_weights_device_and_configuration(tiny: Path) -> None:
    findings, _ = analyse("cascade-severity", SMALL, Verdict())
    told = findings.output.provenance
    assert told.system == "cascade-severity"
    assert told.config == "compact"
    assert len(told.weights) == 2
    assert findings.explanation.heat_in_lung is not None


def test_numbers_that_are_no_densities_are_refused(tiny: Path) -> None:
    with pytest.raises(InputShapeError, match="neither Hounsfield"):
        create("multitask").run(replace(SMALL, units=Units.UNKNOWN), Recorder())


def eight_bit(case: Chest) -> Volume:
    grey = (np.clip((case.volume.array.astype(np.float32) + 1024) / 2524, 0, 1) * 255).astype(np.int16)
    return replace(case.volume, array=grey, units=Units.GREY8)


@pytest.mark.parametrize("name", SYSTEMS)
def test_eight_bit_slices_are_judged_too(name: str, tiny: Path) -> None:
    output = create(name).run(eight_bit(chest(shape=(6, 48, 64), spacing_mm=(40.0, 7.0, 6.0))), Recorder())
    assert not {"consolidation_hu", "veto_hu"} & set(output.thresholds)
    assert output.lungs.array.shape == (6, 48, 64)


def test_slices_without_lung_are_not_shown_to_the_lesion_network(rules: dict[str, RuleModel]) -> None:
    model = rules["cascade-severity-lesions-compact"]
    model.asked = 0
    output = create("cascade-severity").run(solid("HFS").volume, Recorder())
    assert model.asked == int((output.lungs.array > 0).any(axis=(1, 2)).sum()) < 24


def recognised(covid: float, name: str, folder: Path, options: RunOptions) -> SystemOutput:
    with ruled(folder, covid=covid):
        return create(name).run(solid("HFS").volume, Recorder(options=options))


def test_jcs_segments_only_what_it_recognises_unless_asked(tmp_path: Path) -> None:
    silent = recognised(0.1, "jcs", tmp_path, RunOptions())
    assert not silent.lesions.array.any()
    assert silent.sources == {} and not silent.segmented
    assert "not_segmented" in {warning.code for warning in silent.warnings}
    assert recognised(0.1, "jcs", tmp_path, RunOptions(segment_anyway=True)).lesions.array.any()
    found = recognised(0.9, "jcs", tmp_path, RunOptions())
    assert found.lesions.array.any() and found.segmented


@pytest.mark.parametrize("name", ["jcs", "cascade-severity", "consensus"])
def test_lung_that_a_network_leaves_out_withholds_or_qualifies_the_grade(name: str, tmp_path: Path) -> None:
    """A right lung without air: the networks of the rule take only what is nearly air for lung."""
    volume = chest(disease="none", white_lung="right").volume
    with ruled(tmp_path):
        findings, _ = analyse(name, volume, Verdict())
    assert findings.severity.qualifier in {"at least", "withheld"}
    assert findings.severity.possibly_missed_percent["right"] > 10 > findings.severity.possibly_missed_percent["left"]


def test_streams_and_manifestations_run_though_recognition_is_negative(tmp_path: Path) -> None:
    output = recognised(0.1, "specialised-streams", tmp_path, RunOptions())
    assert output.recognition is not None and output.recognition.positive is False
    assert set(output.probabilities) == set(STREAMS)
    assert (output.lesions.array == Lesion.CONSOLIDATION).any()


def test_stream_that_was_not_trained_is_not_looked_for_and_said(tmp_path: Path) -> None:
    names = ("specialised-streams-recogniser", "specialised-streams-manifestations",
             "specialised-streams-ground-glass", "cascade-severity-lungs")  # fmt: skip
    ship_tiny(tmp_path, *(f"{name}-compact" for name in names))
    with weights_in(tmp_path):
        output = create("specialised-streams").run(SMALL, Recorder())
    assert set(output.sources) == {"ground_glass"}
    assert {"no_consolidation_stream", "no_effusion_stream"} <= {warning.code for warning in output.warnings}


def test_consensus_splits_by_printed_cutoff_where_no_stream_was_trained(tmp_path: Path) -> None:
    ship_tiny(tmp_path, *CASCADE)
    with weights_in(tmp_path):
        output = create("consensus").run(SMALL, Recorder())
    assert output.sources == {"ground_glass": "rule", "consolidation": "rule", "effusion": "rule"}
    assert output.thresholds["consolidation_hu"] == -300.0
    assert output.rib_cage is not None
    assert SMALL.array[output.lesions.array == Lesion.CONSOLIDATION].mean() > -300


def _only_effusion(grey: np.ndarray) -> dict[str, np.ndarray]:
    """Fluid wherever the soft-tissue picture (-160 to 240 HU) is about as bright as water."""
    water = ((grey[:, 1] > 0.38) & (grey[:, 1] < 0.46)).astype(np.float32)
    return {"mask": np.stack([1 - water, water], axis=1)}


def test_consensus_adds_the_streams_fluid_to_that_of_the_rules_and_takes_it_from_the_lung(tmp_path: Path) -> None:
    case = chest(disease="none", vessels=False, noise_hu=0.0)
    array = case.volume.array.copy()
    turned = case.volume.geometry.orientation.apply(case.lungs)
    rows = np.flatnonzero((turned == Lung.RIGHT).any(axis=(0, 2)))
    level = int(rows[len(rows) // 2])  # a pool in the middle of the right lung, where no rule looks for one
    pool = case.lungs == Lung.RIGHT
    pool[:, : level - 2], pool[:, level + 2 :] = False, False
    array[pool] = 8
    with ruled(tmp_path) as models:
        models["specialised-streams-effusion-compact"].rule = _only_effusion
        output = create("consensus").run(replace(case.volume, array=array), Recorder())
    fluid = output.lesions.array == Lesion.EFFUSION
    assert output.sources["effusion"] == "learned" and output.thresholds["effusion_probability"] == 0.5
    assert (fluid & pool).sum() > 0.85 * fluid.sum()
    assert (fluid & pool).sum() > 0.4 * pool.sum()  # the stub sees the thin pool at half of its pixels
    assert not (output.lungs.array[fluid] > 0).any()


def test_stream_that_sees_soft_tissue_is_not_asked_about_eight_bit_pictures(tmp_path: Path) -> None:
    ship_tiny(tmp_path)
    ship_tiny(tmp_path, "specialised-streams-effusion-compact", channels=("local", "soft"))
    with weights_in(tmp_path):
        output = create("specialised-streams").run(eight_bit(SMALL_CHEST), Recorder())
    assert "effusion" not in output.sources
    assert "no_effusion_stream" in {warning.code for warning in output.warnings}
