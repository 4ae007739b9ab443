"""Tiny networks with random weights as shipped weights, and networks that answer by rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from inference.errors import Cancelled
from inference.findings import Warning
from inference.models import config as configs
from inference.models.config import NetworkConfig
from inference.models.networks.joint import JointConfig
from inference.models.outputs import MASK, Head, independent_map
from inference.models.registry import build, to_record
from inference.systems import runtime
from inference.systems.registry import RunOptions
from inference.systems.shipping import enter, ship
from inference.systems.weights import FOLDER_VARIABLE, Entry, StoredFile
from inference.transforms.rendering import RENDERING_VERSION

SIZE = 64
_LAYERS = (1, 1, 1, 1)
_FOUR = ("normal", "bacterial", "viral", "covid")


def _stream(label: str) -> NetworkConfig:
    return configs.StreamConfig(SIZE, 1, labels=(label,), width=0.0625, channels=8, reduced=4)


_INCEPTION = configs.InceptionConfig(SIZE, 1, width=0.0625)
_NABLA = configs.NablaConfig(SIZE, 1, widths=(4, 4, 4, 4, 4, 4), norm=True)
_RECURRENT = configs.RecurrentConfig(SIZE, 1, widths=(4, 4, 4, 4, 4))
_RES2NET = configs.Res2NetConfig(SIZE, 1, layers=_LAYERS, channels=(4, 4, 4, 4), stem=4)
_LUNGS = configs.DenseUnetConfig(SIZE, 1, stem=4, growth=2, layers=_LAYERS, decoder=(8, 8, 8, 8, 8))
TINY: dict[str, tuple[str, NetworkConfig]] = {
    "cascade-severity-lungs-compact": ("cascade-severity/lungs", _LUNGS),
    "cascade-severity-lesions-compact": (
        "cascade-severity/lesions",
        configs.DenseFpnConfig(SIZE, 1, stem=4, growth=2, layers=_LAYERS, pyramid=32, segmentation=32),
    ),
    "jcs-recogniser-compact": ("jcs/recogniser", _RES2NET),
    "jcs-segmenter-compact": (
        "jcs/segmenter", configs.JcsConfig(SIZE, 1, widths=(4, 4, 4, 4, 4), recogniser=_RES2NET, norm=True)
    ),
    "specialised-streams-recogniser-compact": ("specialised-streams/recogniser", _INCEPTION),
    "specialised-streams-xray-recogniser-compact": (
        "specialised-streams/recogniser", replace(_INCEPTION, labels=_FOUR)
    ),
    "specialised-streams-manifestations-compact": (
        "specialised-streams/manifestations", configs.ManifestationConfig(SIZE, 1, widths=(4, 4, 4, 4), norm=True)
    ),
    "specialised-streams-ground-glass-compact": ("specialised-streams/stream", _stream("ground_glass")),
    "specialised-streams-consolidation-compact": ("specialised-streams/stream", _stream("consolidation")),
    "specialised-streams-effusion-compact": ("specialised-streams/stream", _stream("effusion")),
    "covid-mtnet-ct-recogniser-compact": ("covid-mtnet/recogniser", _RECURRENT),
    "covid-mtnet-ct-lungs-compact": ("covid-mtnet/segmenter", _NABLA),
    "covid-mtnet-xray-recogniser-compact": (
        "covid-mtnet/recogniser", replace(_RECURRENT, labels=("normal", "pneumonia"))
    ),
    "covid-mtnet-xray-lungs-compact": ("covid-mtnet/segmenter", _NABLA),
    "multitask-network-compact": (
        "multitask/network",
        configs.MultitaskConfig(SIZE, 1, widths=(4, 4, 4, 4, 4), classifier_width=4, norm=True),
    ),
}  # fmt: skip
JOINT = "consensus-lungs-lesions-compact"
"""One network for lungs and lesions, which the default takes where it is there."""
_WITH_JOINT = TINY | {JOINT: ("consensus/joint", JointConfig(SIZE, 1, decoder=(8, 8, 8, 8)))}
CASCADE = ("cascade-severity-lungs-compact", "cascade-severity-lesions-compact")
"""What the cascade needs, which is what most systems take their lungs from."""
FILMS = (
    "covid-mtnet-xray-recogniser-compact", "covid-mtnet-xray-lungs-compact",
    "specialised-streams-xray-recogniser-compact",
)  # fmt: skip
"""What the reading of X-rays needs."""


def entry_of(name: str, **facts: Any) -> Entry:
    """The manifest's line for a tiny network, without files."""
    network, config = _WITH_JOINT[name]
    known: dict[str, Any] = {"rendering": RENDERING_VERSION, "trained_on": "nothing: random weights of a test"}
    return Entry(name, network, to_record(config), SIZE, **{**known, **facts})


