"""Single figures by name, the aims, and the table beside the papers'."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inference.evaluation import published
from inference.evaluation.aims import AIMS, TOGETHER, reached
from inference.evaluation.measures import (
    CLASSES,
    COVID_AGAINST_PNEUMONIA,
    DISEASED,
    NORMAL_AGAINST_PNEUMONIA,
    measure,
    of_set,
    with_lung_shares,
)
from inference.evaluation.part_tables import NAMES, asked, cut_offs, empty_films, part_table, patients_line
from inference.evaluation.records import Record
from inference.training.recipe_book import recipes, systems

LUNGS = "cascade-severity-lungs"


def _mask(patient: str, counts: list[int], label: str = "lung", **more: Any) -> Record:
    values: dict[str, Any] = {
        "set": "covid20-slices-256", "item": patient, "source": "covid20-slices-256", "patient": patient, "fold": "0",
        "counts": {label: counts}, "alignment": {label: 0.5}, "distance": {label: 2.0},
    }  # fmt: skip
    return Record(**{**values, **more})


def _film(label: str, patient: str, source: str = "ieee", **classes: float) -> Record:
    return Record("chest-xray", patient, source, patient, "0", label=label, classes=classes)


def test_pooled_figure_weighs_pixels_and_its_interval_counts_patients() -> None:
    ones = [_mask("a", [90, 5, 5, 900]), _mask("a", [10, 0, 0, 990]), _mask("b", [1, 3, 4, 992])]
    pooled, mean = measure(ones, "lung", "dice"), measure(ones, "lung", "mean_dice")
    assert pooled is not None and mean is not None
    assert pooled.value == pytest.approx(202 / (202 + 8 + 9)) and (pooled.patients, pooled.pictures) == (2, 3)
    assert mean.value == pytest.approx((200 / 210 + 2 / 9) / 2) and mean.equation_2 is None
    assert pooled.equation_2 is not None and pooled.equation_2.n == 3
    assert pooled.interval.low == pytest.approx(2 / 9) and pooled.interval.high == pytest.approx(200 / 210)
    distance = measure([replace(ones[0], distance={"lung": None}), ones[2]], "lung", "hd95")
    assert distance is not None and distance.value == 2.0 and distance.equation_2 is None
    assert measure(ones, "effusion", "dice") is None
    assert measure(ones, "lung", "auc") is None, "a figure of decisions"


def test_slice_is_disease_free_only_where_another_network_finds_lung() -> None:
    def one(item: str, pixels: float, score: float) -> Record:
        return _mask("a", [0, 0, 0, 9], "lesion", item=item, lesion_pixels=pixels, lesion_score=score)

    ones = [one("ill", 40, 30.9), one("faint", 10, 0.1), one("well", 0, 0.3), one("neck", 0, 90.0)]
    shares = [
        _mask("a", [1, 0, 0, 9], item="neck", lung_share=0.004),
        _mask("a", [1, 0, 0, 9], item="well", lung_share=0.3),
    ]
    before, after = (measure(found, DISEASED, "auc") for found in (ones, with_lung_shares(ones, shares)))
    assert before is not None and before.value == 0.5 and before.pictures == 3
    assert after is not None and after.value == 1.0 and after.pictures == 2
    caught = measure(with_lung_shares(ones, shares), DISEASED, "sensitivity")
    assert caught is not None and caught.value == 1.0 and caught.equation_2 is not None and caught.equation_2.n == 1


def test_covid_is_told_from_pneumonia_alone_and_normal_from_all_pneumonia() -> None:
    ones = [
        _film("covid", "a", normal=0.1, bacterial=0.2, viral=0.1, covid=0.6),
        _film("other_pneumonia", "b", normal=0.1, bacterial=0.3, viral=0.3, covid=0.3),
        _film("normal", "c", normal=0.1, bacterial=0.0, viral=0.0, covid=0.9),
        _film("bacterial", "d", normal=0.7, bacterial=0.1, viral=0.1, covid=0.1),
    ]  # fmt: skip
    covid = measure(ones, COVID_AGAINST_PNEUMONIA, "auc")
    assert covid is not None and covid.value == 1.0 and covid.pictures == 3
    normal = measure(ones, NORMAL_AGAINST_PNEUMONIA, "auc")
    assert normal is not None and normal.value == pytest.approx(0.25), "the covid film is no part of it"
    assert normal.pictures == 3
    classes = measure(ones, CLASSES, "accuracy")
    assert classes is not None and classes.value == pytest.approx(1 / 3), "other pneumonia is none of the four"
    assert measure(ones[:1], COVID_AGAINST_PNEUMONIA, "auc") is None


def test_aims_are_met_missed_or_not_measured() -> None:
    found = {
        "consensus-lungs-lesions": [
            _mask("a", [98, 1, 1, 900]), _mask("b", [60, 20, 20, 900], "lesion"),
        ],
    }  # fmt: skip
    said = {(one.aim.title, one.part): one.verdict for one in reached(found)}
    assert said["lungs, Dice pooled", "consensus-lungs-lesions"] == "met"
    assert said["lesions, Dice pooled", "consensus-lungs-lesions"] == "missed"
    assert said["recognition, AUC within publication", "jcs-recogniser"] == "not measured"
    assert len(said) == sum(len(aim.parts) for aim in AIMS)


def test_smallest_effusion_is_listed_and_not_counted() -> None:
    ones = [
        _mask(who, counts, "effusion", set="plethora-effusion", source="plethora-effusion")
        for who, counts in (("LUNG1-013", [0, 1, 9, 90]), ("LUNG1-001", [8, 2, 2, 90]), ("LUNG1-018", [7, 3, 3, 90]))
    ]
    median = next(
        one.ours for one in reached({"specialised-streams-effusion": ones})
        if "median" in one.aim.title and one.part == "specialised-streams-effusion"
    )  # fmt: skip
    assert median is not None and median.value == pytest.approx(0.75) and median.patients == 2
    assert "LUNG1-013 0.000" in patients_line(ones) and "not counted" in patients_line(ones)


def test_films_without_infection_are_judged_by_their_false_area() -> None:
    film = {"set": "chest-xray-masks", "source": "findings"}
    ones = [_mask("a", [30, 10, 10, 50], "lesion", **film), _mask("b", [0, 5, 0, 95], "lesion", **film)]
    infected = next(one.ours for one in reached({"covid-mtnet-xray-lesions": ones}) if "infected" in one.aim.title)
    assert infected is not None and infected.value == pytest.approx(60 / 80) and infected.pictures == 1
    assert empty_films(ones).endswith("5.00 %") and not empty_films(ones[:1])


def test_table_puts_the_papers_own_figure_and_why_it_differs_beside_ours() -> None:
    text = part_table(LUNGS, [_mask("a", [90, 5, 5, 900]), _mask("b", [95, 1, 1, 900])])
    rows = [line.split(" | ") for line in text.splitlines()[2:]]
    assert {row[2] for row in rows} == {"Dice, pooled", "Dice, mean by patient", "IoU", "accuracy"}
    dice = next(row for row in rows if row[2] == "Dice, pooled")
    assert dice[3] == f"{370 / 382:.3f}" and dice[6] == "2, 2"
    assert dice[7].startswith("0.9719 (paper 4, table 5") and "ImageNet" in dice[8]
    assert len({line.count("|") for line in text.splitlines()}) == 1


def test_source_that_shows_one_class_alone_is_left_out_of_the_tables() -> None:
    ones = [
        Record("recognition-slices", f"{n}", source, f"{n}", "0", label=label, classes={"non_covid": 0.4, "covid": 0.6})
        for n, (source, label) in enumerate((("nor", "non_covid"), ("img", "covid"), ("img", "non_covid")))
    ]
    assert asked(ones) == [("img", "covid"), ("all sources", CLASSES)]
    assert "Youden's cut-off for covid on img" in cut_offs(ones)


def test_sources_of_one_set_are_judged_apart() -> None:
    ones = [_mask("a", [1, 0, 0, 1], set="chest-xray-masks", source="jsrt"),
            _mask("b", [0, 1, 1, 1], set="chest-xray-masks", source="openist")]  # fmt: skip
    assert asked(ones) == [("chest-xray-masks", "lung"), ("jsrt", "lung"), ("openist", "lung")]
    assert [one.patient for one in of_set(ones, "jsrt")] == ["a"]


def test_every_printed_figure_is_of_a_part_that_exists_and_of_a_figure_that_is_made() -> None:
    parts = {recipe.name.removesuffix("-compact") for system in systems() for recipe in recipes(system, "compact")}
    known = set(NAMES) | {"accuracy", "sensitivity", "specificity", "precision"}
    keys = [(one.part, one.set, one.what, one.measure) for one in published.published()]
    assert len(keys) == len(set(keys))
    for one in published.published():
        assert one.part.removesuffix(", lungs found") in parts and one.measure in known
        assert 0.5 < one.value < 1.0 and one.where and one.differs
    assert {part for aim in AIMS for part in aim.parts} <= {*parts, TOGETHER}
