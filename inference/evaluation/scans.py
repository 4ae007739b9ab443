"""What a recogniser says of whole scans: the share of positive slices, and the two ways to make an opinion of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from inference.errors import WeightsMissing
from inference.evaluation.records import Record
from inference.evaluation.sources import Where, kept_records, weights_of
from inference.evaluation.tables import number, table
from inference.systems.answers import opinion_on, positive_of, strongest
from inference.training.batches import pool
from inference.training.data import packs
from inference.training.datasets.sample import DataError
from inference.training.recipe_book import recipes as book
from inference.training.recipes import Recipe
from inference.training.uses import Use

COVID, OTHER = "covid20-stacks-128", "plethora-effusion"
"""Whole scans of patients with COVID-19 (coarse, 8 bits), and of patients with lung cancer and fluid (true HU)."""
HOLDS_LUNG = 0.01
"""Share of the picture that the default finds to be lung."""
_LIMIT = 0.5
_RULE = (
    "Slices that hold lung, as the default finds it; scans of patients whom the recogniser has not seen. The study's "
    "opinion is the median slice, so that half of the slices decide; beside it the mean of the three highest slices. "
    "The two groups differ in scanner, resolution and kind of file as well as in disease, and COVID-19 is compared "
    "with cancer, not with other pneumonia: these figures bound what the opinion is worth, they do not measure it."
)


@dataclass(frozen=True)
class Scan:
    """One scan: where it is from, whether its patient had COVID-19, and what was said of each slice with lung."""

    patient: str
    source: str
    covid: bool
    said: NDArray[np.float32]

    @property
    def positive(self) -> bool:
        """By the rule of the systems."""
        return bool(opinion_on(self.said, _LIMIT).positive)

    @property
    def by_strongest(self) -> bool:
        """By the mean of the three highest slices."""
        return (strongest(self.said) or 0.0) > _LIMIT


def scans(recipes: Sequence[Recipe], where: Where) -> dict[str, Any]:
    """A row per scan and the rule's sensitivity and specificity. Raises DataError, WeightsMissing."""
    recipe = next((one for one in recipes if one.part in ("recogniser", "ct-recogniser")), None)
    if recipe is None:
        raise DataError("Whole scans are judged by a recogniser of CT slices, which this system does not have.")
    uses = (Use(COVID), Use(OTHER))
    trained = weights_of(recipe, where)
    source = pool(packs(replace(recipe, uses=uses), where.data, where.cache), uses)
    keep = [source.row(n).patient not in trained.patients for n in range(len(source))]
    source = source.kept(np.array(keep, np.bool_))
    if not len(source):
        raise DataError(f"{where.data} holds no whole scans ({COVID}, {OTHER}) of patients left out.")
    return scan_table(_scans(kept_records(trained, source, where), _bearing(uses, where)))


def scan_table(found: Sequence[Scan]) -> dict[str, Any]:
    """The rows in words and figures."""
    if not found:
        raise WeightsMissing("No slice was found to hold lung, so no scan can be judged.")
    cells, rows = [], []
    for one in found:
        share, median = float((one.said > _LIMIT).mean()), float(np.median(one.said))
        row = {"patient": one.patient, "set": one.source, "covid": one.covid, "slices": len(one.said), "share": share,
               "median": median, "positive": one.positive,
               "positive_by_strongest": one.by_strongest}  # fmt: skip
        rows.append(row)
        cells.append([one.patient, one.source, "COVID-19" if one.covid else "cancer", str(len(one.said)), number(share),
                      number(median), _word(one.positive), _word(one.by_strongest)])  # fmt: skip
    head = ("patient", "set", "truth", "slices with lung", "share positive", "median", "opinion", "by three highest")
    lines = [
        f"{name}: by the median {_share([s.positive is truth for s in found if s.covid is truth])}, by the three "
        f"highest {_share([s.by_strongest is truth for s in found if s.covid is truth])}."
        for name, truth in (("Sensitivity", True), ("Specificity", False))
    ]
    return {"rows": rows, "markdown": "\n\n".join([table(head, cells), *lines, _RULE])}


def _bearing(uses: tuple[Use, ...], where: Where) -> set[tuple[str, str]]:
    """Sets and items of the slices that hold lung."""
    recipe = next(one for one in book("consensus", "compact") if one.part == "lungs-lesions")
    lungs = weights_of(recipe, where)
    source = pool(packs(replace(recipe, uses=uses), where.data, where.cache), uses)
    found = kept_records(lungs, source, where)
    return {(one.source, one.item) for one in found if (one.lung_share or 0.0) > HOLDS_LUNG}


def _scans(found: Sequence[Record], bearing: set[tuple[str, str]]) -> list[Scan]:
    said: dict[tuple[str, str], list[float]] = {}
    for one in found:
        if (one.source, one.item) in bearing:
            said.setdefault((one.source, one.patient), []).append(one.classes[positive_of(tuple(one.classes))])
    return [
        Scan(patient, name, name == COVID, np.array(values, np.float32)) for (name, patient), values in said.items()
    ]


def _share(right: Sequence[bool]) -> str:
    if not right:
        return "unknown"
    bounds = binomtest(sum(right), len(right)).proportion_ci(method="wilson")
    return f"{sum(right)} of {len(right)} (95 % {bounds.low:.2f}–{bounds.high:.2f})"


def _word(positive: bool) -> str:
    return "positive" if positive else "negative"