def ship_tiny(folder: Path, *names: str, seed: int = 5, **facts: Any) -> None:
    """Put tiny networks with random weights into a folder of weights; all of them without a name."""
    torch.set_num_threads(1)
    for number, name in enumerate(names or TINY):
        torch.manual_seed(seed + number)
        network = build(TINY[name][1])
        with torch.no_grad():
            for _ in range(2):
                network(torch.randn(2, network.in_channels, SIZE, SIZE))
        ship(folder, entry_of(name, **facts), network)


def write_film(file: Path) -> Path:
    """Write a picture that the rule of looks takes for an X-ray."""
    rows, columns = np.mgrid[0:96, 0:120]
    Image.fromarray(np.clip(rows + columns, 0, 255).astype(np.uint8)).save(file)
    return file


@contextmanager
def weights_in(folder: Path) -> Iterator[Path]:
    """The folder of weights for as long as the block lasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        yield folder


@dataclass
class Recorder:
    """A run's surroundings that keep what was said; ``stop_at`` cancels at that look."""

    device: str = "cpu"
    config: str = ""
    options: RunOptions = field(default_factory=RunOptions)
    stop_at: int | None = None
    looks: int = 0
    stages: list[str] = field(default_factory=list)
    published: list[tuple[str, NDArray[np.uint8], int, int]] = field(default_factory=list)

    def stage(self, name: str) -> None:
        self.stages.append(name)
        self._look()

    def progress(self, fraction: float) -> None:
        assert 0.0 <= fraction <= 1.0
        self._look()

    def publish(self, name: str, labels: NDArray[np.uint8], first: int, last: int) -> None:
        self.published.append((name, labels.copy(), first, last))
        self._look()

    def _look(self) -> None:
        self.looks += 1
        if self.stop_at is not None and self.looks >= self.stop_at:
            raise Cancelled


Rule = Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]


@dataclass
class RuleModel:
    """A model whose answer is a function of the pictures (n, c, h, w; grey 0..1)."""

    entry: Entry
    heads: tuple[Head, ...]
    rule: Rule
    device: str = "cpu"
    file: StoredFile = field(default_factory=lambda: StoredFile("rule.safetensors", "0" * 64))
    notices: tuple[Warning, ...] = ()
    asked: int = 0

    def __call__(self, images: NDArray[np.float32], notify: Callable[[Warning], None]) -> dict[str, Any]:
        self.asked += len(images)
        return self.rule(images * self.entry.deviation + self.entry.mean)


@contextmanager
def ruled(folder: Path, *, covid: float = 0.9, joint: bool = False) -> Iterator[dict[str, RuleModel]]:
    """Every network answers by rule: under -130 HU inside the body is lung, about -140 HU lesion, ``covid`` is sure.

    With ``joint`` there is one network for lungs and lesions too, which is asked about mirror images.
    """
    models: dict[str, RuleModel] = {}
    for name in _WITH_JOINT if joint else TINY:
        facts = entry_of(name, channels=("local", "soft"), mirrored=name == JOINT)
        entry = replace(facts, size=RULE_SIZE, torch=StoredFile(f"{name}.safetensors", "0"))
        enter(folder, entry)
        heads = _heads(name)
        models[name] = RuleModel(entry, heads, _rule(name, heads, covid))
    with weights_in(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "open_model", lambda entry, device: models[entry.name])
        patch.setattr(runtime, "open_network", lambda entry, device: None)
        yield models


RULE_SIZE = 96


@cache
def _heads(name: str) -> tuple[Head, ...]:
    with torch.device("meta"):
        return (independent_map(("lung", "lesion")),) if name == JOINT else build(TINY[name][1]).heads


def _rule(name: str, heads: tuple[Head, ...], covid: float) -> Rule:
    def answer(grey: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        said: dict[str, NDArray[np.float32]] = {}
        for head in heads:
            if head.kind == "map" and head.name == MASK:
                opaque = ((grey[:, 1] > 0.025) & (grey[:, 1] < 0.08)).astype(np.float32)
                marked = lung_mask(grey) if "lungs" in name else opaque
                if "effusion" in name or "ground-glass" in name:
                    marked = np.zeros_like(marked)
                both = (marked, marked * opaque) if name == JOINT else (1 - marked, marked)
                said[MASK] = np.stack(both, axis=1)[:, -len(head.labels) :]
            elif head.kind == "vector":
                sure = np.array([covid if label == "covid" else 1 - covid for label in head.labels], np.float32)
                said[head.name] = np.broadcast_to(sure, (len(grey), len(sure)))
            else:
                said[head.name] = grey[:, :1]
        return said

    return answer


def lung_mask(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Air and what is nearly air inside the body, from the soft-tissue channel: (n, h, w)."""
    from scipy import ndimage

    out = np.zeros((len(grey), *grey.shape[2:]), np.float32)
    for n, soft in enumerate(grey[:, 1]):
        body = ndimage.binary_fill_holes(ndimage.binary_opening(soft > 0.03))
        air = ndimage.binary_opening(body & (soft < 0.08))
        out[n] = ndimage.binary_fill_holes(ndimage.binary_closing(air, iterations=3)) & body
    return out
