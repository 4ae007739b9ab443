"""What each part of each system is trained on and how: the papers' own settings, and short ones for two cores."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from inference.training.augmentation import CT, Augmentation
from inference.training.schedules import Optimisation
from inference.training.uses import Use

if TYPE_CHECKING:
    from inference.training.losses import Segmentation

Variant = Literal["paper", "compact"]
ACTIVATION = "activation"
"""The term of paper 5's equation 4, which supervises where a recogniser looks; it counts only where weighed."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run besides the data and the fold left out.

    ``network`` names a network in :mod:`inference.models.registry`, ``settings`` changes its configuration.
    ``labels`` are the classes of whole pictures, in the order of the recognition head. ``window`` is the side of the
    random part of each picture that is trained on at its full resolution (0: all of it): networks without a fixed
    size learn the same from it in less time. ``masked`` blackens what is outside the lung before the network sees it
    (paper 4); ``lungs_by`` names the shipped weights that find the lung where nobody drew it. ``mirrored``: an answer
    is the mean with that for the mirrored picture. ``start`` names the part whose trained weights, of the same fold,
    this one begins with wherever names and shapes agree: transfer.
    """

    system: str
    part: str
    network: str
    variant: Variant
    uses: tuple[Use, ...]
    optimisation: Optimisation
    size: int = 256
    channels: tuple[str, ...] = ("local",)
    settings: dict[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    segmentation: Segmentation = "bce-dice"
    weights: tuple[tuple[str, float], ...] = ()
    augmentation: Augmentation = CT
    mixing: float = 0.0
    window: int = 0
    masked: bool = False
    lungs_by: str = ""
    mirrored: bool = True
    start: str = ""
    seed: int = 0

    @property
    def name(self) -> str:
        """``system-part-variant``, as checkpoints and weights are called."""
        return f"{self.system}-{self.part}-{self.variant}"


def to_record(recipe: Recipe) -> dict[str, Any]:
    """Plain values, as JSON holds them."""
    return asdict(recipe)


def from_record(record: dict[str, Any]) -> Recipe:
    """The recipe of plain values."""
    values = dict(record)
    values["uses"] = tuple(Use(**use) for use in record["uses"])
    values["optimisation"] = Optimisation(**record["optimisation"])
    values["augmentation"] = Augmentation(**{**record["augmentation"], "scale": tuple(record["augmentation"]["scale"])})
    values["weights"] = tuple((name, weight) for name, weight in record["weights"])
    for name in ("channels", "labels"):
        values[name] = tuple(record[name])
    return Recipe(**values)
