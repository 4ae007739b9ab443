"""From checkpoints and shipped weights of a tiny system to the pages of results and the model cards."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from inference.errors import WeightsMissing
from inference.evaluation import parts, results, sources
from inference.evaluation.__main__ import main
from inference.evaluation.cards import cards
from inference.evaluation.records import Judge, records, to_json
from inference.evaluation.scored import Scored, append
from inference.evaluation.sources import Where, entry_of, part_records, shipped, weight_records
from inference.systems import weights
from inference.training import checkpoints
from inference.training.devices import Place
from inference.training.export import export
from inference.training.recipes import Recipe
from inference.training.schedules import Optimisation
from inference.training.trainer import Limits
from inference.training.uses import Use
from tests.helpers.tiny_training import SIDE, shared_tree, tiny_recipe, trainer

_MASKS = {"image_size": SIDE, "widths": [4, 6], "classifier_width": 4, "norm": True, "tasks": ["segmentation"]}
CPU = Place(torch.device("cpu"))


def _recipe(system: str, part: str, labels: list[str], **more: Any) -> Recipe:
    return tiny_recipe(
        system=system, part=part, uses=(Use("covid20-slices-256"),), labels=(),
        settings={**_MASKS, "labels": labels}, optimisation=Optimisation(epochs=1, batch=4, rate=1e-3), **more,
    )  # fmt: skip


LUNGS = _recipe("cascade-severity", "lungs", ["lung"])
LESIONS = replace(_recipe("cascade-severity", "lesions", ["lesion"]), masked=True)
PLAIN = _recipe("baseline", "lungs-lesions", ["lung", "lesion"])
CLASSES = tiny_recipe(
    system="jcs", part="recogniser", uses=(Use("recognition-slices", "labelled"),),
    optimisation=Optimisation(epochs=1, batch=4, rate=1e-3),
)  # fmt: skip
_ALL = (PLAIN, CLASSES, LUNGS, LESIONS)


def _recipes(system: str, variant: str) -> tuple[Recipe, ...]:
    mine = tuple(one for one in _ALL if one.system == system)
    return mine if variant == "compact" else tuple(replace(one, variant="paper") for one in mine)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    for module in (parts, results):
        monkeypatch.setattr(module, "recipes", _recipes)
    monkeypatch.setattr(parts, "systems", lambda: ("baseline", "jcs", "cascade-severity"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_tree(tmp_path_factory.mktemp("data"), patients=10)


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Finished checkpoints of fold 0 of every part but the baseline's, which is not finished."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("runs")
    for recipe in _ALL:
        made = trainer(data, checkpoints.place(out, recipe, "0"), recipe)
        made.run(Limits())
        if recipe is not PLAIN:
            found = [to_json(one) for one in records(Judge.of(made.state, CPU), made.split.left_out)]
            made.state.figures = {"records": found}
        made.state.finished = recipe is not PLAIN
        made.save()
    return out


@pytest.fixture()
def folder(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lungs' weights, shipped under the name without a fold, as systems look for them."""
    place = tmp_path / "weights"
    export(checkpoints.load(checkpoints.place(runs, LUNGS, "0")), place)
    listed = json.loads((place / "manifest.json").read_text())
    listed["weights"][0]["name"] = LUNGS.name
    (place / "manifest.json").write_text(json.dumps(listed))
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(place))
    return place


def _where(data: Path, out: Path, cache: Path, **more: Any) -> Where:
    return Where(data, cache, out, CPU, lambda text: None, **more)


def test_shipped_weights_give_the_fold_that_they_left_out_and_mark_everyone_else(
    data: Path, folder: Path, tmp_path: Path
) -> None:
    where = _where(data, tmp_path / "none", tmp_path / "cache")
    everyone = part_records(LUNGS, where, None)
    assert {one.patient for one in everyone if not one.seen} == {"patient-0", "patient-5"}
    assert len({one.patient for one in everyone}) == 10
    of_fold = part_records(LUNGS, where, "0")
    unseen = part_records(LUNGS, replace(where, unseen=True), None)
    assert of_fold == unseen == [one for one in everyone if not one.seen]
    with pytest.raises(WeightsMissing, match="fold 2 left out"):
        part_records(LUNGS, where, "2")


def test_weights_under_the_name_of_a_fold_are_found_too(data: Path, runs: Path, tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    export(checkpoints.load(checkpoints.place(runs, LUNGS, "0")), tmp_path)
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(tmp_path))
    found = entry_of(LUNGS)
    assert found is not None and found.name == f"{LUNGS.name}-fold0"


