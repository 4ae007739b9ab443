"""From three sigmoids to an opinion on the study."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.findings import Recognition
from inference.systems.answers import strongest
from inference.systems.multitask.config import MultitaskSettings


def recognise(covid: NDArray[np.float32], settings: MultitaskSettings) -> Recognition:
    """``covid``: that class's sigmoid for every slice with lung. The sigmoids need not sum to one."""
    study = strongest(covid)
    positive = int((covid > settings.probability).sum())
    rule = f"Positive when the mean of the three highest slices is over {settings.probability:g}."
    return Recognition("covid_against_other", study, study is not None and study > settings.probability, rule, positive)
