"""The rules around the networks, each on values worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.labels import Lesion, Lung
from inference.systems.answers import opinion_on, strongest
from inference.systems.cascade_severity import postprocess as cascade
from inference.systems.cascade_severity.config import CascadeConfig
from inference.systems.consensus.config import ConsensusSettings
from inference.systems.consensus.postprocess import (
    agreed,
    beyond_lungs,
    fat,
    like_fluid,
    near_to,
    other_gas,
    smoothed,
    split,
    steadied,
    still_large,
    veto,
)
from inference.systems.covid_mtnet.config import MtnetSettings
from inference.systems.covid_mtnet.postprocess import refine, steps
from inference.systems.growing import Segmented
from inference.systems.jcs import postprocess as jcs
from inference.systems.jcs.config import JcsSettings
from inference.systems.modality import is_xray, looks_like_xray
from inference.systems.sides import sides_like, split_sides
from inference.systems.specialised_streams.postprocess import joined
from inference.systems.specks import without_specks
from inference.volume import Units, Volume
from tests.helpers.phantoms import chest
from tests.helpers.shared_data import shared_data


def test_cascade_slice_is_positive_from_one_pixel() -> None:
    opinion = cascade.recognise({3: 0, 4: 1, 5: 9}, CascadeConfig.paper())
    assert (opinion.positive, opinion.slices_positive, opinion.probability) == (True, 2, None)
    assert cascade.recognise({3: 0}, CascadeConfig.paper()).positive is False


@pytest.mark.parametrize(("bearing", "positive", "answer"), [(325, 25, False), (325, 26, True), (65, 5, False),
                                                             (65, 6, True), (1, 1, True), (0, 0, False)])  # fmt: skip
def test_jcs_rule_scales_25_slices_by_the_slices_with_lung(bearing: int, positive: int, answer: bool) -> None:
    values = [0.9] * positive + [0.5] * (bearing - positive)
    opinion = jcs.recognise(values, JcsSettings.paper(), 0.9)
    assert opinion.positive is answer
    assert opinion.slices_positive == positive
    assert f"25 x {bearing} / 325 = {25 * bearing / 325:.1f}" in opinion.rule


def test_finding_is_as_probable_as_its_three_highest_slices() -> None:
    assert strongest(np.array([0.1, 0.9, 0.5, 0.7], np.float32)) == pytest.approx(0.7)
    assert strongest(np.zeros(0, np.float32)) is None


def test_study_is_positive_when_half_of_its_slices_are_and_not_by_a_few() -> None:
    few = opinion_on(np.array([0.1] * 60 + [0.99] * 40, np.float32), 0.5)
    assert not few.positive and few.slices_positive == 40 and few.probability == pytest.approx(0.1)
    most = opinion_on(np.array([0.1] * 40 + [0.9] * 60, np.float32), 0.5)
    assert most.positive and most.probability == pytest.approx(0.9) and "median" in most.rule
    film = opinion_on(np.array([0.4], np.float32), 0.5, "pneumonia_against_normal")
    assert not film.positive and film.rule == "Positive when its probability is over 0.5."
    assert not opinion_on(np.zeros(0, np.float32), 0.5).positive


def test_more_certain_stream_wins_and_only_fluid_may_lie_outside_the_lung() -> None:
    lungs = np.array([[[1, 1, 1, 0]]], np.uint8)

    def stream(*levels: int) -> Segmented:
        array = np.array([[levels]], np.uint8)
        return Segmented(array > 127, {}, array)

    found = joined(
        {
            Lesion.GROUND_GLASS: stream(200, 150, 0, 255),
            Lesion.CONSOLIDATION: stream(130, 250, 0, 0),
            Lesion.EFFUSION: stream(0, 0, 0, 140),
        },
        lungs,
    )
    assert found.ravel().tolist() == [Lesion.GROUND_GLASS, Lesion.CONSOLIDATION, 0, Lesion.EFFUSION]


def test_true_densities_split_opacity_into_ground_glass_and_consolidation() -> None:
    hu = np.array([[-779, -301, -300, 40]], np.int16)
    opacity = np.array([[True, True, True, False]])
    smooth = smoothed(hu, (1.0, 1.0), ConsensusSettings(smoothing_mm=1.0))
    g, c = Lesion.GROUND_GLASS, Lesion.CONSOLIDATION
    assert split(smooth, opacity, ConsensusSettings()).ravel().tolist() == [g, g, c, 0]


def marked_disc(radius: int, inside_hu: int, around_hu: int = -870) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    rows, columns = np.mgrid[-40:41, -40:41]
    disc = rows**2 + columns**2 <= radius**2
    return np.where(disc, np.int16(inside_hu), np.int16(around_hu)), disc


def vetoed(hu: NDArray[np.int16], opacity: NDArray[np.bool_], pixel_mm: tuple[float, float] = (1.0, 1.0)) -> Any:
    return veto(hu, opacity, pixel_mm, ConsensusSettings())


@pytest.mark.parametrize(("inside_hu", "kept"), [(-761, False), (-759, True), (-650, True), (30, True), (-900, False)])
def test_true_densities_veto_aerated_lung(inside_hu: int, kept: bool) -> None:
    hu, disc = marked_disc(12, inside_hu)
    np.testing.assert_array_equal(vetoed(hu, disc), disc & kept)


def test_opacity_keeps_its_outline_and_the_aerated_lobules_in_it() -> None:
    hu, disc = marked_disc(16, -600)
    hu[38:42, 38:42] = -880
    np.testing.assert_array_equal(vetoed(hu, disc), disc)


def test_thin_vessel_does_not_save_its_surroundings_from_the_veto() -> None:
    hu, disc = marked_disc(12, -870)
    hu[:, 39:41] = 40
    assert not vetoed(hu, disc).any()


def test_veto_is_measured_in_millimetres_along_either_axis() -> None:
    hu = np.full((60, 60), -870, np.int16)
    hu[:, 30:] = -650
    everywhere = np.ones((60, 60), bool)
    fine, coarse = (int(vetoed(hu, everywhere, (1.0, pixel))[30].sum()) for pixel in (0.5, 2.0))
    assert fine == coarse == 30  # where both halves meet the mean is the cut-off
    turned = vetoed(np.ascontiguousarray(hu.T), everywhere, (2.0, 1.0))
    np.testing.assert_array_equal(turned, vetoed(hu, everywhere, (1.0, 2.0)).T)
    assert not vetoed(hu, np.zeros((60, 60), bool)).any()


def test_opacity_that_comes_and_goes_from_slice_to_slice_is_steadied_and_unseen_slices_have_no_say() -> None:
    levels = np.zeros((9, 1, 3), np.uint8)
    levels[4, 0, 0] = 200  # in one slice alone
    levels[[2, 3, 5, 6], 0, 1], levels[4, 0, 1] = 200, 60  # in all but one
    levels[0:2, 0, 2] = 200  # at the end of what was looked at
    settings = ConsensusSettings()
    found = steadied(levels, range(9), 2.0, settings)
    assert not found[:, 0, 0].any()
    assert list(np.flatnonzero(found[:, 0, 1])) == [2, 3, 4, 5, 6]
    assert found[0, 0, 2] and not found[3, 0, 2]
    far = steadied(levels, range(9), 8.0, settings)
    assert np.array_equal(far, levels > 127), "thick slices are taken as they are"
    assert steadied(levels, [4], 2.0, settings)[4, 0, 0], "nothing is known beside it"


def test_lung_neither_comes_nor_goes_for_one_slice_and_keeps_its_ends() -> None:
    mask = np.zeros((7, 2, 3), bool)
    mask[1:6, 0, 0] = True  # a lung
    mask[3, 0, 0] = False  # with a slice missing
    mask[4, 1, 1] = True  # something in one slice alone
    mask[0:4, 1, 2] = True  # a lung that the scan cuts off
    found = agreed(mask)
    assert found[:, 0, 0].tolist() == [False, True, True, True, True, True, False]
    assert not found[:, 1, 1].any()
    assert found[:, 1, 2].tolist() == mask[:, 1, 2].tolist()
    assert np.array_equal(agreed(mask[:2]), mask[:2])


def test_lung_is_not_looked_for_far_above_and_below_what_rules_find() -> None:
    grown = np.zeros((12, 2, 3), np.uint8)
    grown[4:8, 0, 1] = 1
    settings = ConsensusSettings()
    assert beyond_lungs(grown, 5.0, settings) == [0, 1, 10, 11]
    assert beyond_lungs(grown, 2.0, settings) == []
    assert beyond_lungs(np.zeros((3, 2, 2), np.uint8), 5.0, settings) == [], "rules that find nothing have no say"


def picture() -> tuple[np.ndarray, np.ndarray]:
    """Two dark lungs in a grey body, a thin vessel in the left, a broad opacity in the right; and the lungs."""
    rng = np.random.default_rng(5)
    rows, columns = np.mgrid[:192, :192]
    lung = ((rows - 96) / 60) ** 2 + ((columns - 55) / 32) ** 2 < 1
    lung |= ((rows - 96) / 56) ** 2 + ((columns - 137) / 30) ** 2 < 1
    grey = np.where(lung, 0.2, 0.7) + rng.normal(0, 0.02, lung.shape)
    grey[((rows - 120) ** 2 + (columns - 50) ** 2) < 14**2] = 0.6
    grey[60:130, 137:139] = 0.6
    return grey.astype(np.float32), lung


def test_adaptive_threshold_finds_the_opacity_and_not_the_vessel() -> None:
    grey, lung = picture()
    made = steps(grey, lung, MtnetSettings.paper())
    assert made.infected[120, 50]
    assert not made.infected[:, 110:].any()
    assert made.percentage == pytest.approx(100 * np.pi * 14**2 / lung.sum(), rel=0.15)
    assert made.heat[made.infected].min() >= 0
    assert not made.heat[~made.infected].any()


def test_adaptive_threshold_leaves_an_even_lung_alone() -> None:
    _, lung = picture()
    grey = np.where(lung, 0.2, 0.7) + np.random.default_rng(6).normal(0, 0.02, lung.shape)
    assert not steps(grey.astype(np.float32), lung, MtnetSettings.paper()).infected.any()


def test_refinement_closes_holes_and_drops_specks() -> None:
    _, lung = picture()
    torn = lung.copy()
    torn[90:96, 50:56] = False
    torn[4:8, 4:8] = True
    refined = refine(torn, MtnetSettings.paper())
    assert refined[93, 53]
    assert not refined[:12, :12].any()
    assert not refine(np.zeros((40, 40), bool), MtnetSettings.paper()).any()


def test_specks_are_not_lung() -> None:
    mask = np.zeros((8, 30, 30), bool)
    mask[:, 5:20, 5:20] = True
    mask[2, 27, 27] = True
    kept = without_specks(mask)
    assert kept.sum() == mask.sum() - 1
    assert not kept[2, 27, 27]


@pytest.mark.parametrize("joined_by", ["nothing", "a bridge", "a wall above and a gap"])
def test_lungs_are_told_apart_also_where_they_touch(joined_by: str) -> None:
    case = chest(shape=(30, 64, 80), spacing_mm=(10.0, 5.0, 5.0), vessels=False)
    turned = case.volume.geometry.orientation.apply(case.lungs)
    mask = turned > 0
    if joined_by == "a bridge":
        columns = np.flatnonzero(mask[15].any(axis=0))
        mask[15, 30:33, columns[0] : columns[-1]] = True
    if joined_by == "a wall above and a gap":  # the upper halves are one part, the lower lungs are two
        columns = np.flatnonzero(mask[20].any(axis=0))
        mask[18:, 24:40, columns[0] : columns[-1]] |= mask[18:].any(axis=(1, 2))[:, None, None]
        mask[15:17] = False
    sides = split_sides(mask, (10.0, 5.0, 5.0))
    for side in (Lung.RIGHT, Lung.LEFT):
        assert (sides[mask & (turned == side)] == side).mean() > 0.97
    assert ((sides > 0) == mask).all()


def test_sides_follow_a_known_lung_where_it_has_both() -> None:
    case = chest(shape=(30, 64, 80), spacing_mm=(10.0, 5.0, 5.0), vessels=False)
    turned = case.volume.geometry.orientation.apply(case.lungs)
    mask = turned > 0
    mask[15, 30:33, 10:70] = True
    odd = np.where(turned == Lung.RIGHT, np.uint8(Lung.LEFT), turned)
    odd[turned == Lung.LEFT] = Lung.RIGHT
    found = sides_like(mask, odd, (10.0, 5.0, 5.0))
    assert (found[turned == Lung.RIGHT] == Lung.LEFT).mean() > 0.99
    assert ((found > 0) == mask).all()
    alone = np.where(turned == Lung.RIGHT, turned, np.uint8(0))
    assert (sides_like(turned > 0, alone, (10.0, 5.0, 5.0))[turned == Lung.LEFT] == Lung.LEFT).mean() > 0.97


def test_airways_and_gas_of_bowel_with_its_walls_are_no_lung_and_dense_lung_stays() -> None:
    hu = np.full((2, 60, 90), 40, np.int16)
    lungs, grown, airways = (np.zeros(hu.shape, np.uint8) for _ in range(3))
    lungs[0, 10:40, 5:35] = 1
    hu[0, 10:30, 5:35] = -850  # rows 30 to 39 are consolidated: lung to the network, not to the rules
    grown[0, 10:30, 5:35] = 1
    lungs[0, 15:35, 60:85] = 2
    hu[0, 15:35, 60:85] = -950  # bowel
    hu[0, 24:26, 60:85] = 30
    lungs[0, 5:9, 40:50] = 1
    hu[0, 5:9, 40:50] = -980
    airways[0, 5:9, 40:50] = 1
    found = other_gas(hu, lungs, grown, airways)
    assert found[0, 15:35, 60:85].all()
    assert found[0, 5:9, 40:50].all()
    assert not found[0, 10:40, 5:35].any()
    assert not found[1].any()


def test_fat_that_the_rules_leave_out_is_no_lung_but_consolidation_and_ground_glass_are() -> None:
    rng = np.random.default_rng(0)
    hu = rng.normal(-92, 30, (2, 60, 90)).round().astype(np.int16)
    lungs, grown = np.zeros(hu.shape, np.uint8), np.zeros(hu.shape, np.uint8)
    lungs[0, 5:25, 5:30] = 1  # fat round a kidney
    lungs[0, 5:25, 40:70] = 2  # a consolidated base, no lung to the rules
    hu[0, 5:25, 40:70] = rng.normal(35, 30, (20, 30))
    lungs[0, 35:50, 5:30] = 1  # ground-glass alone
    hu[0, 35:50, 5:30] = rng.normal(-550, 60, (15, 25))
    lungs[1, 5:40, 5:30] = 1  # an apex with fat above it
    hu[1, 20:40, 5:30], grown[1, 20:40, 5:30] = -850, 1
    lungs[1, 5:25, 50:80] = 2  # fat with a few pixels of air in it, which stay
    hu[1, 5:8, 50:80] = -850
    lungs[1, 45:55, 50:80], grown[1, 45:55, 50:80] = 2, 1  # what the rules call lung stays, whatever it is
    found = fat(hu, lungs, grown)
    expected = np.zeros(hu.shape, bool)
    expected[0, 5:25, 5:30] = expected[1, 5:20, 5:30] = expected[1, 8:25, 50:80] = True
    assert np.array_equal(found, expected)


def test_marked_fluid_must_be_as_dense_as_fluid_large_enough_and_beside_the_lung() -> None:
    rng = np.random.default_rng(0)
    spacing, settings = (3.0, 2.0, 2.0), ConsensusSettings()
    hu, marked = np.full((20, 60, 90), -850, np.int16), np.zeros((20, 60, 90), bool)
    lungs, expected = np.zeros(hu.shape, np.uint8), np.zeros(hu.shape, bool)
    lungs[:, :, :35] = 1
    for rows, columns, level in (
        (slice(5, 25), slice(35, 55), 12),  # an effusion of 58 ml
        (slice(30, 50), slice(35, 55), 60),  # collapsed lung
        (slice(5, 25), slice(62, 85), 12),  # muscle with fat in it, far from the lung
        (slice(30, 50), slice(62, 85), -100),  # fat
    ):
        marked[2:14, rows, columns] = True
        hu[2:14, rows, columns] = rng.normal(level, 25, hu[2:14, rows, columns].shape)
    expected[2:14, 5:25, 35:55] = True
    marked[16, 40:46, 35:41], hu[16, 40:46, 35:41] = True, 10  # 0.4 ml
    assert np.array_equal(like_fluid(hu, marked, lungs, spacing, settings), expected)
    assert not like_fluid(hu, np.zeros_like(marked), lungs, spacing, settings).any()


def test_reach_is_in_millimetres_along_either_axis_and_within_the_slice() -> None:
    mask = np.zeros((3, 41, 41), bool)
    mask[1, 20, 20] = True
    found = near_to(mask, np.ones_like(mask), (5.0, 2.0, 1.0), 8.0)
    assert found[1, :, 20].nonzero()[0].tolist() == list(range(16, 25))  # 4 rows of 2 mm
    assert found[1, 20].nonzero()[0].tolist() == list(range(12, 29))  # 8 columns of 1 mm
    assert not found[0].any() and not found[2].any()
    assert not near_to(mask, np.zeros_like(mask), (5.0, 2.0, 1.0), 8.0).any()


def test_single_lung_keeps_its_own_side() -> None:
    case = chest(shape=(30, 64, 80), spacing_mm=(10.0, 5.0, 5.0), vessels=False)
    turned = case.volume.geometry.orientation.apply(case.lungs)
    for side in (Lung.RIGHT, Lung.LEFT):
        assert set(np.unique(split_sides(turned == side, (10.0, 5.0, 5.0)))) == {0, side}


def test_pictures_are_told_apart_by_look() -> None:
    from PIL import Image

    data = shared_data()
    xrays = sorted((data / "chest-xray" / "normal").glob("*.jpg"))[:20]
    slices = sorted((data / "covid20-slices-256").glob("*/*_ct.jpg"))[::100] + sorted(
        (data / "ct100-slices-512").glob("*_ct.png"))[:10]  # fmt: skip
    seen = [[looks_like_xray(np.asarray(Image.open(path).convert("L"))) for path in some] for some in (xrays, slices)]
    assert sum(seen[0]) >= 19
    assert sum(seen[1]) <= 1


def test_volume_in_densities_is_never_an_xray_by_look() -> None:
    volume: Volume = chest(shape=(20, 32, 40)).volume
    assert volume.units is Units.HU
    assert not is_xray(volume, "auto")
    assert is_xray(volume, "xray")


def test_fluid_that_is_cut_down_to_too_little_is_none_unless_it_lies_beside_more() -> None:
    settings, spacing = ConsensusSettings.paper(), (2.0, 1.0, 1.0)  # 5 ml are 2500 voxels
    added, fluid = np.zeros((12, 60, 60), np.bool_), np.zeros((12, 60, 60), np.bool_)
    added[1:4, 2:32, 2:32] = True  # 2700
    added[6:8, 2:32, 2:32] = True  # 1800
    added[10:12, 40:58, 40:58] = True  # 648, beside 2000 of the rules
    fluid[8:10, 40:58, 2:58] = True
    left = still_large(added, fluid, spacing, settings)
    assert left[1:4].sum() == 2700 and not left[6:8].any()
    assert left[10:12].sum() == 648
    assert not (left & ~added).any()
    assert not still_large(np.zeros_like(added), fluid, spacing, settings).any()
