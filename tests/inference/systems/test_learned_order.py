"""In which order slices are looked at, how often, and what runs beside."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.errors import Cancelled
from inference.findings import Warning
from inference.labels import Lesion, Lung
from inference.models.outputs import MASK, Head, independent_map
from inference.pipeline.agreement import agree
from inference.systems import device
from inference.systems.answers import turned_look
from inference.systems.learned import Analysis, Looks
from inference.systems.registry import CASCADE_SEVERITY, create
from inference.systems.weights import StoredFile
from inference.volume import Units, Volume
from tests.helpers.learned import CASCADE, JOINT, Recorder, entry_of, ruled, ship_tiny, weights_in
from tests.helpers.phantoms import chest

THIN = chest(disease="right", shape=(48, 96, 128), spacing_mm=(2.0, 3.2, 3.0), ground_glass_hu=-140.0,
             consolidation_hu=-140.0, vessels=False, noise_hu=0.0).volume  # fmt: skip
STREAMS = ("ground-glass", "consolidation")
SMALL = chest(disease="right", shape=(6, 48, 64), spacing_mm=(40.0, 7.0, 6.0)).volume


@dataclass
class Watcher(Recorder):
    """Remembers how many pictures each model had been asked about when lungs were first shown."""

    model: Any = None
    first: tuple[int, NDArray[np.uint8]] | None = None
    last: NDArray[np.uint8] | None = None

    def publish(self, name: str, labels: NDArray[np.uint8], first: int, last: int) -> None:
        if name == "lungs" and self.first is None:
            self.first = self.model.asked, labels.copy()
        if name == "lungs":
            self.last = labels.copy()
        super().publish(name, labels, first, last)


def test_lungs_are_shown_whole_after_a_quarter_of_the_slices(tmp_path: Path) -> None:
    with ruled(tmp_path) as models:
        watcher = Watcher(model=models["cascade-severity-lungs-compact"])
        create("consensus").run(THIN, watcher)
    assert watcher.first is not None and watcher.last is not None
    asked, shown = watcher.first
    assert asked == 12
    final = watcher.last > 0
    both = 2 * int(((shown > 0) & final).sum()) / int((shown > 0).sum() + final.sum())
    assert both > 0.85
    assert (shown > 0).any(axis=(1, 2)).sum() >= final.any(axis=(1, 2)).sum() - 4


@dataclass
class Fixed:
    """A model that answers ``level`` for every label, and remembers the first pixel of each picture."""

    heads: tuple[Head, ...]
    level: float
    mirrored: bool = True
    device: str = "cpu"
    file: StoredFile = field(default_factory=lambda: StoredFile("fixed.safetensors", "0" * 64))
    notices: tuple[Warning, ...] = ()
    asked: int = 0

    @property
    def entry(self) -> Any:
        return replace(entry_of("cascade-severity-lungs-compact"), mirrored=self.mirrored)

    def __call__(self, images: NDArray[np.float32], notify: Any) -> dict[str, NDArray[np.float32]]:
        self.asked += len(images)
        shape = (len(images), len(self.heads[0].labels), *images.shape[2:])
        return {MASK: np.full(shape, self.level, np.float32)}


def looked(labels: Sequence[str], level: float, looks: Looks = "both") -> int:
    model = Fixed((independent_map(tuple(labels)),), level)
    run = Analysis(CASCADE_SEVERITY, SMALL, Recorder())
    run.ask(model, [0, 1, 2], lambda batch, answers: None, looks=looks)
    return model.asked


@pytest.mark.parametrize(
    ("labels", "level", "times"),
    [(["lesion"], 0.05, 1), (["lesion"], 0.3, 2), (["lung"], 0.05, 2), (["lung", "lesion"], 0.05, 1)],
)
def test_only_pictures_with_a_trace_of_disease_are_shown_mirrored(labels: list[str], level: float, times: int) -> None:
    assert looked(labels, level) == 3 * times
    assert looked(labels, level, "once") == looked(labels, level, "in turn") == 3


def test_slices_far_from_any_lung_are_not_looked_at() -> None:
    run = Analysis(CASCADE_SEVERITY, THIN, Recorder())
    seen: list[int] = []
    model = Fixed((independent_map(("lung",)),), 0.9)
    grown = run.growing(model, "lung")

    def each(batch: Sequence[int], answers: Any) -> None:
        seen.extend(batch)
        inside = np.array([18 <= k <= 30 for k in batch], np.float32)
        grown.add(batch, {MASK: answers[MASK] * inside[:, None, None, None]})

    run.look_between(model, list(range(48)), each, grown)
    assert sorted(seen) == sorted(set(seen))
    assert set(range(16, 33)) <= set(seen)
    assert not {1, 2, 3, 9, 10, 11, 45, 46} & set(seen)


@dataclass
class Sharing(Recorder):
    """The surroundings of a run of several systems."""

    shared: dict[object, object] = field(default_factory=dict)


def test_lungs_are_found_once_for_all_systems_of_a_run(tmp_path: Path) -> None:
    with ruled(tmp_path) as models:
        model = models["cascade-severity-lungs-compact"]
        create("cascade-severity").run(THIN, Recorder())
        alone, model.asked = model.asked, 0
        found, _ = agree(THIN, Sharing())
    assert found is not None
    assert {"cascade-severity", "multitask", "jcs"} <= set(found.systems)
    assert model.asked == alone > 0


GREY = replace(
    SMALL, array=(np.clip((SMALL.array.astype(np.float32) + 1024) / 2524, 0, 1) * 255).astype(np.int16),
    units=Units.GREY8,
)  # fmt: skip


def consensus(folder: Path, volume: Volume, *streams: str) -> Any:
    ship_tiny(folder, *CASCADE, *(f"specialised-streams-{name}-compact" for name in streams))
    with weights_in(folder):
        return create("consensus").run(volume, Recorder())


def test_without_hounsfield_units_the_streams_tell_the_classes(tmp_path: Path) -> None:
    output = consensus(tmp_path, GREY, *STREAMS)
    assert output.sources == dict.fromkeys(("ground_glass", "consolidation"), "learned")
    used = {weight.name for weight in output.provenance.weights}
    assert {f"specialised-streams-{name}-compact.safetensors" for name in STREAMS} <= used
    assert "consolidation_hu" not in output.thresholds
    assert not output.probabilities


@pytest.mark.parametrize("missing", ["ground-glass", "consolidation"])
def test_one_stream_missing_without_hounsfield_units_leaves_the_opacity_without_a_class(
    tmp_path: Path, missing: str
) -> None:
    output = consensus(tmp_path, GREY, *(name for name in STREAMS if name != missing))
    assert output.sources == {"unclassified": "learned"}
    assert set(np.unique(output.lesions.array)) <= {0, Lesion.UNCLASSIFIED}


def test_hounsfield_units_tell_the_classes_and_the_fluid_whatever_streams_there_are(tmp_path: Path) -> None:
    output = consensus(tmp_path, SMALL, *STREAMS)
    assert output.sources == dict.fromkeys(("ground_glass", "consolidation", "effusion"), "rule")
    assert output.thresholds["consolidation_hu"] == -300.0
    smooth_dense = SMALL.array[output.lesions.array == Lesion.CONSOLIDATION]
    assert not smooth_dense.size or smooth_dense.mean() > -300


def test_density_rules_end_with_the_run_that_was_cancelled(tmp_path: Path) -> None:
    ship_tiny(tmp_path, *CASCADE)

    class Stopper(Recorder):
        def stage(self, name: str) -> None:
            if name == "lesion":
                raise Cancelled
            super().stage(name)

    with weights_in(tmp_path), pytest.raises(Cancelled):
        create("consensus").run(SMALL, Stopper())
    beside = [one for one in threading.enumerate() if one.name.startswith("densitometry")]
    for one in beside:
        one.join(20)
    assert not [one for one in beside if one.is_alive()]


def test_machine_without_a_sign_of_a_gpu_is_not_searched_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_may_have_gpu", lambda: False)
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    assert device.device_of("auto") == "cpu"


class Echo(Fixed):
    """A model whose answer is the picture itself."""

    def __call__(self, images: NDArray[np.float32], notify: Any) -> dict[str, NDArray[np.float32]]:
        self.seen = images.copy()
        return {MASK: images.copy()}


def test_slices_looked_at_mirrored_in_turn_are_answered_the_right_way_round() -> None:
    model = Echo((independent_map(("lesion",)),), 0.0)
    pictures = np.random.default_rng(3).random((4, 1, 5, 7)).astype(np.float32)
    answers = turned_look(model, pictures, np.array([False, True, False, True]), lambda warning: None)
    np.testing.assert_array_equal(answers[MASK], pictures)
    np.testing.assert_array_equal(model.seen[::2], pictures[::2])
    np.testing.assert_array_equal(model.seen[1::2], pictures[1::2, ..., ::-1])


@pytest.mark.parametrize(("apart", "times"), [(2.0, 1), (4.0, 2)])
def test_the_default_looks_once_at_slices_that_lie_near_one_another(apart: float, times: int, tmp_path: Path) -> None:
    slices = round(96 / apart)
    volume = chest(disease="right", shape=(slices, 96, 128), spacing_mm=(apart, 3.2, 3.0), ground_glass_hu=-140.0,
                   consolidation_hu=-140.0, vessels=False, noise_hu=0.0).volume  # fmt: skip
    with ruled(tmp_path, joint=True) as models:
        output = create("consensus").run(volume, Recorder())
    assert models[JOINT].asked == slices * times  # the rule marks a pixel of something in every slice
    right = np.isin(output.lungs.array, Lung.RIGHT)
    assert (output.lesions.array[right] > 0).sum() > 0.9 * (output.lesions.array > 0).sum()
