"""From records to tables: pooled and by patient, left out and seen, within one source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inference.evaluation import figures
from inference.evaluation.paper_tables import grade_table, threshold_table
from inference.evaluation.records import Record, from_json, to_json
from inference.evaluation.summary import LEFT_OUT, SEEN, rows
from inference.evaluation.tables import interval, markdown, number


def _mask(patient: str, counts: list[int], **more: Any) -> Record:
    values: dict[str, Any] = {
        "set": "covid20-slices-256", "item": "x", "source": "s", "patient": patient, "fold": "0",
        "counts": {"lesion": counts}, "alignment": {"lesion": 0.5}, "distance": {"lesion": 2.0},
    }  # fmt: skip
    return Record(**{**values, **more})


def _picture(label: str, covid: float, source: str = "one", patient: str = "p") -> Record:
    return Record("recognition-slices", "x", source, patient, "0", label=label,
                  classes={"non_covid": 1 - covid, "covid": covid})  # fmt: skip


def test_pooled_dice_weighs_pixels_and_mean_dice_patients() -> None:
    found = figures.segmentation(
        [_mask("a", [90, 5, 5, 900]), _mask("a", [0, 0, 0, 1000]), _mask("b", [1, 3, 4, 992])], "lesion"
    )
    assert found["pooled"]["dice"] == pytest.approx(182 / (182 + 8 + 9))
    assert found["dice_by_patient"] == {"a": pytest.approx(0.947, abs=1e-3), "b": pytest.approx(2 / 9)}
    assert found["mean_dice"]["value"] == pytest.approx((180 / 190 + 2 / 9) / 2)
    assert found["median_dice"] == pytest.approx((180 / 190 + 2 / 9) / 2)
    assert (found["patients"], found["pictures"], found["hd95_undefined"]) == (2, 3, 0)


def test_distance_without_value_is_counted_apart() -> None:
    ones = [_mask("a", [1, 0, 0, 9]), _mask("a", [0, 2, 0, 8], distance={"lesion": None})]
    found = figures.segmentation(ones, "lesion")
    assert found["hd95"] == 2.0 and found["hd95_undefined"] == 1


def test_label_that_no_picture_has_gives_no_figures() -> None:
    assert figures.segmentation([_mask("a", [1, 0, 0, 9])], "lung") == {}


def test_slices_with_few_pixels_and_without_lung_are_left_out() -> None:
    def one(pixels: float | None, score: float | None, lung: float | None = 0.2) -> Record:
        return _mask("a", [0, 0, 0, 1], lesion_pixels=pixels, lesion_score=score, lung_share=lung)

    ones = [one(30, 50.0), one(20, 0.4), one(0, 0.9), one(0, 12.0), one(19, 0.0), one(0, 99.0, 0.005), one(None, 99.0)]
    found = figures.slices(ones)
    assert (found["slices"], found["diseased"]) == (4, 2)
    assert found["auc"]["value"] == pytest.approx(2 / 4)
    assert found["from_one_pixel"]["sensitivity"] == 0.5 and found["from_one_pixel"]["specificity"] == 0.5
    assert found["specificity_at_95"] == 0.0


def test_recognition_is_judged_within_each_source() -> None:
    # each source alone is a coin toss; over both, the source gives the class away
    ones = [_picture("covid", 0.8, "one", f"a{n}") for n in range(3)] + [_picture("non_covid", 0.8, "one", "b")]
    ones += [_picture("covid", 0.2, "two", "c")] + [_picture("non_covid", 0.2, "two", f"d{n}") for n in range(3)]
    found = rows(ones)
    areas = {(row["set"], row["what"]): row["figures"]["auc"]["value"] for row in found if "auc" in row["figures"]}
    assert areas == {("one", "covid against the rest"): 0.5, ("two", "covid against the rest"): 0.5}
    everything = next(row["figures"] for row in found if row["set"] == "all sources")
    assert everything["classes"] == ("non_covid", "covid")
    assert everything["table"] == [[3, 1], [1, 3]]
    assert everything["accuracy"]["value"] == pytest.approx(6 / 8)


def test_wider_class_takes_in_its_members_in_the_confusion() -> None:
    ones = [
        Record("chest-xray", "x", "g", "p", "0", label=label, classes={"normal": 1 - p, "pneumonia": p})
        for label, p in (("viral", 0.9), ("bacterial", 0.2), ("normal", 0.1))
    ]
    assert figures.confusion(ones)["table"] == [[1, 0], [1, 1]]


def test_seen_patients_have_rows_of_their_own() -> None:
    ones = [_mask("a", [5, 1, 1, 9]), _mask("b", [9, 0, 0, 9], seen=True)]
    found = {row["who"]: row["figures"]["pooled"]["dice"] for row in rows(ones)}
    assert found == {LEFT_OUT: pytest.approx(10 / 12), SEEN: 1.0}


def test_findings_are_judged_where_they_are_known() -> None:
    base = _mask("a", [1, 0, 0, 9], findings={"effusion": 0.9, "consolidation": 0.4}, present={"effusion": True})
    other = replace(base, patient="b", findings={"effusion": 0.2, "consolidation": 0.9}, present={"effusion": False})
    found = figures.manifestations([base, other])
    assert list(found) == ["effusion"]
    assert found["effusion"]["auc"]["value"] == 1.0 and found["effusion"]["at_half"]["accuracy"] == 1.0


def test_records_survive_json() -> None:
    one = _mask("a", [5, 1, 1, 9], distance={"lesion": None}, label="covid")
    assert from_json(to_json(one)) == one


def test_markdown_has_one_line_for_each_row_and_dashes_for_what_is_missing() -> None:
    text = markdown(rows([_mask("a", [0, 0, 0, 16]), _picture("covid", 0.7), _picture("normal", 0.4, patient="q")]))
    lines = text.splitlines()
    assert any(line.startswith("| lesion | covid20-slices-256 | 1 left out | – |") for line in lines)
    assert any("covid against the rest" in line and "1.000" in line for line in lines)
    assert number(None) == "–" == interval(None)
    for block in text.split("\n\n"):
        widths = {line.count("|") for line in block.splitlines() if line.startswith("|")}
        assert len(widths) <= 1


def test_threshold_table_calls_volumes_with_more_positive_slices_than_the_threshold() -> None:
    found = threshold_table([10.0, 16.0, 25.0, 40.0, 26.0], [False, False, True, True, False])
    by_cut = {row["threshold"]: (row["sensitivity"], row["specificity"]) for row in found["rows"]}
    assert by_cut[15] == (1.0, pytest.approx(1 / 3))
    assert by_cut[25] == (0.5, pytest.approx(2 / 3)), "25 is not more than 25"
    assert "300 > threshold" in found["markdown"]


def test_grade_table_counts_truth_by_answer() -> None:
    found = grade_table(["CT-0", "CT-1", "CT-1", "CT-4"], [0, 1, 2, 4])
    assert found["confusion"][2] == [0, 1, 0, 0, 0]
    assert found["accuracy"] == 0.75
    row = next(one for one in found["rows"] if one["grade"] == "CT-1")
    assert (row["sensitivity"], row["precision"], row["specificity"]) == (1.0, 0.5, pytest.approx(2 / 3))
