"""Trained weights: where they lie, what they are, and whether they are what their card says. Imports no torch.

``resources/weights/manifest.json`` lists them; the folder named by the environment variable ``GROUNDGLASS_WEIGHTS``
takes that folder's place. A file is read once, hashed and used, so what runs is what was checked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from hashlib import sha256
from importlib.abc import Traversable
from importlib.resources import files
from pathlib import Path
from typing import Any

from inference.errors import WeightsMissing

FOLDER_VARIABLE = "GROUNDGLASS_WEIGHTS"
MANIFEST = "manifest.json"
FORMAT = 1
_REINSTALL = "install Groundglass again, or put the file back"


@dataclass(frozen=True)
class StoredFile:
    """A file in the folder of weights, and the SHA-256 it must have."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Entry:
    """One trained network as the manifest lists it.

    Parameters
    ----------
    name
        ``system-part-variant``.
    network, config
        What :mod:`inference.models.registry` builds: the network's name and its configuration as plain values.
    size
        Side in pixels at which pictures are rendered.
    channels
        ``local`` (the one rendering) and perhaps ``soft`` (the soft-tissue picture).
    rendering
        Version of the rendering that it was trained on.
    mean, deviation
        Grey levels 0..1 reach the network as ``(grey - mean) / deviation``.
    mirrored
        Whether its answer is the mean with that for the mirrored picture.
    masked
        Whether a recogniser is shown the lung alone.
    threshold
        Probability above which a pixel or a slice is positive.
    target
        What a recognition head is about.
    patients, figures, trained_on
        Who it has seen, how it did on those left out, and in words.
    torch, openvino
        The weights as safetensors; the quantised OpenVINO description and its weights (``.xml``, ``.bin``). At least
        one is there.
    graph
        OpenVINO's description of the network whose numbers are those of ``torch``; see
        :mod:`inference.systems.graphs`.
    disabled
        Why the data could not train it; then there is no file and it is left out.
    """

    name: str
    network: str
    config: Mapping[str, Any]
    size: int
    rendering: int
    channels: tuple[str, ...] = ("local",)
    mean: float = 0.5
    deviation: float = 0.25
    mirrored: bool = False
    masked: bool = False
    threshold: float = 0.5
    target: str = ""
    patients: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    trained_on: str = ""
    torch: StoredFile | None = None
    openvino: tuple[StoredFile, StoredFile] | None = None
    graph: StoredFile | None = None
    disabled: str = ""

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """Every file that belongs to it."""
        single = tuple(file for file in (self.torch, self.graph) if file is not None)
        return (*single, *(self.openvino or ()))


def folder() -> Traversable:
    """The folder of weights."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else files("resources") / "weights"


def manifest() -> dict[str, Entry]:
    """Every listed network by name; empty where there is no list. Raises WeightsMissing when the list is damaged."""
    place = folder() / MANIFEST
    if not place.is_file():
        return {}
    return dict(_parsed(place.read_bytes()))


def find(name: str) -> Entry | None:
    """The listed network of that name."""
    return manifest().get(name)


def read(entry: Entry, file: StoredFile) -> bytes:
    """The file's contents. Raises WeightsMissing when it is absent or altered."""
    place = folder() / file.name
    if not place.is_file():
        raise WeightsMissing(f"The weight file {file.name} of {entry.name} is missing; {_REINSTALL}.")
    contents = place.read_bytes()
    if sha256(contents).hexdigest() != file.sha256:
        raise WeightsMissing(
            f"The weight file {file.name} of {entry.name} does not have the hash on its card; {_REINSTALL}."
        )
    return contents


def problem(file: StoredFile) -> str:
    """``is missing``, ``does not have the hash on its card``, or nothing."""
    place = folder() / file.name
    if not place.is_file():
        return "is missing"
    if isinstance(place, Path):
        status = place.stat()
        digest = _digest(place, status.st_mtime_ns, status.st_size)
    else:
        digest = sha256(place.read_bytes()).hexdigest()
    return "" if digest == file.sha256 else "does not have the hash on its card"


def to_record(entry: Entry) -> dict[str, Any]:
    """The entry as the manifest holds it."""
    record = {one.name: getattr(entry, one.name) for one in fields(entry)}
    record["config"], record["figures"] = dict(entry.config), dict(entry.figures)
    for name in ("torch", "graph"):
        file: StoredFile | None = getattr(entry, name)
        record[name] = vars(file) if file else None
    record["openvino"] = [vars(file) for file in entry.openvino] if entry.openvino else None
    return record


@lru_cache(maxsize=64)
def _digest(place: Path, modified: int, size: int) -> str:
    return sha256(place.read_bytes()).hexdigest()


@lru_cache(maxsize=4)
def _parsed(contents: bytes) -> tuple[tuple[str, Entry], ...]:
    try:
        document = json.loads(contents)
        if document["format"] != FORMAT:
            raise KeyError("format")
        entries = [_entry(record) for record in document["weights"]]
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsMissing(f"The list of weights, {MANIFEST}, is damaged; {_REINSTALL}.") from error
    return tuple((entry.name, entry) for entry in entries)


def _entry(record: dict[str, Any]) -> Entry:
    values = dict(record)
    for name in ("channels", "patients"):
        values[name] = tuple(values.get(name, Entry.__dataclass_fields__[name].default))
    for name in ("torch", "graph"):
        if values.get(name):
            values[name] = StoredFile(**values[name])
    if values.get("openvino"):
        first, second = (StoredFile(**file) for file in values["openvino"])
        values["openvino"] = first, second
    entry = Entry(**values)
    if not entry.torch and not entry.openvino and not entry.disabled:
        raise KeyError("torch")
    return entry
