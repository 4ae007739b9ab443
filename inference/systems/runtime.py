"""Opening a trained network: torch on any device, or OpenVINO on the processor. Imports torch only to open one."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from inference.errors import WeightsMissing
from inference.findings import Warning
from inference.systems import openvino_model, weights
from inference.systems.model import Model
from inference.systems.torch_model import TorchModel, trained
from inference.systems.weights import Entry
from inference.transforms.rendering import RENDERING_VERSION

if TYPE_CHECKING:
    from inference.models.network import Network


def open_model(entry: Entry, device: str) -> Model:
    """The network of an entry, ready on ``device``; the same one while its files stay the same.

    Raises WeightsMissing when its files are absent, altered, of no use here, or were trained on another rendering.
    """
    if entry.disabled:
        raise WeightsMissing(f"{entry.name} was not trained: {entry.disabled}")
    if entry.rendering != RENDERING_VERSION:
        raise WeightsMissing(
            f"The weights {entry.name} belong to another version of Groundglass; install matching ones."
        )
    for file in entry.files:
        fault = weights.problem(file)
        if fault:
            raise WeightsMissing(f"The weight file {file.name} of {entry.name} {fault}; install Groundglass again.")
    return _Opened(entry, str(weights.folder()), device).model()


def open_network(entry: Entry, device: str) -> Network | None:
    """The torch network of an entry, through which gradients can flow; None where only OpenVINO's form is shipped."""
    if entry.torch is None:
        return None
    opened = _Opened(replace(entry, openvino=None, graph=None), str(weights.folder()), device).model()
    return opened.network if isinstance(opened, TorchModel) else None


def prepare_network(entry: Entry, device: str) -> None:
    """Load torch and the network that gradients will flow through, which takes seconds; for a thread with nothing else
    to do."""
    with contextlib.suppress(ImportError, WeightsMissing):  # whoever needs it says so
        open_network(entry, device)


class _Opened:
    """Key of the cache of opened models: an entry's files and the device decide, not the rest of the entry."""

    def __init__(self, entry: Entry, folder: str, device: str) -> None:
        self.entry, self.device = entry, device
        self._key = (folder, entry.name, entry.files, device)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Opened) and self._key == other._key

    def model(self) -> Model:
        """The opened model."""
        return _open(self)


@lru_cache(maxsize=32)
def _open(key: _Opened) -> Model:
    entry, device = key.entry, key.device
    reason = ""
    if device == "cpu" or entry.torch is None:
        for made in openvino_model.forms(entry):
            try:
                return made()
            except (ImportError, RuntimeError) as error:  # no OpenVINO, or a processor that it does not know
                reason = type(error).__name__
    if entry.torch is None:
        raise WeightsMissing(f"{entry.name} has no weights that can run on this processor.")
    model = TorchModel(entry, entry.torch, trained(entry, weights.read(entry, entry.torch)), device, _open.cache_clear)
    if reason:
        text = f"OpenVINO cannot run here ({reason}): PyTorch does the work, which takes longer."
        model.notices = (Warning("slower_runtime", text),)
    return model
