"""What each part of each system is trained on and how: the papers' own settings, and short ones for two cores."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from inference.errors import SeriesError
from inference.training.augmentation import CT, Augmentation
from inference.training.schedules import Optimisation
from inference.training.uses import Use

if TYPE_CHECKING:
    from inference.training.losses import Segmentation

Variant = Literal["paper", "compact"]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run besides the data and the fold left out.

    ``network`` names a network in :mod:`inference.models.registry`, ``settings`` changes its configuration.
    ``labels`` are the classes of whole pictures, in the order of the recognition head. ``window`` is the side of the
    random part of each picture that is trained on at its full resolution (0: all of it): networks without a fixed
    size learn the same from it in less time.
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
    seed: int = 0

    @property
    def name(self) -> str:
        """``system-part-variant``, as checkpoints and weights are called."""
        return f"{self.system}-{self.part}-{self.variant}"


# Disease-free slices exist only in the coarse stacks: diseased ones of those keep coarseness from meaning health.
_LESION_SETS = (
    Use("covid20-slices-256"),
    Use("covid20-stacks-128", only="no lesion", share=0.5),
    Use("covid20-stacks-128", only="lesion", share=0.25),
    Use("ct100-slices-512", share=2.0),
)
_SHORT = Optimisation(epochs=20, batch=16, rate=1e-3)


def recipes(system: str, variant: Variant) -> tuple[Recipe, ...]:
    """The parts of a system in the order in which they are trained. Raises SeriesError for an unknown one."""
    known = {recipe.system for recipe in _COMPACT}
    if system not in known:
        raise SeriesError(f"No system {system} can be trained; there are {', '.join(sorted(known))}.")
    return tuple(
        recipe if variant == "compact" else _PAPER.get((system, recipe.part), replace(recipe, variant="paper"))
        for recipe in _COMPACT
        if recipe.system == system
    )


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


_JOINT = Recipe("consensus", "lungs-lesions", "consensus/joint", "compact", _LESION_SETS, _SHORT, window=192,
                settings={"decoder": [128, 64, 32, 16, 16]})  # fmt: skip
_COMPACT = (_JOINT, replace(_JOINT, system="baseline", settings={}))
_PAPER: dict[tuple[str, str], Recipe] = {}
