"""The small pictures of the study browser, made in the background one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.errors import InferenceError
from inference.io.study import SeriesInfo
from inference.pipeline.cancellation import CancellationToken
from viewer.jobs.runner import Jobs

SIZE = 96


def make_thumbnails(
    jobs: Jobs, series: Sequence[SeriesInfo], show: Callable[[SeriesInfo, NDArray[np.uint8]], None]
) -> int:
    """Start making the thumbnails; ``show(info, grey)`` is called on the GUI thread for each. Returns the job.

    A series whose picture cannot be made stays without one: the reason is told when it is opened.
    """

    def work(report: Callable[[float], None], token: CancellationToken) -> None:
        from inference.io.open import thumbnail

        for info in series:
            token.check()
            try:
                grey = thumbnail(info, SIZE)
            except InferenceError:
                continue
            jobs.post(lambda info=info, grey=grey: show(info, grey))  # type: ignore[misc]

    return jobs.run("Thumbnails", work, quiet=True)
