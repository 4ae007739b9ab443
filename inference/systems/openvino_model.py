"""A trained network as OpenVINO runs it on the processor. Imports torch only for files that do not name their heads."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.findings import Warning
from inference.models.outputs import Head
from inference.systems import weights
from inference.systems.graphs import HEADS, heads_from_text, stored_tensors, unfold
from inference.systems.model import BATCH, Answers, Images, Model, Notify
from inference.systems.torch_model import build
from inference.systems.weights import Entry, StoredFile


class OpenVinoModel:
    """A network as OpenVINO runs it on the processor, in the processor's best number format."""

    device = "cpu"
    notices: tuple[Warning, ...] = ()

    def __init__(self, entry: Entry, file: StoredFile, form: tuple[bytes, bytes]) -> None:
        model = _core().read_model(*form)
        self.entry, self.file = entry, file
        self.heads = _heads_in(model) or tuple(head for head in _heads(entry) if not head.auxiliary)
        self._compiled = _core().compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY"})

    def __call__(self, images: Images, notify: Notify) -> Answers:
        """See :class:`Model`."""
        parts = []
        for first in range(0, len(images), BATCH["cpu"]):
            said = self._compiled(np.ascontiguousarray(images[first : first + BATCH["cpu"]]))
            parts.append([np.array(said[n], np.float32) for n in range(len(self.heads))])
        return {
            head.name: _activated(head, np.concatenate([part[n] for part in parts]))
            for n, head in enumerate(self.heads)
        }


def forms(entry: Entry) -> list[Callable[[], Model]]:
    """The ways in which OpenVINO can run an entry, the fastest on this processor first.

    Quantised networks are faster wherever the processor computes in 8 bits (twice as fast already with AVX2 alone).
    """
    pair, graph, numbers = entry.openvino, entry.graph, entry.torch

    def quantised() -> Model:
        assert pair is not None
        return OpenVinoModel(entry, pair[1], (weights.read(entry, pair[0]), weights.read(entry, pair[1])))

    def plain() -> Model:
        assert graph is not None
        assert numbers is not None
        tensors = stored_tensors(weights.read(entry, numbers))
        return OpenVinoModel(entry, numbers, unfold(weights.read(entry, graph), tensors))

    ways = [quantised] if pair is not None else []
    if graph is not None and numbers is not None:
        ways.append(plain)
    return ways if len(ways) < 2 or _eight_bits() else ways[::-1]


def _eight_bits() -> bool:
    """Whether this processor computes in 8 bits, as OpenVINO sees it."""
    try:
        return "INT8" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except (ImportError, RuntimeError):
        return False


@lru_cache(maxsize=1)
def _core() -> Any:
    import openvino

    return openvino.Core()


def _heads_in(model: Any) -> tuple[Head, ...]:
    """The heads that a description names: reading them there spares importing torch."""
    if not model.has_rt_info(list(HEADS)):
        return ()
    return heads_from_text(str(model.get_rt_info(list(HEADS)).value))


def _heads(entry: Entry) -> tuple[Head, ...]:
    import torch

    with torch.device("meta"):
        return build(entry).heads


def _activated(head: Head, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    if head.activation == "sigmoid":
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0))), np.float32)
    if head.activation == "softmax":
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)
    return logits
