"""Records of finished folds outlive their checkpoints, and parts that cannot be judged anew keep their place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from inference.errors import SeriesError
from inference.evaluation import archive, results
from inference.evaluation.archive import Fold
from inference.evaluation.kept import Page, together
from inference.evaluation.parts import Part
from inference.evaluation.records import Record
from inference.evaluation.sources import Where
from inference.training.devices import Place
from inference.training.recipe_book import recipes

_RECORD = Record(
    "plethora-effusion", "a/0001", "plethora-effusion", "patient-a", "2", counts={"effusion": [10, 5, 5, 80]},
    alignment={"effusion": 0.123456789}, distance={"effusion": None}, unit="mm",
)  # fmt: skip
_FOLD = Fold("2", 40, 1200.0, 6, (_RECORD, replace(_RECORD, item="a/0002", label="covid", classes={"covid": 0.25})))
_EFFUSION = next(one for one in recipes("specialised-streams", "compact") if one.part == "effusion")
_PAGE = """# Results

## Aims

| aim | part | wanted | ours | 95 % over patients | patients, pictures | verdict |
|---|---|---|---|---|---|---|
| effusion, Dice pooled | specialised-streams-effusion | ≥ 0.6 | 0.204 | 0.1–0.2 | 2, 248 | missed |

### Missed: effusion, Dice pooled

What was tried.

## Part by part

### specialised-streams-effusion

An earlier figure.

### another

Text of another.

## Not there

Nothing.
"""


def test_kept_records_come_back_as_they_were_to_six_digits(tmp_path: Path) -> None:
    archive.save(tmp_path, "part", [_FOLD])
    (found,) = archive.load(tmp_path, "part")
    assert found.fold == "2" and found.epochs == 40 and found.patients == 6
    assert found.records[0] == replace(_RECORD, alignment={"effusion": 0.123457})
    assert found.records[1].classes == {"covid": 0.25}
    assert archive.load(tmp_path, "nothing kept") == ()


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        archive.save(tmp_path, name, [_FOLD])
    assert (tmp_path / "one.json.gz").read_bytes() == (tmp_path / "two.json.gz").read_bytes()


def test_a_fold_made_now_takes_the_place_of_the_kept_one_and_others_stay() -> None:
    anew, other = replace(_FOLD, epochs=3), replace(_FOLD, fold="0")
    assert archive.merged([_FOLD, other], [anew]) == (other, anew)


def test_damaged_records_are_one_sentence(tmp_path: Path) -> None:
    archive.save(tmp_path, "part", [_FOLD])
    place = tmp_path / "part.json.gz"
    place.write_bytes(place.read_bytes()[:40])
    with pytest.raises(SeriesError, match=r"part\.json\.gz are damaged"):
        archive.load(tmp_path, "part")


def test_a_section_ends_at_the_next_of_its_level() -> None:
    page = Page(_PAGE)
    assert page.section("specialised-streams-effusion", 3) == "An earlier figure."
    assert page.section("Aims").endswith("What was tried.")
    assert page.section("no such heading") == ""
    assert page.rows("Aims")[0][3] == "0.204"


def test_rows_of_parts_that_were_made_anew_replace_the_earlier_ones_in_their_place() -> None:
    before = [["a", "old"], ["b", "old"], ["c", "old"]]
    found = together(before, [["b", "new"], ["b", "new too"], ["d", "new"]], {"b", "c", "d"})
    assert found == [["a", "old"], ["b", "new"], ["b", "new too"], ["d", "new"]]


def test_an_aim_of_a_part_without_records_keeps_its_row(tmp_path: Path) -> None:
    text = results.aims([Part("specialised-streams-effusion", _EFFUSION)], [], tmp_path / "none.csv", Page(_PAGE))
    assert "| effusion, Dice pooled | specialised-streams-effusion | ≥ 0.6 | 0.204 |" in text
    assert "### Missed: effusion, Dice pooled" in text


def test_an_aim_of_a_part_with_records_says_what_they_give(tmp_path: Path) -> None:
    part = Part("specialised-streams-effusion", _EFFUSION, trained=(_RECORD,))
    text = results.aims([part], [], tmp_path / "none.csv", Page(_PAGE))
    assert "| effusion, Dice pooled | specialised-streams-effusion | ≥ 0.6 | 0.667 |" in text and "0.204" not in text


def test_parts_whose_figures_are_an_earlier_pages_are_named() -> None:
    parts = [Part("specialised-streams-effusion", _EFFUSION), Part("new", _EFFUSION, missing="not trained")]
    text = results.missing(parts, Page(_PAGE))
    assert "- new: not trained" in text
    assert "earlier page, whose checkpoints are not at hand: specialised-streams-effusion." in text


def test_a_table_that_cannot_be_made_anew_stays_as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(chosen: object, where: object) -> dict[str, str]:
        raise SeriesError("train it first")

    monkeypatch.setattr(results, "TABLES", dict.fromkeys(results.TABLES, missing))
    where = Where(tmp_path, tmp_path, tmp_path, Place(torch.device("cpu")), lambda text: None)
    page = Page("# Results\n\n## Tables\n\n### `evaluate consensus --table effusion`\n\nFigures of before.\n")
    text = results.paper_tables(where, page, ["effusion"])
    assert "### `evaluate consensus --table effusion`\n\nFigures of before." in text
    assert "### `evaluate jcs --table threshold`\n\nNot made: train it first" in text
