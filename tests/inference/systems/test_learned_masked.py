"""A masked recogniser is shown the lung and a little around it, in training and in use alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.models.outputs import MASK, independent_map
from inference.systems.registry import create
from inference.systems.weights import FOLDER_VARIABLE, StoredFile
from inference.training import lungs
from inference.training.data import packs
from inference.training.datasets.sample import DataError
from inference.training.planes import LUNG
from inference.training.recipe_book import recipes
from inference.transforms.lung_window import seen_through
from tests.helpers.learned import JOINT, Recorder, RuleModel, entry_of, ruled
from tests.helpers.phantoms import chest
from tests.helpers.tiny_training import shared_tree, tiny_recipe, trainer

RECOGNISER = "specialised-streams-recogniser-compact"
VOLUME = chest(disease="right", shape=(16, 64, 80), spacing_mm=(6.0, 4.8, 4.8), ground_glass_hu=-140.0,
               consolidation_hu=-140.0, vessels=False, noise_hu=0.0).volume  # fmt: skip


def test_lungs_grow_by_a_margin_and_a_picture_with_hardly_any_is_shown_whole() -> None:
    masks = np.zeros((3, 100, 100), np.bool_)
    masks[0, 20:60, 10:40] = True
    masks[1, 50, 50:60] = True
    seen = seen_through(masks)
    assert seen[0, 18:62, 25].all() and seen[0, 40, 8:42].all()
    assert not seen[0, 17].any() and not seen[0, 62:].any() and not seen[0, :, 42:].any() and not seen[0, :, :8].any()
    assert seen[1].all() and seen[2].all()


@pytest.mark.parametrize("system", ["consensus", "specialised-streams"])
def test_it_sees_nothing_but_the_lung(system: str, tmp_path: Path) -> None:
    plain, masked = (_shown(system, tmp_path / str(alone), alone) for alone in (False, True))
    assert plain.shape == masked.shape and len(plain)
    outside = masked == 0.0
    np.testing.assert_allclose(masked[~outside], plain[~outside], atol=1e-6)
    bright = plain > 0.1
    assert 0.2 < (outside & bright).sum() / bright.sum() < 0.98
    assert (masked > 0.0).any(axis=(1, 2)).all()


def _shown(system: str, folder: Path, alone: bool) -> NDArray[np.float32]:
    """The pictures (n, h, w; grey 0..1) that the recogniser gets of a chest."""
    seen: list[NDArray[np.float32]] = []
    folder.mkdir()
    with ruled(folder) as models:
        model = models[RECOGNISER]
        model.entry, answer = replace(model.entry, masked=alone), model.rule

        def watched(grey: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
            seen.append(grey[:, 0].copy())
            return answer(grey)

        model.rule = watched
        create(system).run(VOLUME, Recorder())
    return np.concatenate(seen)


@pytest.fixture
def taught(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """A network for lungs that calls the left third of a picture lung; gives how many pictures it was asked about."""
    file = StoredFile("lungs.safetensors", "1" * 64)
    entry = replace(entry_of(JOINT), patients=("somebody",), torch=file)

    def third(grey: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        said = np.zeros((len(grey), 2, *grey.shape[2:]), np.float32)
        said[..., : grey.shape[3] // 3] = 1.0
        return {MASK: said}

    model = RuleModel(entry, (independent_map(("lung", "lesion")),), third)
    monkeypatch.setattr(lungs.weights, "find", lambda name: entry if name == JOINT else None)
    monkeypatch.setattr(lungs, "open_model", lambda entry, device: model)
    return lambda: model.asked


def test_lungs_that_nobody_drew_are_found_once_and_are_no_truth(tmp_path: Path, taught: Callable[[], int]) -> None:
    data, cache = shared_tree(tmp_path / "data", patients=5), tmp_path / "cache"
    plain = packs(tiny_recipe(), data, cache)
    for _ in range(2):
        filled = packs(tiny_recipe(masked=True, lungs_by=JOINT), data, cache)
        assert taught() == 5 + 15  # recognition pictures, and stacks, which have no lung drawn
    for name, drawn in (("covid20-slices-256", True), ("recognition-slices", False)):
        own, same = filled[name], plain[name].planes[:, LUNG]
        assert (own.digest == plain[name].digest) == drawn
        assert own.known[:, LUNG].all() == drawn
        lung = np.unpackbits(own.planes[:, LUNG], axis=-1)
        assert np.array_equal(own.planes[:, LUNG], same) if drawn else lung[..., :10].all() and not lung[..., 16:].any()


def test_whoever_learns_from_found_lungs_has_seen_their_finders_patients(
    tmp_path: Path, taught: Callable[[], int]
) -> None:
    data = shared_tree(tmp_path / "data", patients=5)
    made = trainer(data, tmp_path / "one.pt", tiny_recipe(masked=True, lungs_by=JOINT))
    assert "somebody" in made.state.patients
    assert "somebody" not in trainer(data, tmp_path / "two.pt", tiny_recipe(masked=True)).state.patients


def test_weights_that_find_the_lungs_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "none"))
    data = shared_tree(tmp_path / "data", patients=5)
    with pytest.raises(DataError, match=f"found by the weights {JOINT}, which are not installed"):
        packs(tiny_recipe(masked=True, lungs_by=JOINT), data, tmp_path / "cache")


def test_the_default_recogniser_is_masked_and_the_papers_own_is_not() -> None:
    for variant, masked in (("compact", True), ("paper", False)):
        own = next(one for one in recipes("specialised-streams", variant) if one.part == "recogniser")  # type: ignore[arg-type]
        assert own.masked == masked and bool(own.lungs_by) == masked
