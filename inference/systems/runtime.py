"""Running a trained network: torch on any device, or OpenVINO on the processor. Imports torch only to open one."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from inference.errors import InferenceError, WeightsMissing
from inference.findings import Warning
from inference.models.outputs import Head
from inference.systems import weights
from inference.systems.graphs import HEADS, heads_from_text, stored_tensors, unfold
from inference.systems.weights import Entry, StoredFile
from inference.transforms.rendering import RENDERING_VERSION

if TYPE_CHECKING:
    from inference.models.network import Network

Images = NDArray[np.float32]
Answers = dict[str, NDArray[np.float32]]
Notify = Callable[[Warning], None]
BATCH = {"cpu": 4, "mps": 8, "cuda": 32}


class Model(Protocol):
    """A network that can be asked."""

    @property
    def entry(self) -> Entry:
        """What it is."""

    @property
    def heads(self) -> tuple[Head, ...]:
        """Its outputs."""

    @property
    def file(self) -> StoredFile:
        """The weight file that runs."""

    @property
    def device(self) -> str:
        """Where it runs."""

    @property
    def notices(self) -> tuple[Warning, ...]:
        """What the reader ought to know about how it runs."""

    def __call__(self, images: Images, notify: Notify) -> Answers:
        """Probabilities of every head for normalised images (n, c, h, w); ``notify`` hears of every fallback."""


def device_of(wanted: str) -> str:
    """``cpu``, ``cuda`` or ``mps``. Raises InferenceError for one that is not there."""
    if wanted == "cpu" or (wanted in {"auto", ""} and not _may_have_gpu()):
        return "cpu"
    import torch

    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted in {"auto", ""}:
        return next((name for name, present in here.items() if present), "cpu")
    if not here.get(wanted):
        raise InferenceError(f"There is no {wanted} device here; choose --device cpu or auto.")
    return wanted


def _may_have_gpu() -> bool:
    """Whether it is worth importing torch, which takes seconds, to look for a GPU."""
    if sys.platform == "darwin":
        return True
    if sys.platform == "win32":
        return (Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "System32" / "nvcuda.dll").exists()
    return any(Path("/dev").glob("nvidia[0-9]*")) or any(Path("/dev", name).exists() for name in ("kfd", "dxg"))


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


def prepare_networks() -> None:
    """Import what torch's networks are made of, which takes seconds; for a thread that has nothing else to do."""
    with contextlib.suppress(ImportError):  # whoever needs it says so
        import_module("inference.models.networks.joint")


class TorchModel:
    """Channels last, in half precision where the device computes faster in it; too little memory makes it give way."""

    def __init__(self, entry: Entry, file: StoredFile, network: Network, device: str) -> None:
        import torch

        self.entry, self.file, self.device = entry, file, device
        self.notices: tuple[Warning, ...] = ()
        self.network = network.eval().requires_grad_(False)
        self.heads = network.heads
        self._torch = torch
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
        _open.cache_clear()  # the next run may try the device again
        return True

    def _place(self, device: str) -> None:
        self.network.to(device, memory_format=self._torch.channels_last)  # type: ignore[call-overload]


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
        for made in _openvino_forms(entry):
            try:
                return made()
            except (ImportError, RuntimeError) as error:  # no OpenVINO, or a processor that it does not know
                reason = type(error).__name__
    if entry.torch is None:
        raise WeightsMissing(f"{entry.name} has no weights that can run on this processor.")
    model = TorchModel(entry, entry.torch, _network(entry, weights.read(entry, entry.torch)), device)
    if reason:
        text = f"OpenVINO cannot run here ({reason}): PyTorch does the work, which takes longer."
        model.notices = (Warning("slower_runtime", text),)
    return model


def _openvino_forms(entry: Entry) -> list[Callable[[], Model]]:
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

    forms = [quantised] if pair is not None else []
    if graph is not None and numbers is not None:
        forms.append(plain)
    return forms if len(forms) < 2 or _eight_bits() else forms[::-1]


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


def _network(entry: Entry, contents: bytes) -> Network:
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


_JOINT = "consensus/joint"


def _heads_in(model: Any) -> tuple[Head, ...]:
    """The heads that a description names: reading them there spares importing torch."""
    if not model.has_rt_info(list(HEADS)):
        return ()
    return heads_from_text(str(model.get_rt_info(list(HEADS)).value))


def _heads(entry: Entry) -> tuple[Head, ...]:
    import torch

    with torch.device("meta"):
        return build(entry).heads


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


def _activated(head: Head, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    if head.activation == "sigmoid":
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0))), np.float32)
    if head.activation == "softmax":
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)
    return logits
