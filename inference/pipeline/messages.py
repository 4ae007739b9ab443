"""The worker's pipe: pickled events in which shared arrays are names. A volume never passes through it."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGEST_PICKLED_ARRAY = 2**16


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, shared: Mapping[str, NDArray[Any]]) -> None:
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        self._names = {id(array): name for name, array in shared.items()}

    def persistent_id(self, thing: Any) -> str | None:
        if not isinstance(thing, np.ndarray):
            return None
        name = self._names.get(id(thing))
        if name is None and thing.nbytes > _LARGEST_PICKLED_ARRAY:
            raise pickle.PicklingError(f"an array of {thing.nbytes} bytes must travel through shared memory")
        return name


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, shared: Mapping[str, NDArray[Any]]) -> None:
        super().__init__(stream)
        self._shared = shared

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        return self._shared[pid]


def pack(message: object, shared: Mapping[str, NDArray[Any]]) -> bytes:
    """Pickle ``message``; arrays that *are* one in ``shared`` become their names.

    Raises
    ------
    pickle.PicklingError
        If it holds any other array over 64 KiB.
    """
    stream = io.BytesIO()
    _Pickler(stream, shared).dump(message)
    return stream.getvalue()


def unpack(data: bytes, shared: Mapping[str, NDArray[Any]]) -> Any:
    """The message again, with the receiver's own arrays in the places of the names."""
    return _Unpickler(io.BytesIO(data), shared).load()
