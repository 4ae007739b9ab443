"""What sources alone would give, and what a network that sees the lung alone is judged on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from inference.evaluation import figures
from inference.evaluation.neighbours import shape_auc, thumbnail_auc, with_shortcuts
from inference.evaluation.paper_tables import mosmed, percentage, threshold
from inference.evaluation.records import Judge, Record, records
from inference.evaluation.sources import Where
from inference.evaluation.tables import markdown
from inference.models.outputs import MASK
from inference.training.batches import Pool
from inference.training.datasets.sample import DataError
from inference.training.devices import Place
from inference.training.judging import judge, predictor, restored
from inference.training.networks import build
from inference.training.packing import Pack, Row
from inference.training.recipe_book import recipes
from tests.helpers.tiny_training import tiny_recipe

CPU = Place(torch.device("cpu"))


def _pool(count: int = 40, betrayed: bool = True) -> Pool:
    """Pictures of which the covid ones are brighter, and the films of them square, where the source betrays them."""
    rng = np.random.default_rng(0)
    covid = np.arange(count) % 2 == 0
    level = np.where(covid & betrayed, 170, 90)
    images = rng.normal(level[:, None, None, None], 12, (count, 1, 32, 32)).clip(0, 255).astype(np.uint8)
    rows = tuple(
        Row(str(n), "one", f"p{n}", str(n // 2 % 5), "xray", "covid" if covid[n] else "normal",
            {"aspect": 1.0 if covid[n] and betrayed else 1.2})
        for n in range(count)
    )  # fmt: skip
    planes = np.zeros((count, 5, 32, 4), np.uint8)
    planes[:, 0, 8:24, 1:3] = 255
    known = np.zeros((count, 5), bool)
    known[:, :2] = True
    pack = Pack("chest-xray", 32, images, planes, known, rows, "")
    return Pool((pack,), np.stack([np.zeros(count, np.int64), np.arange(count)], axis=1), np.ones(count))


def test_thumbnails_find_what_the_source_betrays_and_nothing_where_it_does_not() -> None:
    assert thumbnail_auc(_pool(), "covid") == 1.0
    honest = thumbnail_auc(_pool(betrayed=False), "covid")
    assert honest is not None and 0.2 < honest < 0.8
    assert thumbnail_auc(_pool(), "bacterial") is None


def test_being_square_alone_is_an_area_under_the_curve() -> None:
    assert shape_auc(_pool(), "covid") == 1.0 == shape_auc(_pool(), "normal")
    assert shape_auc(_pool(betrayed=False), "covid") == 0.5


def test_shortcuts_stand_beside_recognition_rows_only() -> None:
    rows = [
        {"what": "covid against the rest", "set": "one", "who": "left out", "figures": {"auc": None}},
        {"what": "lung", "set": "one", "who": "left out", "figures": {}},
    ]
    source = _pool()
    judged = [Record("chest-xray", str(n), "one", f"p{n}", "0", label=source.row(n).label) for n in range(40)]
    first, second = with_shortcuts(rows, source, judged)
    assert first["figures"]["shortcuts"] == {"thumbnails": 1.0, "square": 1.0}
    assert second == rows[1] and "shortcuts" not in rows[0]["figures"]


def test_sources_alone_answer_with_the_commonest_class_of_the_other_folds() -> None:
    source = _sources()
    judged = [
        Record("films", row.item, row.source, row.patient, row.fold, label=row.label,
               classes={"normal": 0.2, "viral": 0.3, "covid": 0.5})
        for row in map(source.row, range(len(source)))
    ]  # fmt: skip
    row = {"what": "classes", "set": "all sources", "who": "left out", "figures": figures.confusion(judged)}
    found = with_shortcuts([row], source, judged)[0]
    alone = found["figures"]["sources_alone"]
    assert alone["classes"] == ("normal", "viral", "covid")
    assert alone["table"] == [[4, 0, 0], [0, 1, 2], [0, 2, 1]]
    text = markdown([found])
    assert "the sources alone" in text and "| viral | 0 | 1 | 2 |" in text and "sources_alone" not in row["figures"]


def _sources() -> Pool:
    """Children are normal; of adults, fold 0 is mostly viral and fold 1 mostly covid, so each is answered wrongly."""
    films = [(str(n), "children", str(n % 2), "normal") for n in range(4)]
    films += [(f"a{n}", "adults", "0", label) for n, label in enumerate(("viral", "viral", "covid"))]
    films += [(f"b{n}", "adults", "1", label) for n, label in enumerate(("covid", "covid", "viral"))]
    rows = tuple(Row(item, source, item, fold, "xray", label, {}) for item, source, fold, label in films)
    count = len(rows)
    pack = Pack("films", 32, np.zeros((count, 1, 32, 32), np.uint8), np.zeros((count, 5, 32, 4), np.uint8),
                np.zeros((count, 5), bool), rows, "")  # fmt: skip
    return Pool((pack,), np.stack([np.zeros(count, np.int64), np.arange(count)], axis=1), np.ones(count))


def test_network_that_sees_the_lung_alone_gets_black_outside_it() -> None:
    source = _pool(4)
    recipe = tiny_recipe(
        masked=True, settings={"tasks": ["segmentation"], "image_size": 32, "widths": [4, 6]}, labels=()
    )
    network = build(recipe).eval()
    seen: list[torch.Tensor] = []

    def predict(images: torch.Tensor) -> dict[str, torch.Tensor]:
        seen.append(images)
        return {MASK: torch.zeros(len(images), 1, 32, 32)}

    def lungs(images: torch.Tensor) -> dict[str, torch.Tensor]:
        found = torch.zeros(len(images), 1, 32, 32)
        found[..., :5] = 1.0
        return {MASK: found}

    list(judge(network.heads, predict, source, masked=True))
    list(judge(network.heads, predict, source, masked=True, lungs=lungs))
    list(judge(network.heads, predict, source))
    black = -2.0
    drawn, by_network, everything = ((one != black).all(dim=0)[0] for one in seen)
    assert drawn.any(0).nonzero().flatten().tolist() == list(range(8, 24))
    assert by_network.all(0).nonzero().flatten().tolist() == list(range(5))
    assert everything.all()


def test_mirrored_prediction_is_the_mean_with_the_mirror_image() -> None:
    recipe = tiny_recipe(settings={"tasks": ["segmentation"], "image_size": 32, "widths": [4, 6]}, labels=())
    network = restored(recipe, build(recipe).state_dict(), CPU)
    images = torch.randn(2, 1, 32, 32)
    plain = predictor(network, CPU, mirrored=False)
    both = predictor(network, CPU)(images)[MASK]
    assert torch.allclose(both, (plain(images)[MASK] + plain(images.flip(3))[MASK].flip(3)) / 2, atol=1e-6)
    assert torch.allclose(both.flip(3), predictor(network, CPU)(images.flip(3))[MASK], atol=1e-6)


def test_records_count_the_pixels_of_each_label_that_is_known() -> None:
    source = _pool(3)
    recipe = tiny_recipe(
        settings={"tasks": ["segmentation"], "image_size": 32, "widths": [4, 6], "labels": ["lung"]}, labels=()
    )
    network = restored(recipe, build(recipe).state_dict(), CPU)
    found = list(records(Judge(recipe, network.heads, predictor(network, CPU), ("p1",), ()), source))
    assert [one.seen for one in found] == [False, True, False]
    assert all(sum(one.counts["lung"]) == 32 * 32 for one in found)
    assert all(one.counts["lung"][0] + one.counts["lung"][2] == 16 * 16 for one in found)
    assert figures.segmentation(found, "lung")["patients"] == 3


def test_percentage_is_of_the_lung_that_the_first_network_finds() -> None:
    def lungs(images: torch.Tensor) -> dict[str, torch.Tensor]:
        found = torch.zeros(len(images), 1, 16, 16)
        found[..., :8] = 1.0
        return {MASK: found}

    def lesions(images: torch.Tensor) -> dict[str, torch.Tensor]:
        found = torch.zeros(len(images), 1, 16, 16)
        found[..., 6:, :] = 1.0  # also outside the lung
        return {MASK: found}

    slices = [lambda: np.random.default_rng(0).normal(-600, 100, (16, 16))] * 3
    assert percentage(lungs, lesions, slices, 16) == pytest.approx(100 * 10 / 16)
    assert percentage(lambda images: {MASK: lungs(images)[MASK] * 0}, lesions, slices, 16) == 0.0


def test_tables_of_volumes_say_which_data_they_need(tmp_path: Path) -> None:
    where = Where(tmp_path, tmp_path, tmp_path, CPU, lambda text: None)
    with pytest.raises(DataError, match="COVID-CT-MD"):
        threshold(recipes("jcs", "compact"), where)
    with pytest.raises(DataError, match="MosMedData"):
        mosmed(recipes("cascade-severity", "compact"), where)
