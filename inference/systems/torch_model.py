"""A trained network as torch runs it, on any device. Imports torch only to open one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.errors import WeightsMissing
from inference.findings import Warning
from inference.systems.graphs import stored_tensors
from inference.systems.model import BATCH, Answers, Images, Notify
from inference.systems.weights import Entry, StoredFile

if TYPE_CHECKING:
    from inference.models.network import Network

_JOINT = "consensus/joint"


class TorchModel:
    """Channels last, in half precision where the device computes faster in it; too little memory makes it give way.

    ``moved`` is called when it leaves its device for the processor, so that the next run may try the device again.
    """

    def __init__(
        self, entry: Entry, file: StoredFile, network: Network, device: str,
        moved: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        import torch

        self.entry, self.file, self.device = entry, file, device
        self.notices: tuple[Warning, ...] = ()
        self.network = network.eval().requires_grad_(False)
        self.heads = network.heads
        self._torch, self._moved = torch, moved
        self._limit = BATCH[device]
        self._half = _half(torch, device)
        self._place(device)

    def __call__(self, images: Images, notify: Notify) -> Answers:
        """See :class:`Model`."""
        parts, first = [], 0
        while first < len(images):
            part = images[first : first + self._limit]
            try:
                parts.append(self._ask(part))
                first += len(part)
            except (self._torch.OutOfMemoryError, RuntimeError) as error:
                if not _is_memory(error, self._torch) or not self._give_way(len(part), notify):
                    raise
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _ask(self, images: Images) -> Answers:
        found = self._probabilities(images, self._half)
        if self._half is not None and not all(np.isfinite(value).all() for value in found.values()):
            self._half = None
            found = self._probabilities(images, None)
        return found

    def _probabilities(self, images: Images, half: Any) -> Answers:
        torch = self._torch
        tensor = torch.from_numpy(np.ascontiguousarray(images)).to(self.device, memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast(self.device, half, enabled=half is not None):
            outputs = {name: value.float() for name, value in self.network(tensor).items()}
        shown = {head.name for head in self.heads if not head.auxiliary}
        answers = self.network.probabilities({name: value for name, value in outputs.items() if name in shown})
        return {name: value.cpu().numpy() for name, value in answers.items()}

    def _give_way(self, count: int, notify: Notify) -> bool:
        """Smaller batches, then the processor; False when neither is left."""
        if self.device == "cuda":
            self._torch.cuda.empty_cache()
        if count > 1:
            self._limit = max(1, count // 2)
            notify(Warning("smaller_batches", f"Too little memory on {self.device}: working in smaller batches."))
            return True
        if self.device == "cpu":
            return False
        notify(Warning("moved_to_processor", f"Too little memory on {self.device}: working on the processor."))
        self.device, self._half, self._limit = "cpu", _half(self._torch, "cpu"), BATCH["cpu"]
        self._place("cpu")
        self._moved()
        return True

    def _place(self, device: str) -> None:
        self.network.to(device, memory_format=self._torch.channels_last)  # type: ignore[call-overload]


def trained(entry: Entry, contents: bytes) -> Network:
    """The network of an entry with the numbers of its weight file. Raises WeightsMissing where they do not fit."""
    import torch

    network = build(entry)
    try:
        network.load_state_dict({name: torch.from_numpy(value) for name, value in stored_tensors(contents).items()})
    except RuntimeError as error:
        raise WeightsMissing(f"The weights {entry.name} do not fit the network on their card.") from error
    return network


def build(entry: Entry) -> Network:
    """The network of an entry, with fresh weights."""
    from inference.models.registry import build as registered
    from inference.models.registry import from_record

    if entry.network == _JOINT:
        from inference.models.networks.joint import JointConfig, JointUnet

        settings: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in entry.config.items()
        }
        return JointUnet(replace(JointConfig.paper(), **settings))
    return registered(from_record(entry.network, dict(entry.config)))


def _half(torch: Any, device: str) -> Any:
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return torch.bfloat16
    return None


def _is_memory(error: BaseException, torch: Any) -> bool:
    return (
        isinstance(error, torch.OutOfMemoryError)
        or "out of memory" in str(error).lower()
        or ("can't allocate memory" in str(error).lower())
    )
