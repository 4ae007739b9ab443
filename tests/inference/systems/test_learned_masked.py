"""A masked recogniser is shown the lung and a little around it, in training and in use alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.models.outputs import MASK, RECOGNITION, independent_map
from inference.systems.answers import together
from inference.systems.consensus.config import ConsensusSettings
from inference.systems.consensus.system import Consensus
from inference.systems.model import Answers
from inference.systems.shipping import enter
from inference.systems.weights import FOLDER_VARIABLE, StoredFile
from inference.training import lungs
from inference.training.data import packs
from inference.training.datasets.sample import DataError
from inference.training.planes import LUNG
from inference.training.recipe_book import recipes
from inference.transforms.lung_window import seen_through
from inference.volume import Volume
from tests.helpers.learned import JOINT, Recorder, RuleModel, entry_of, ruled
from tests.helpers.phantoms import chest
from tests.helpers.tiny_training import shared_tree, tiny_recipe, trainer

RECOGNISER = "specialised-streams-recogniser-compact"
LUNGS_ALONE = "specialised-streams-recogniser-lungs-compact"
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


def test_the_default_asks_one_recogniser_about_whole_slices_and_one_about_the_lung_alone(tmp_path: Path) -> None:
    seen = _shown(tmp_path, {RECOGNISER: 0.9, LUNGS_ALONE: 0.2})
    whole, masked = seen[RECOGNISER], seen[LUNGS_ALONE]
    assert whole.shape == masked.shape and len(whole)
    outside = masked == 0.0
    np.testing.assert_allclose(masked[~outside], whole[~outside], atol=1e-6)
    bright = whole > 0.1
    assert 0.2 < (outside & bright).sum() / bright.sum() < 0.98
    assert (masked > 0.0).any(axis=(1, 2)).all()


def test_their_opinion_is_the_mean_of_their_log_odds(tmp_path: Path) -> None:
    first, second = np.array([0.9, 0.5, 1.0], np.float32), np.array([0.5, 0.5, 0.0], np.float32)
    np.testing.assert_allclose(together([first, second]), [0.75, 0.5, 0.5], atol=1e-5)
    assert together([first]) is first
    said: list[float | None] = []
    _shown(tmp_path, {RECOGNISER: 0.9, LUNGS_ALONE: 0.5}, said)
    assert said == [pytest.approx(0.75, abs=1e-5)]


def test_thin_slices_between_those_looked_at_are_like_the_nearest(tmp_path: Path) -> None:
    thin = _shown(tmp_path, {RECOGNISER: 0.9, LUNGS_ALONE: 0.9}, volume=VOLUME, step_mm=12.0)
    every = _shown(tmp_path / "every", {RECOGNISER: 0.9, LUNGS_ALONE: 0.9}, volume=VOLUME)
    assert len(thin[RECOGNISER]) == -(-len(every[RECOGNISER]) // 2)


def _shown(
    folder: Path, sure: dict[str, float], said: list[float | None] | None = None, volume: Volume = VOLUME,
    step_mm: float = 2.5,
) -> dict[str, NDArray[np.float32]]:  # fmt: skip
    """The pictures (n, h, w; grey 0..1) that each recogniser, of stated certainty, gets of a chest."""
    seen: dict[str, list[NDArray[np.float32]]] = {name: [] for name in sure}
    folder.mkdir(exist_ok=True)
    with ruled(folder) as models:
        entry = replace(models[RECOGNISER].entry, name=LUNGS_ALONE, masked=True)
        enter(folder, entry)
        models[LUNGS_ALONE] = replace(models[RECOGNISER], entry=entry)
        for name, certain in sure.items():

            def answer(grey: NDArray[np.float32], name: str = name, certain: float = certain) -> Answers:
                seen[name].append(grey[:, 0].copy())
                return {RECOGNITION: np.tile(np.array([1 - certain, certain], np.float32), (len(grey), 1))}

            models[name].rule = answer
        output = Consensus(ConsensusSettings(recognition_step_mm=step_mm)).run(volume, Recorder())
    if said is not None:
        assert output.recognition is not None
        said.append(output.recognition.probability)
    return {name: np.concatenate(shown) for name, shown in seen.items()}


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


def test_what_is_masked_is_so_in_the_compact_form_alone() -> None:
    for variant, masked in (("compact", True), ("paper", False)):
        parts = {one.part: one for one in recipes("specialised-streams", variant)}  # type: ignore[arg-type]
        assert parts["recogniser-lungs"].masked == masked == bool(parts["recogniser-lungs"].lungs_by)
        assert not parts["recogniser"].masked
