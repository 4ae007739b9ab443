"""Densitometry on phantoms with known truth: lungs, sides, opacities, fluid, and what it must not claim."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.errors import Cancelled, InputShapeError
from inference.findings import SystemOutput
from inference.labels import INFECTED, Lesion, Lung
from inference.quantification.assess import assess
from inference.systems.densitometry.system import create
from inference.systems.registry import DENSITOMETRY
from inference.volume import Units, Volume, VolumeGeometry
from tests.helpers.phantoms import Chest, chest


class Recorder:
    """A context that writes down what it is told, and may ask to stop at the n-th word."""

    device, config = "cpu", ""

    def __init__(self, stop_at: int | None = None) -> None:
        self.words = 0
        self.stop_at = stop_at
        self.stages: list[str] = []
        self.published: list[tuple[str, str, NDArray[np.uint8], int, int]] = []

    def _word(self) -> None:
        self.words += 1
        if self.words == self.stop_at:
            raise Cancelled

    def stage(self, name: str) -> None:
        self._word()
        self.stages.append(name)

    def progress(self, fraction: float) -> None:
        self._word()
        assert 0.0 <= fraction <= 1.0

    def publish(self, name: str, labels: NDArray[np.uint8], first: int, last: int) -> None:
        self._word()
        self.published.append((name, self.stages[-1], labels.copy(), first, last))


def run(volume: Volume) -> SystemOutput:
    return create().run(volume, Recorder())


def dice(first: NDArray[Any], second: NDArray[Any]) -> float:
    return float(2 * (first & second).sum() / max(1, int(first.sum() + second.sum())))


def infected(output: SystemOutput) -> NDArray[np.bool_]:
    return np.isin(output.lesions.array, INFECTED)


def percentage(output: SystemOutput) -> float:
    lung = output.lungs.array > 0
    return float(100 * (infected(output) & lung).sum() / lung.sum())


def canonical(case: Chest, mask: NDArray[Any]) -> NDArray[Any]:
    return case.volume.canonical()[1].apply(mask)


@pytest.fixture(scope="module")
def both_sides() -> tuple[Chest, SystemOutput]:
    case = chest(disease="both")
    return case, run(case.volume)


def test_lungs_agree_with_the_truth_on_each_side(both_sides: tuple[Chest, SystemOutput]) -> None:
    case, output = both_sides
    assert output.sides_known
    for side in (Lung.RIGHT, Lung.LEFT):
        assert dice(output.lungs.array == side, case.lungs == side) > 0.98


def test_opacities_are_found_by_class(both_sides: tuple[Chest, SystemOutput]) -> None:
    case, output = both_sides
    assert dice(output.lesions.array == Lesion.GROUND_GLASS, case.lesions == Lesion.GROUND_GLASS) > 0.95
    assert dice(output.lesions.array == Lesion.CONSOLIDATION, case.lesions == Lesion.CONSOLIDATION) > 0.7
    assert abs(percentage(output) - case.percent_infected()) < 1.0


def test_a_rounded_consolidation_at_the_pleura_is_not_taken_for_fluid(both_sides: tuple[Chest, SystemOutput]) -> None:
    assert not (both_sides[1].lesions.array == Lesion.EFFUSION).any()


def test_infected_voxels_lie_in_lung_and_fluid_outside(both_sides: tuple[Chest, SystemOutput]) -> None:
    _, output = both_sides
    assert (output.lungs.array[infected(output)] > 0).all()
    fluid = run(chest(effusion="both").volume)
    assert (fluid.lesions.array == Lesion.EFFUSION).any()
    assert not (fluid.lungs.array[fluid.lesions.array == Lesion.EFFUSION] > 0).any()


def test_a_healthy_chest_has_no_opacity_although_it_has_vessels() -> None:
    case = chest(disease="none")
    output = run(case.volume)
    assert percentage(output) < 0.05
    assert not (output.lesions.array == Lesion.EFFUSION).any()


def test_vessels_stay_in_the_lung() -> None:
    case = chest(disease="none", noise_hu=0.0)
    vessels = (case.lungs > 0) & (case.volume.array > -100)
    assert vessels.sum() > 100
    assert (run(case.volume).lungs.array[vessels] > 0).mean() > 0.95


@pytest.mark.parametrize(("diseased", "healthy"), [("right", Lung.LEFT), ("left", Lung.RIGHT)])
def test_disease_of_one_side_gives_the_other_nothing(diseased: Any, healthy: Lung) -> None:
    output = run(chest(disease=diseased).volume)
    found = infected(output)
    assert found.any()
    assert (found & (output.lungs.array == healthy)).sum() == 0


def test_airways_and_bowel_gas_are_no_lung(both_sides: tuple[Chest, SystemOutput]) -> None:
    case, output = both_sides
    lumen = case.airways & (case.volume.array < -950)
    assert (output.lungs.array[lumen] > 0).mean() < 0.05
    gas = (case.volume.array < -900) & case.body & (case.rib_cage == 0) & ~case.airways
    assert gas.sum() > 200
    assert (output.lungs.array[gas] > 0).mean() < 0.01
    assert output.airways is not None
    assert (output.airways.array[lumen] > 0).mean() > 0.8


@pytest.mark.parametrize("position", ["HFS", "HFP", "FFS", "FFP"])
def test_fluid_is_found_where_it_sinks_to(position: str) -> None:
    case = chest(disease="none", effusion="right", position=position)
    output = run(case.volume)
    assert dice(output.lesions.array == Lesion.EFFUSION, case.lesions == Lesion.EFFUSION) > 0.85
    assert percentage(output) < 0.5


def test_tissue_on_the_upper_side_is_never_fluid() -> None:
    case = chest(disease="none", effusion="right", position="HFP")
    output = run(replace(case.volume, patient_position="HFS"))
    assert ((output.lesions.array == Lesion.EFFUSION) & (case.lesions == Lesion.EFFUSION)).sum() == 0


@pytest.mark.parametrize("code", ["RAS", "LAI", "PSR", "IRA"])
def test_masks_follow_the_patient_whatever_the_grid(code: str) -> None:
    spacing = (4.0, 3.2, 3.0)
    plain = chest(code="LPS", spacing_mm=spacing, effusion="left", noise_hu=0.0)
    turned = chest(code=code, spacing_mm=spacing, effusion="left", noise_hu=0.0)
    here, there = run(plain.volume), run(turned.volume)
    for name in ("lungs", "lesions", "rib_cage", "airways"):
        mask, other = getattr(here, name).array, getattr(there, name).array
        assert mask.any()
        np.testing.assert_array_equal(canonical(turned, other), canonical(plain, mask))


def test_an_oblique_grid_gives_the_same_sides() -> None:
    output = run(chest(disease="right", oblique_deg=(8.0, -6.0, 10.0)).volume)
    found = infected(output)
    assert found.any()
    assert (output.lungs.array[found] == Lung.RIGHT).all()


def test_without_orientation_no_side_is_claimed() -> None:
    output = run(chest(code="").volume)
    assert not output.sides_known
    assert set(np.unique(output.lungs.array)) == {0, Lung.SIDE_UNKNOWN}
    assert output.rib_cage is not None
    assert set(np.unique(output.rib_cage.array)) == {0, Lung.SIDE_UNKNOWN}


@pytest.mark.parametrize("padding", [-3024, -2000, -1100])
def test_padding_changes_no_figure(padding: int) -> None:
    plain, padded = chest(effusion="left"), chest(effusion="left", padding_hu=padding)
    assert (padded.volume.array == padding).any()
    here, there = run(plain.volume), run(padded.volume)
    np.testing.assert_array_equal(here.lungs.array, there.lungs.array)
    np.testing.assert_array_equal(here.lesions.array, there.lesions.array)


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_side_full_of_even_fluid_gives_lower_bounds(side: Any) -> None:
    other = "left" if side == "right" else "right"
    case = chest(disease=other, white_lung=side, consolidation_hu=10.0, vessels=False)
    severity = assess(case.volume, run(case.volume)).severity
    assert severity.not_aerated == (side,)
    assert (severity.qualifier, severity.percentage_qualifier) == ("at least", "at least")


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_white_lung_leaves_its_half_of_the_rib_cage_unclaimed(side: Any) -> None:
    output = run(chest(disease="none", white_lung=side).volume)
    code = Lung.RIGHT if side == "right" else Lung.LEFT
    assert output.rib_cage is not None
    half = output.rib_cage.array == code
    claimed = (output.lungs.array > 0) | (output.lesions.array == Lesion.EFFUSION)
    assert half.sum() * output.lungs.geometry.voxel_ml > 500
    assert (half & ~claimed).sum() > 0.1 * half.sum()
    assert f"{side}_lung_not_aerated" in {warning.code for warning in output.warnings}
    healthy = output.lungs.array == (Lung.LEFT if side == "right" else Lung.RIGHT)
    assert healthy.sum() * output.lungs.geometry.voxel_ml > 1500


def test_healthy_lungs_fill_their_rib_cage() -> None:
    output = run(chest(disease="none").volume)
    assert output.rib_cage is not None
    cage = output.rib_cage.array > 0
    assert (cage & (output.lungs.array == 0)).sum() < 0.05 * cage.sum()


def test_every_second_slice_moves_the_percentage_by_less_than_a_point() -> None:
    case = chest(shape=(120, 96, 128), spacing_mm=(2.5, 3.2, 3.0))
    geometry = case.volume.geometry
    affine = geometry.affine.copy()
    affine[:3, 2] *= 2
    thinned = np.ascontiguousarray(case.volume.array[::2])
    other = replace(
        case.volume, array=thinned, geometry=VolumeGeometry(thinned.shape, affine, geometry.frame_of_reference_uid)
    )
    assert abs(percentage(run(case.volume)) - percentage(run(other))) < 1.0


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((20, 96, 128), (14.0, 3.2, 3.0)), ((60, 40, 52), (5.0, 7.6, 7.4)), ((20, 8, 9), (14, 38, 42))],
)
def test_coarse_and_short_volumes_are_analysed(
    shape: tuple[int, int, int], spacing: tuple[float, float, float]
) -> None:
    case = chest(shape=shape, spacing_mm=spacing)
    output = run(case.volume)
    assert output.lungs.array.shape == case.volume.array.shape
    if min(shape) >= 20:
        assert dice(output.lungs.array > 0, case.lungs > 0) > 0.9


def test_a_field_of_view_that_cuts_the_body_keeps_the_lungs() -> None:
    case = chest(disease="none")
    array = np.ascontiguousarray(case.volume.array[:, :, 22:-22])
    cut = replace(case.volume, array=array, geometry=VolumeGeometry(array.shape, case.volume.geometry.affine))
    assert dice(run(cut).lungs.array > 0, case.lungs[:, :, 22:-22] > 0) > 0.95


@pytest.mark.parametrize("hu", [-1000, 40, -3024])
def test_without_lungs_the_masks_are_empty_and_a_warning_says_so(hu: int) -> None:
    array = np.full((24, 40, 50), hu, np.int16)
    output = run(Volume(array, VolumeGeometry(array.shape, np.diag([3.0, 3.0, 5.0, 1.0]))))
    assert not output.lungs.array.any()
    assert not output.lesions.array.any()
    assert "no_lungs" in {warning.code for warning in output.warnings}


def test_a_chest_like_any_other_carries_no_warning(both_sides: tuple[Chest, SystemOutput]) -> None:
    assert not both_sides[1].warnings


def test_slices_that_the_source_lacks_hold_nothing() -> None:
    case = chest(effusion="both")
    array = case.volume.array.copy()
    array[30:32] = -1024
    output = run(replace(case.volume, array=array, missing_slices=(30, 31)))
    for mask in (output.lungs, output.lesions, output.rib_cage, output.airways):
        assert mask is not None
        assert not mask.array[30:32].any()
    assert output.lungs.array[29].any()
    assert output.lungs.array[32].any()


def test_stages_are_the_cards_and_lungs_are_shown_before_lesions() -> None:
    case = chest(position="FFP")
    context = Recorder()
    output = create().run(case.volume, context)
    assert context.stages == [name for name, _ in DENSITOMETRY.stages]
    assert set(output.timing_s) == set(context.stages)
    name, stage, early, first, last = context.published[0]
    assert (name, stage, first, last) == ("lungs", "lung", 0, case.volume.array.shape[0] - 1)
    assert dice(early == Lung.RIGHT, case.lungs == Lung.RIGHT) > 0.9
    final = {name: labels for name, _, labels, _, _ in context.published}
    np.testing.assert_array_equal(final["lungs"], output.lungs.array)
    np.testing.assert_array_equal(final["lesions"], output.lesions.array)


def test_the_run_can_be_stopped_anywhere() -> None:
    volume = chest().volume
    context = Recorder()
    create().run(volume, context)
    assert context.words >= 60
    for stop_at in np.linspace(1, context.words, 12).astype(int):
        with pytest.raises(Cancelled):
            create().run(volume, Recorder(int(stop_at)))


def test_the_volume_is_only_read() -> None:
    case = chest(padding_hu=-2000)
    before = case.volume.array.copy()
    case.volume.array.flags.writeable = False
    run(case.volume)
    np.testing.assert_array_equal(case.volume.array, before)


def test_grey_levels_are_refused() -> None:
    with pytest.raises(InputShapeError, match="Hounsfield"):
        run(replace(chest().volume, units=Units.GREY8))


def test_a_rule_gives_no_probability(both_sides: tuple[Chest, SystemOutput]) -> None:
    _, output = both_sides
    assert not output.probabilities
    assert output.recognition is None
    assert set(output.sources.values()) == {"rule"}
    assert output.thresholds["ground_glass_hu"] < output.thresholds["consolidation_hu"]


def test_lungs_that_touch_in_front_are_parted() -> None:
    case = chest(disease="none", noise_hu=0.0)
    array = case.volume.array.copy()
    left = np.flatnonzero((case.lungs[33] == Lung.LEFT)[44])[0]
    right = np.flatnonzero((case.lungs[33] == Lung.RIGHT)[44])[-1]
    array[31:36, 43:46, right : left + 1] = -850
    output = run(replace(case.volume, array=array))
    for side in (Lung.RIGHT, Lung.LEFT):
        assert dice(output.lungs.array == side, case.lungs == side) > 0.97


def test_without_ribs_nothing_is_said_about_fluid() -> None:
    case = chest(disease="none", effusion="both")
    array = np.minimum(case.volume.array, 60)
    output = run(replace(case.volume, array=array))
    assert "no_ribs" in {warning.code for warning in output.warnings}
    assert not (output.lesions.array == Lesion.EFFUSION).any()
    assert dice(output.lungs.array > 0, case.lungs > 0) > 0.9


def test_without_a_trachea_the_reader_is_warned() -> None:
    case = chest(disease="none")
    array = case.volume.array.copy()
    array[case.airways] = 40
    assert "no_trachea" in {warning.code for warning in run(replace(case.volume, array=array)).warnings}
    assert "no_trachea" not in {warning.code for warning in run(case.volume).warnings}


def test_fluid_sinks_towards_the_spine_where_the_header_tells_no_direction() -> None:
    case = chest(disease="none", effusion="right", code="")
    flipped = np.ascontiguousarray(case.volume.array[:, ::-1])
    output = run(replace(case.volume, array=flipped))
    assert dice(output.lesions.array[:, ::-1] == Lesion.EFFUSION, case.lesions == Lesion.EFFUSION) > 0.8


@pytest.mark.parametrize("share", [0.6, 1.0])
def test_a_massive_effusion_is_found_and_no_lung_is_made_up(share: float) -> None:
    case = chest(disease="none")
    array = case.volume.array.copy()
    rows = np.arange(array.shape[1])[None, :, None]
    flooded = (case.rib_cage == Lung.RIGHT) & (rows > array.shape[1] * (1 - share))
    array[flooded] = np.random.default_rng(0).normal(8, 12, array.shape)[flooded]
    output = run(replace(case.volume, array=array))
    fluid = output.lesions.array == Lesion.EFFUSION
    assert (fluid & flooded).sum() > 0.5 * flooded.sum()
    assert (fluid & ~flooded).sum() < 0.1 * flooded.sum()
    assert not (output.lungs.array[flooded] > 0).any()
