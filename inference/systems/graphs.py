"""Networks as OpenVINO graphs without a second copy of their weights, and what the stored numbers mean.

An OpenVINO description (``.xml``) finds its constants by place in a binary beside it. Nearly all of those are the
network's own tensors, unchanged. So what is kept is the description, the names of the tensors with their places, and
the few other constants: some ten kilobytes. Converting a network when it is opened would take seconds. Imports no
torch.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from inference.errors import WeightsMissing
from inference.models.outputs import Head

SCALE = ":scale"
"""Behind the name of a kernel stored in 8 bits: what its numbers are to be multiplied by, for each output channel."""
HEADS = ("groundglass", "heads")
"""Where a description holds the heads of its outputs, as JSON."""
_LEAST_KERNEL = 1024
_STAMP = (1980, 1, 1, 0, 0, 0)
Tensors = dict[str, NDArray[Any]]


def stored_tensors(contents: bytes) -> Tensors:
    """The tensors of a safetensors file by name; 16 and 8 bits become float32 again."""
    from safetensors.numpy import load

    kept = load(contents)
    return {name: _widened(value, kept.get(name + SCALE)) for name, value in kept.items() if not name.endswith(SCALE)}


def narrowed(tensors: Mapping[str, NDArray[Any]], bits: int) -> Tensors:
    """Tensors as they are stored: 16 bits, or kernels in 8 bits with a scale for each output channel."""
    out: Tensors = {}
    for name, value in tensors.items():
        if value.dtype.kind != "f":
            out[name] = value
        elif bits == 8 and value.ndim > 1 and value.size >= _LEAST_KERNEL:
            rows = value.reshape(len(value), -1).astype(np.float32)
            scale = np.maximum(np.abs(rows).max(axis=1), np.float32(1e-12)) / np.float32(127)
            out[name] = np.rint(rows / scale[:, None]).astype(np.int8).reshape(value.shape)
            out[name + SCALE] = scale
        else:
            out[name] = value.astype(np.float16, order="C")  # safetensors writes memory as it lies
    return out


def fold(xml: bytes, binary: bytes, tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """A description and its binary without the numbers that are ``tensors``."""
    names = {value.tobytes(): name for name, value in tensors.items() if value.dtype.kind == "f"}
    places: list[tuple[str, int]] = []
    rest: list[tuple[int, str]] = []
    for start, length in _constants(xml):
        part = binary[start : start + length]
        if part in names:
            places.append((names[part], start))
        else:
            rest.append((start, part.hex()))
    layout = {"size": len(binary), "tensors": sorted(set(places)), "rest": sorted(set(rest))}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, text in (("model.xml", xml), ("layout.json", json.dumps(layout).encode())):
            file.writestr(zipfile.ZipInfo(name, _STAMP), text, zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()


def unfold(folded: bytes, tensors: Mapping[str, NDArray[Any]]) -> tuple[bytes, bytes]:
    """The description and its binary. Raises WeightsMissing where the two do not belong together."""
    try:
        with zipfile.ZipFile(io.BytesIO(folded)) as file:
            xml, layout = file.read("model.xml"), json.loads(file.read("layout.json"))
        binary = bytearray(layout["size"])
        for start, text in layout["rest"]:
            binary[start : start + len(text) // 2] = bytes.fromhex(text)
        for name, start in layout["tensors"]:
            part = tensors[name].tobytes()
            binary[start : start + len(part)] = part
        if len(binary) != layout["size"]:
            raise ValueError
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise WeightsMissing("A network's description does not fit its weights; install Groundglass again.") from error
    return xml, bytes(binary)


def heads_to_text(heads: tuple[Head, ...]) -> str:
    """The heads that are shown, as JSON."""
    return json.dumps([vars(head) for head in heads if not head.auxiliary])


def heads_from_text(text: str) -> tuple[Head, ...]:
    """What :func:`heads_to_text` wrote."""
    return tuple(Head(**{**one, "labels": tuple(one["labels"])}) for one in json.loads(text))


def _constants(xml: bytes) -> list[tuple[int, int]]:
    """Start and length of every constant in the binary."""
    out = []
    for layer in ElementTree.fromstring(xml).iter("layer"):
        data = layer.find("data") if layer.get("type") == "Const" else None
        if data is not None:
            out.append((int(data.get("offset", "0")), int(data.get("size", "0"))))
    return out


def _widened(value: NDArray[Any], scale: NDArray[Any] | None) -> NDArray[Any]:
    if scale is not None:
        return np.asarray(value.astype(np.float32) * scale.reshape(-1, *[1] * (value.ndim - 1)), np.float32)
    return value.astype(np.float32) if value.dtype == np.float16 else value