def test_pictures_are_judged_once_by_the_same_weights(
    data: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = _where(data, tmp_path / "none", tmp_path / "cache")
    first = weight_records(shipped(LUNGS, where), where, "0")
    asked: list[object] = []

    def none(*rest: object) -> list[object]:
        asked.append(rest)
        return []

    monkeypatch.setattr(sources, "records", none)
    assert weight_records(shipped(LUNGS, where), where, "0") == first and not asked
    weight_records(shipped(LUNGS, where), where, None)
    assert asked, "other pictures are judged anew"


def test_page_has_aims_tables_and_what_is_missing_and_no_place_on_this_machine(
    data: Path, runs: Path, folder: Path, tmp_path: Path
) -> None:
    log, tried = tmp_path / "scored.csv", tmp_path / "tried.csv"
    append(log, [
        Scored("1.0", "2026-01-01", "covid-P001", "consensus", "AUC over slices", "0.970", "0.9", "1.0", "c"),
        Scored("1.0", "2026-01-01", "normal-001", "consensus", "mean per cent of a slice", "1.2", "", "", "c"),
        Scored("1.0", "2026-01-01", "cap-001", "consensus", "AUC over slices", "0.5", "0.4", "0.6", "c"),
    ])  # fmt: skip
    tried.write_text('aim,part,tried,figure,n,when\n"recognition, AUC within publication",p,more mixing,0.61,2,may\n')
    where = _where(data, runs, tmp_path / "cache")
    found = parts.gather(where)
    text = results.document(found, where, log, tried)
    assert str(tmp_path) not in text and str(data) not in text
    assert "| covid-P001, AUC over slices | consensus | ≥ 0.95 | 0.970 | 0.9–1.0 | 1, – | met |" in text
    assert "| normal-001, mean per cent of a slice | consensus | < 0.5 | 1.2 | – | 1, – | missed |" in text
    assert "- baseline-lungs-lesions: training of fold 0 is not finished" in text
    assert "### cascade-severity-lungs" in text and "fold 0 left out" in text and "paper 4, table 5" in text
    assert "### cascade-severity-lesions, lungs found" in text
    assert "| cascade-severity-lungs-compact-fold0.safetensors (" in text
    assert text.count("Dice of lung on covid20-slices-256 by patient") == 1
    assert "holds no MosMedData" in text and "holds no volumes with a diagnosis" in text
    scored_again = text.split("## Every time a test case was scored")[1]
    assert "covid-P001" in scored_again and "cap-001" not in scored_again
    by_name = {part.name: part for part in found}
    assert {one.set for one in by_name["cascade-severity-lesions, lungs found"].records} == {
        "covid20-slices-256", "covid20-stacks-128",
    }  # fmt: skip
    assert {one.patient for part in found for one in part.records} <= {"patient-0", "patient-5", "group-0", "group-5"}


def test_shipped_weights_of_named_parts_alone_are_run(data: Path, runs: Path, folder: Path, tmp_path: Path) -> None:
    where = _where(data, runs, tmp_path / "cache")
    for named, wanted in (((LUNGS.name.removesuffix("-compact"),), True), (("another",), False)):
        found = {part.name: bool(part.shipped) for part in parts.gather(where, named)}
        assert found["cascade-severity-lungs"] is wanted


def test_paired_difference_to_the_baseline_is_by_patient(data: Path, runs: Path, tmp_path: Path) -> None:
    where = _where(data, runs, tmp_path / "cache")
    lungs = next(part for part in parts.gather(where, as_shipped=False) if part.name == "cascade-severity-lungs")
    worse = tuple(replace(one, counts={"lung": [10, 30, 30, 900]}) for one in lungs.records)
    better = tuple(replace(one, counts={"lung": [90, 5, 5, 900]}) for one in lungs.records)
    plain = replace(lungs, name="baseline-lungs-lesions", recipe=PLAIN, trained=worse)
    text = results.beside_baseline([replace(lungs, trained=better), plain])
    assert f"{180 / 190 - 20 / 80:+.3f}" in text and "patient-0" in text and "| 2 |" in text
    first = replace(plain, name="baseline-first", recipe=replace(PLAIN, part="first"))
    default = replace(lungs, name="consensus-first", recipe=replace(PLAIN, system="consensus", part="first"))
    lines = results.beside_baseline([replace(default, trained=better), plain, first]).splitlines()
    assert [line.split(" | ")[1] for line in lines if line.startswith("| consensus-first")] == ["baseline-first"]
    assert "not trained yet" in results.beside_baseline([lungs])


def test_card_has_what_when_whom_how_well_and_what_the_paper_leaves_open(
    data: Path, runs: Path, folder: Path, tmp_path: Path
) -> None:
    networks = Path(__file__).resolve().parents[3] / "docs" / "networks.md"
    made = cards(parts.gather(_where(data, runs, tmp_path / "cache")), networks)
    assert list(made) == [LUNGS.name]
    text, entry = made[LUNGS.name], weights.find(LUNGS.name)
    assert entry is not None and entry.torch is not None and entry.torch.sha256 in text
    assert (
        "Fold 0 of `folds.csv` was left out" in text and "patient-1" in text and "patient-0," not in text.split("##")[4]
    )
    assert "CC BY-NC-SA" in text and "Research use only" in text and "DenseNet-121 in the text" in text
    assert "paper 4, table 5" in text and "2, 6" in text


def test_commands_write_pages(
    data: Path, runs: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = ["--data", str(data), "--runs", str(runs), "--cache", str(tmp_path / "cache"), "--device", "cpu"]
    page = tmp_path / "docs" / "results.md"
    assert main(["results", *known, "--out", str(page), "--log", str(tmp_path / "none.csv")]) == 0
    assert page.read_text().startswith("# Results") and str(page) in capsys.readouterr().out
    assert main(["cards", *known, "--out", str(tmp_path / "cards")]) == 0
    assert (tmp_path / "cards" / f"{LUNGS.name}.md").is_file()
    assert main(["score", "no-case", "--data", str(data), "--log", str(tmp_path / "log.csv")]) == 2
    assert "no case no-case" in capsys.readouterr().err and not (tmp_path / "log.csv").exists()
