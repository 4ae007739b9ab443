"""What is laid over the images: one layer per label group, one for the heat map, one for several systems' agreement."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from viewer.state.observable import Value


@dataclass(frozen=True)
class Label:
    """One code of a mask, its name and its colour (resources/data/labels.json)."""

    key: str
    mask: str
    code: int
    name: str
    group: str
    colour: tuple[int, int, int]
    opacity: float


@dataclass(frozen=True)
class Layer:
    """How a label group is drawn. ``outline`` draws its border instead of filling it; ``opacity`` is 0..1."""

    group: str
    name: str
    colour: tuple[int, int, int]
    opacity: float
    visible: bool = True
    outline: bool = False
    available: bool = False


@cache
def labels() -> tuple[Label, ...]:
    """Every label that a mask can hold."""
    rows = json.loads((files("resources") / "data" / "labels.json").read_text("utf-8"))
    return tuple(Label(**{**row, "colour": tuple(row["colour"])}) for row in rows)


HEATMAP = "heat_map"
AGREEMENT = "agreement"
AGREEMENT_COLOURS: tuple[tuple[int, int, int], ...] = (
    (98, 92, 190), (44, 134, 160), (60, 180, 118), (172, 218, 56), (255, 240, 120),
)  # fmt: skip
"""Where one, two ... five systems mark infection: lightness grows with their number."""
_NAMES = {"lungs": "Lungs", "ground_glass": "Ground-glass", "consolidation": "Consolidation", "effusion": "Effusion",
          "unclassified": "Opacity (not classified)"}  # fmt: skip


class Layers:
    """The layers, each an observable, and the switch that hides them all (key O)."""

    def __init__(self) -> None:
        self.by_group: dict[str, Value[Layer]] = {}
        for label in labels():
            if label.group not in self.by_group:
                layer = Layer(label.group, _NAMES[label.group], label.colour, label.opacity)
                self.by_group[label.group] = Value(layer)
        self.by_group[HEATMAP] = Value(Layer(HEATMAP, "Heat map", (255, 120, 0), 0.5, visible=False))
        self.by_group[AGREEMENT] = Value(Layer(AGREEMENT, "Agreement", AGREEMENT_COLOURS[-1], 0.6, visible=False))
        self.all_hidden: Value[bool] = Value(False)

    def change(self, group: str, **what: object) -> None:
        """Replace fields of one layer, for example ``change("effusion", visible=False)``."""
        layer = self.by_group[group]
        layer.value = replace(layer.value, **what)  # type: ignore[arg-type]
