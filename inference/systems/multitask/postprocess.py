"""From three sigmoids to an opinion on the study."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.findings import Recognition
from inference.systems.answers import opinion_on
from inference.systems.multitask.config import MultitaskSettings


def recognise(covid: NDArray[np.float32], settings: MultitaskSettings) -> Recognition:
    """``covid``: that class's sigmoid for every slice with lung. The sigmoids need not sum to one."""
    return opinion_on(covid, settings.probability)
