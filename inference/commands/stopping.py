"""Ctrl-C and a polite kill, for commands that work long."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from inference.pipeline.cancellation import CancellationToken


@contextmanager
def stoppable() -> Iterator[CancellationToken]:
    """A token that Ctrl-C and a polite kill set; both end the command as cancelled, with nothing left behind."""
    token = CancellationToken()

    def stop(number: int, frame: object) -> None:
        token.cancel()
        raise KeyboardInterrupt

    known = [signal.SIGINT, signal.SIGTERM]
    try:
        before = {one: signal.signal(one, stop) for one in known}
    except ValueError:  # not in the main thread: the caller's own handlers stay
        yield token
        return
    try:
        yield token
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
