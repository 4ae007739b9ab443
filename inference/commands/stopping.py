"""Ctrl-C, a polite kill and a closed terminal, for every command."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from inference.pipeline.cancellation import CancellationToken

_TO_TIDY_UP_S = 5.0
"""Impatient repetitions within that time do not interrupt the tidying up after the first."""
_active: list[CancellationToken] = []


@contextmanager
def stoppable() -> Iterator[CancellationToken]:
    """A token that Ctrl-C, a polite kill and a closed terminal set; the command ends as cancelled, nothing left behind.

    Within another such block it is that one's token.
    """
    if _active:
        yield _active[-1]
        return
    token, first = CancellationToken(), [0.0]

    def stop(number: int, frame: object) -> None:
        if not token.cancelled or time.monotonic() - first[0] > _TO_TIDY_UP_S:
            first[0] = time.monotonic()
            token.cancel()
            raise KeyboardInterrupt

    try:
        before = {one: signal.signal(one, stop) for one in _signals()}
    except ValueError:  # not in the main thread: the caller's own handlers stay
        yield token
        return
    _active.append(token)
    try:
        yield token
    finally:
        _active.remove(token)
        for one, handler in before.items():
            if signal.getsignal(one) is stop:
                signal.signal(one, handler)


def ignore_repetitions() -> None:
    """Let nothing interrupt the end of a process that was cancelled, nor change its exit code.

    CPython remembers an interrupt that left text run by ``exec``, as dataclasses and named tuples do on import. Though
    it was caught, a module run by ``-m`` then kills itself at its end. Running any other text makes it forget.
    """
    for one in _signals():
        signal.signal(one, signal.SIG_IGN)
    eval("None")


def _signals() -> list[signal.Signals]:
    known = [signal.SIGINT, signal.SIGTERM]
    hang_up = getattr(signal, "SIGHUP", None)  # the terminal was closed; Windows has none
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:  # as nohup leaves it
        known.append(hang_up)
    return known
