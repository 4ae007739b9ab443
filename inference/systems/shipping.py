"""Putting a trained network among the weights: fp16 safetensors, OpenVINO IR, and its line in the manifest."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.systems.weights import FORMAT, MANIFEST, Entry, StoredFile, to_record

if TYPE_CHECKING:
    from inference.models.network import Network


def ship(folder: Path, entry: Entry, network: Network) -> Entry:
    """Write the network's weights as fp16 and list them; returns the entry as listed.

    An entry of the same name is replaced, its other files stay listed.
    """
    import torch
    from safetensors.torch import save

    tensors = {
        name: (value.half() if value.is_floating_point() else value).contiguous().cpu().to(_plain(value.dtype, torch))
        for name, value in network.state_dict().items()
    }
    return enter(folder, replace(entry, torch=_write(folder, f"{entry.name}.safetensors", save(tensors))))


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
    """The network as an OpenVINO model with free batch size; its outputs are the heads' logits in their order."""
    import openvino
    import torch

    example = torch.zeros(1, channels, size, size)
    network.eval()
    return openvino.convert_model(_Ordered.of(network), example_input=example, input=[-1, channels, size, size])


class _Ordered:
    """Makes a module whose outputs are a tuple in the order of the heads."""

    @staticmethod
    def of(network: Network) -> Any:
        from torch import Tensor, nn

        class Ordered(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.network = network

            def forward(self, images: Tensor) -> tuple[Tensor, ...]:
                outputs = self.network(images)
                return tuple(outputs[head.name] for head in network.heads if not head.auxiliary)

        return Ordered()


def _plain(dtype: Any, torch: Any) -> Any:
    return torch.float16 if dtype.is_floating_point else dtype


def _write(folder: Path, name: str, contents: bytes) -> StoredFile:
    folder.mkdir(parents=True, exist_ok=True)
    _put(folder / name, contents)
    return StoredFile(name, sha256(contents).hexdigest())


def _put(place: Path, contents: bytes) -> None:
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    beside.write_bytes(contents)
    beside.replace(place)
