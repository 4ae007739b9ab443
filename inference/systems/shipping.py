"""Putting a trained network among the weights: safetensors, its forms for OpenVINO, and its line in the manifest."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from inference.systems.graphs import HEADS, fold, heads_to_text, narrowed, stored_tensors, unfold
from inference.systems.weights import FORMAT, MANIFEST, Entry, StoredFile, to_record

if TYPE_CHECKING:
    from inference.models.network import Network


def ship(folder: Path, entry: Entry, network: Network, bits: Literal[16, 8] = 16) -> Entry:
    """Write the network's weights as safetensors and list them; returns the entry as listed.

    Numbers take 16 bits; with ``bits`` 8 those of kernels take 8. An entry of the same name is replaced, its other
    files stay listed.
    """
    from safetensors.numpy import save

    tensors = {name: value.detach().cpu().contiguous().numpy() for name, value in network.state_dict().items()}
    return enter(
        folder, replace(entry, torch=_write(folder, f"{entry.name}.safetensors", save(narrowed(tensors, bits))))
    )


def ship_graph(folder: Path, entry: Entry, network: Network) -> Entry:
    """Write OpenVINO's description of a network that was shipped, and list it; returns the entry as listed.

    ``network`` takes on the numbers as they are stored. Raises ValueError where OpenVINO's answer is not the network's.
    """
    import torch

    if entry.torch is None:
        raise ValueError(f"{entry.name} has no weights yet that a description could name.")
    tensors = stored_tensors((folder / entry.torch.name).read_bytes())
    network.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    channels = len(entry.channels)
    model = convert(network, entry.size, channels)
    folded = fold(*_serialised(model), tensors)
    _compare(network, unfold(folded, tensors), torch.randn(2, channels, entry.size, entry.size))
    return enter(folder, replace(entry, graph=_write(folder, f"{entry.name}.graph.zip", folded)))


def ship_openvino(folder: Path, entry: Entry, xml: bytes, weights: bytes) -> Entry:
    """Write an OpenVINO description and its weights beside, and list them; returns the entry as listed."""
    pair = _write(folder, f"{entry.name}.xml", xml), _write(folder, f"{entry.name}.bin", weights)
    return enter(folder, replace(entry, openvino=pair))


def enter(folder: Path, entry: Entry) -> Entry:
    """List an entry, whole or not at all; one of the same name is replaced."""
    place = folder / MANIFEST
    listed: list[dict[str, Any]] = json.loads(place.read_text("utf-8"))["weights"] if place.is_file() else []
    kept = [record for record in listed if record["name"] != entry.name]
    document = {"format": FORMAT, "weights": sorted([*kept, to_record(entry)], key=lambda one: str(one["name"]))}
    _put(place, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())
    return entry


def convert(network: Network, size: int, channels: int) -> Any:
    """The network as an OpenVINO model with free batch size; its outputs are the heads' logits in their order.

    No constant is folded, so each is still a tensor of the network; OpenVINO folds them when it compiles.
    """
    import torch
    from openvino import PartialShape
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    network.eval()
    frontend = FrontEndManager().load_by_framework("pytorch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sizes become constants: they are meant to
        decoder = TorchScriptPythonDecoder(_ordered(network), example_input=torch.zeros(1, channels, size, size))
    model = frontend.convert(frontend.load(decoder))
    model.reshape({model.inputs[0]: PartialShape([-1, channels, size, size])})
    model.set_rt_info(heads_to_text(network.heads), list(HEADS))
    return model


def serialised(model: Any) -> tuple[bytes, bytes]:
    """An OpenVINO model as its description and its binary, wide constants in half precision."""
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model.xml"
        openvino.save_model(model, place, compress_to_fp16=True)
        return place.read_bytes(), place.with_suffix(".bin").read_bytes()


def _serialised(model: Any) -> tuple[bytes, bytes]:
    """The same with every constant as it is."""
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model.xml"
        openvino.serialize(model, str(place))
        return place.read_bytes(), place.with_suffix(".bin").read_bytes()


def _compare(network: Network, form: tuple[bytes, bytes], images: Any) -> None:
    import openvino
    import torch

    core = openvino.Core()
    said = core.compile_model(core.read_model(*form), "CPU")(images.numpy())
    with torch.inference_mode():
        outputs = network(images)
    for n, head in enumerate(head for head in network.heads if not head.auxiliary):
        expected = outputs[head.name].numpy()
        if np.abs(said[n] - expected).max() > 1e-3 * max(1.0, float(np.abs(expected).max())):
            raise ValueError(f"OpenVINO answers something else than the network: {head.name}.")


def _ordered(network: Network) -> Any:
    """A module whose outputs are a tuple in the order of the heads."""
    from torch import Tensor, nn

    class Ordered(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, images: Tensor) -> tuple[Tensor, ...]:
            outputs = self.network(images)
            return tuple(outputs[head.name] for head in network.heads if not head.auxiliary)

    return Ordered().eval()


def _write(folder: Path, name: str, contents: bytes) -> StoredFile:
    folder.mkdir(parents=True, exist_ok=True)
    _put(folder / name, contents)
    return StoredFile(name, sha256(contents).hexdigest())


def _put(place: Path, contents: bytes) -> None:
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    beside.write_bytes(contents)
    beside.replace(place)
