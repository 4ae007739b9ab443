"""Paper 5's rule over slices, scaled to the study at hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.findings import Recognition
from inference.systems.jcs.config import JcsSettings


def recognise(probabilities: Sequence[float], settings: JcsSettings, study: float | None) -> Recognition:
    """The study is positive with more positive slices than the rule needs; ``study`` is its probability.

    ``probabilities`` are those of the slices that hold lung. Formula and result are in ``rule``.
    """
    bearing = len(probabilities)
    positive = int((np.asarray(probabilities) > settings.probability).sum())
    needed = settings.positive_slices * bearing / settings.case_slices
    rule = (
        f"Positive with more than {settings.positive_slices} x {bearing} / {settings.case_slices} = {needed:.1f} "
        f"positive slices of {bearing} with lung (paper 5: more than {settings.positive_slices}, in cases of 250 to "
        f"400 slices); {positive} are over {settings.probability:g}."
    )
    return Recognition("covid_against_other", study, bearing > 0 and positive > needed, rule, positive)
