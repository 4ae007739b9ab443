"""The demo thorax: its truth is what was asked for, its grid is the patient's, and no threshold finds its disease."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from inference.demo import DemoParameters, DemoThorax, generate
from inference.errors import Cancelled, InputShapeError
from inference.labels import INFECTED, Lesion, Lung
from inference.pipeline.cancellation import CancellationToken


@cache
def _small(**changes: object) -> DemoThorax:
    return generate(DemoParameters.small(**{"matrix": 112, "slices": 56, **changes}))


def _canonical(thorax: DemoThorax, mask: np.ndarray) -> np.ndarray:
    return thorax.volume.geometry.orientation.apply(mask)


def _centre_lps(thorax: DemoThorax, mask: np.ndarray) -> np.ndarray:
    return thorax.volume.geometry.to_patient(np.argwhere(mask)).mean(axis=0)


def test_the_same_parameters_give_the_same_voxels_and_another_seed_does_not() -> None:
    tiny = {"matrix": 64, "slices": 20}
    first, again, other = (generate(DemoParameters(seed=seed, **tiny)) for seed in (4, 4, 5))
    assert np.array_equal(first.volume.array, again.volume.array)
    assert np.array_equal(first.lesions, again.lesions)
    assert not np.array_equal(first.volume.array, other.volume.array)
    assert not np.array_equal(first.lungs, other.lungs)


def test_opacities_take_up_the_share_of_the_lung_that_was_asked_for() -> None:
    thorax = _small(seed=3, ground_glass=0.2, consolidation=0.05, effusion_ml=0.0)
    lung_ml = thorax.lung_ml()
    assert thorax.lesion_ml(Lesion.GROUND_GLASS) / lung_ml == pytest.approx(0.20, rel=0.2)
    assert thorax.lesion_ml(Lesion.CONSOLIDATION) / lung_ml == pytest.approx(0.05, rel=0.3)
    assert thorax.lesion_ml(Lesion.EFFUSION) == 0.0


def test_a_healthy_thorax_has_lungs_and_no_lesion() -> None:
    thorax = _small(ground_glass=0.0, consolidation=0.0, effusion_ml=0.0)
    assert not thorax.lesions.any() and thorax.percent_infected() == 0.0
    assert 1500 < thorax.lung_ml(Lung.LEFT) < thorax.lung_ml(Lung.RIGHT) < 3500


def test_disease_on_the_right_alone_leaves_the_left_lung_clear() -> None:
    thorax = _small(sides="right")
    assert thorax.percent_infected(Lung.LEFT) == 0.0 < thorax.percent_infected(Lung.RIGHT)
    for mask in (thorax.lungs == Lung.RIGHT, np.isin(thorax.lesions, INFECTED), thorax.lesions == Lesion.EFFUSION):
        assert _centre_lps(thorax, mask)[0] < -20.0


def test_effusion_goes_where_it_is_asked_for() -> None:
    thorax = _small(effusion_sides="left", effusion_ml=250.0)
    assert _centre_lps(thorax, thorax.lesions == Lesion.EFFUSION)[0] > 20.0
    assert thorax.lesion_ml(Lesion.EFFUSION) == pytest.approx(250.0, rel=0.25)


def test_feet_first_is_the_same_patient_on_a_turned_grid() -> None:
    head, feet = _small(), _small(patient_position="FFS")
    assert not np.array_equal(head.volume.array, feet.volume.array)
    for name in ("lungs", "lesions", "airways"):
        assert np.array_equal(_canonical(head, getattr(head, name)), _canonical(feet, getattr(feet, name)))
    assert np.array_equal(head.volume.canonical()[0].array, feet.volume.canonical()[0].array)
    assert head.volume.geometry.affine[2, 2] > 0 > feet.volume.geometry.affine[2, 2]


def test_prone_fluid_and_stomach_gas_change_places_front_to_back() -> None:
    supine, prone = _small(effusion_ml=250.0), _small(effusion_ml=250.0, patient_position="HFP")
    fluid = [_centre_lps(t, t.lesions == Lesion.EFFUSION)[1] - _centre_lps(t, t.lungs > 0)[1] for t in (supine, prone)]
    assert fluid[0] > 15.0 > -15.0 > fluid[1]


def test_airways_and_fluid_are_no_lung_and_opacities_lie_inside_it() -> None:
    thorax = _small()
    assert not ((thorax.lungs > 0) & thorax.airways).any()
    assert not ((thorax.lungs > 0) & (thorax.lesions == Lesion.EFFUSION)).any()
    assert not (np.isin(thorax.lesions, INFECTED) & (thorax.lungs == 0)).any()


def test_densities_are_those_of_the_tissues() -> None:
    thorax = _small()
    hu, lesions = thorax.volume.array, thorax.lesions
    clear = (thorax.lungs > 0) & (lesions == 0)
    assert -870 < np.median(hu[clear]) < -780
    assert -790 < np.median(hu[lesions == Lesion.GROUND_GLASS]) < -450
    assert -150 < np.median(hu[lesions == Lesion.CONSOLIDATION]) < 70
    assert 0 < np.median(hu[lesions == Lesion.EFFUSION]) < 30
    assert np.median(hu[thorax.airways]) < -930
    corner = thorax.volume.canonical()[0].array[:, :4, :4]
    assert -1010 < np.median(corner) < -985
    assert hu.min() >= -1024 and hu.max() > 500


def test_ground_glass_favours_the_periphery_and_the_dependent_side() -> None:
    thorax = _small(sides="both", effusion_ml=0.0)
    ground_glass, lung = thorax.lesions == Lesion.GROUND_GLASS, thorax.lungs > 0
    assert _centre_lps(thorax, ground_glass)[1] > _centre_lps(thorax, lung)[1] + 8.0


def best_threshold_dice(thorax: DemoThorax) -> float:
    """The best Dice that any one threshold from -900 to 0 HU reaches inside the lung, after a 1 mm Gaussian."""
    spacing = thorax.volume.geometry.spacing_mm
    smooth = gaussian_filter(thorax.volume.array.astype(np.float32), [1.0 / step for step in spacing])
    lung = thorax.lungs > 0
    value, truth = smooth[lung], np.isin(thorax.lesions, INFECTED)[lung]
    order = np.arange(-900, 1, 10)
    return max(float(2 * (truth & (value > hu)).sum() / (truth.sum() + (value > hu).sum())) for hu in order)


@pytest.mark.parametrize("seed", [2020, 11])
def test_no_single_threshold_finds_the_opacities(seed: int) -> None:
    assert 0.3 < best_threshold_dice(_small(seed=seed)) < 0.8


def test_a_cancelled_generation_stops() -> None:
    token = CancellationToken()
    shares: list[float] = []

    def stop(share: float) -> None:
        shares.append(share)
        token.cancel()

    with pytest.raises(Cancelled):
        generate(DemoParameters(matrix=64, slices=40), on_progress=stop, cancel=token)
    assert len(shares) == 1 and 0.0 < shares[0] < 1.0


@pytest.mark.parametrize(
    "wrong",
    [{"ground_glass": 0.9}, {"consolidation": -0.1}, {"effusion_ml": 5000.0}, {"sides": "top"}, {"slices": 3},
     {"patient_position": "SITTING"}, {"noise_hu": float("nan")}],
)  # fmt: skip
def test_impossible_parameters_are_refused_with_their_name(wrong: dict[str, object]) -> None:
    with pytest.raises(InputShapeError, match=next(iter(wrong))):
        DemoParameters(**wrong)
