"""Observables without Qt: a signal, and a value that tells when it changes. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Signal(Generic[T]):
    """Calls its listeners in the order in which they connected."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[T], None]] = []

    def connect(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Add a listener; the returned function removes it again (more than once is harmless)."""
        self._listeners.append(listener)

        def disconnect() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return disconnect

    def emit(self, value: T) -> None:
        """Call every listener with ``value``."""
        for listener in tuple(self._listeners):
            listener(value)


class Value(Generic[T]):
    """A value that emits :attr:`changed` when it is set to something else."""

    def __init__(self, value: T) -> None:
        self._value = value
        self.changed: Signal[T] = Signal()

    @property
    def value(self) -> T:
        """The present value."""
        return self._value

    @value.setter
    def value(self, new: T) -> None:
        old, self._value = self._value, new
        if new is not old and not _equal(new, old):
            self.changed.emit(new)

    def observe(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Call the listener now and at every change; returns the function that ends it."""
        listener(self._value)
        return self.changed.connect(listener)


def _equal(a: object, b: object) -> bool:
    try:
        return bool(a == b)
    except ValueError:  # arrays have no single truth
        return False
