"""Capability cards of every system, and how to build one. Imports no system, so listing costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol

from inference.errors import SeriesError, WeightsMissing
from inference.systems import weights as stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inference.findings import SystemOutput
    from inference.pipeline.events import MaskName
    from inference.volume import Volume

Task = Literal["lungs", "opacity", "ground_glass", "consolidation", "effusion", "recognition"]
Modality = Literal["ct", "xray"]


@dataclass(frozen=True)
class WeightFile:
    """A shipped weight file: its name under ``resources/weights`` and the SHA-256 it must have."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Part:
    """A network of a system: ``weights`` are the names that can fill it, without the variant, best first.

    Without a ``required`` part the system cannot judge pictures of its ``modality``.
    """

    name: str
    weights: tuple[str, ...]
    modality: Modality = "ct"
    required: bool = True


@dataclass(frozen=True)
class RunOptions:
    """What a run may be asked for besides device and configuration.

    ``modality`` says what a picture is where nobody can tell; ``auto`` lets the system look. ``segment_anyway``
    segments pictures that were not recognised as diseased. ``explain`` makes a heat map.
    """

    modality: Literal["auto", "ct", "xray"] = "auto"
    segment_anyway: bool = False
    explain: bool = True


@dataclass(frozen=True)
class SystemCard:
    """What a system is and does, as ``groundglass systems`` prints it.

    ``kind`` is ``rule-based`` or ``learned``: a rule-based system has no weights and gives no probabilities.
    ``factory`` is ``"module:function"``; the function takes no argument and returns a :class:`System`.
    ``stages`` are the stage names its events use, in order, with the share of the time each takes.
    ``parts`` are the networks of a learned system; ``weights`` follow from them and the manifest of weights.
    ``target`` is what its recognition is about.
    """

    name: str
    title: str
    version: str
    kind: Literal["rule-based", "learned"]
    tasks: tuple[Task, ...]
    labels: tuple[str, ...]
    input: str
    paper: str
    licence: str
    trained_on: str
    weights: tuple[WeightFile, ...]
    factory: str
    stages: tuple[tuple[str, float], ...]
    limitations: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    target: Literal["covid_against_other", "pneumonia_against_normal"] = "covid_against_other"


class RunContext(Protocol):
    """What a system may ask of its surroundings while it runs."""

    @property
    def device(self) -> str:
        """``cpu``, ``cuda``, ``mps``, or ``auto``: the best there is, for a learned system."""

    @property
    def config(self) -> str:
        """``compact``, ``paper`` or ``""``."""

    @property
    def options(self) -> RunOptions:
        """What else was asked for."""

    def stage(self, name: str) -> None:
        """Say that the named stage begins (the one before ends). Raises Cancelled if asked to stop."""

    def progress(self, fraction: float) -> None:
        """Say how much of the present stage is done, 0..1. Raises Cancelled if asked to stop."""

    def publish(self, name: MaskName, labels: NDArray[np.uint8], first: int, last: int) -> None:
        """Show a partial mask: the whole array on the volume's own grid, of which slices first..last are new."""


class System(Protocol):
    """A second opinion. Stateless between runs."""

    @property
    def card(self) -> SystemCard:
        """The card it is registered under."""

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        """Analyse a volume (read-only). Raises InputShapeError when its units or grid do not fit, and Cancelled."""


DENSITOMETRY = SystemCard(
    name="densitometry",
    title="Densitometry (rule-based baseline)",
    version="1.0.0",
    kind="rule-based",
    tasks=("lungs", "ground_glass", "consolidation", "effusion"),
    labels=("ground_glass", "consolidation", "effusion"),
    input="CT volume in Hounsfield units, axial or reformatted, at least 20 slices",
    paper="",
    licence="Apache-2.0",
    trained_on="nothing: fixed rules on Hounsfield units",
    weights=(),
    factory="inference.systems.densitometry.system:create",
    stages=(("body", 0.1), ("airways", 0.1), ("lung", 0.35), ("vessels", 0.2), ("lesion", 0.15), ("effusion", 0.1)),
    limitations=(
        "Rules on density: tumour, oedema, atelectasis and motion can look like infection.",
        "Gives no probabilities.",
    ),
)

_NOT_COMMERCIAL = "Apache-2.0; the weights for research only, as the images they were trained on"
_UNLIKE = "Tumour, oedema, atelectasis and motion can look like infection."
_LUNGS = ("consensus-lungs-lesions", "cascade-severity-lungs", "covid-mtnet-ct-lungs")


def _learned(
    name: str, title: str, paper: str, tasks: tuple[Task, ...], labels: tuple[str, ...], parts: tuple[Part, ...],
    stages: tuple[tuple[str, float], ...], limitations: tuple[str, ...],
) -> SystemCard:  # fmt: skip
    return SystemCard(
        name=name, title=title, version="1.0.0", kind="learned", tasks=tasks, labels=labels,
        input="CT in Hounsfield units or 8-bit slices" + (
            ", and frontal chest X-rays" if any(part.modality == "xray" for part in parts) else ""
        ),
        paper=paper, licence=_NOT_COMMERCIAL, trained_on="", weights=(),
        factory=f"inference.systems.{name.replace('-', '_')}.system:create", stages=stages,
        limitations=(_UNLIKE, *limitations), parts=parts,
    )  # fmt: skip


CONSENSUS = _learned(
    "consensus", "Consensus", "",
    ("lungs", "ground_glass", "consolidation", "opacity", "recognition"),
    ("ground_glass", "consolidation", "effusion", "unclassified"),
    (
        Part("lungs", _LUNGS),
        Part("lesions", ("consensus-lungs-lesions", "cascade-severity-lesions")),
        Part("recogniser", ("specialised-streams-recogniser",), required=False),
        Part("recogniser_lungs", ("specialised-streams-recogniser-lungs",), required=False),
        Part("ground_glass", ("specialised-streams-ground-glass",), required=False),
        Part("consolidation", ("specialised-streams-consolidation",), required=False),
        Part("effusion", ("specialised-streams-effusion",), required=False),
    ),
    (("body", 0.02), ("lung", 0.35), ("lesion", 0.35), ("recognition", 0.08), ("densitometry", 0.15),
     ("explanation", 0.05)),
    (
        "Hounsfield units tell ground-glass from consolidation: the networks trained for it did worse on patients left "
        "out. Effusion is what density rules find and a stream adds; effusions of about 20 ml are missed or misplaced.",
        "Its recognisers, one of whole slices and one of the lung alone, told slices with COVID-19 from others with an "
        "AUC of 0.98, 0.78 and 0.77 in their three sources (docs/results.md). They called one scan with another "
        "pneumonia positive too: likeness, no diagnosis. The heat map is that of the lung alone; on the CTs that were "
        "looked at it lay in the opacities no more than elsewhere in the lung. Of manifestations it gives no "
        "probability.",
    ),
)  # fmt: skip
CASCADE_SEVERITY = _learned(
    "cascade-severity", "Cascade and severity (paper 4)", "Qiblawey et al., DenseNet-161 U-Net and DenseNet-201 FPN",
    ("lungs", "opacity", "recognition"), ("unclassified",),
    (Part("lungs", ("cascade-severity-lungs",)), Part("lesions", ("cascade-severity-lesions",))),
    (("body", 0.02), ("lung", 0.48), ("lesion", 0.45), ("explanation", 0.05)),
    ("Gives opacities one class.", "Recognition is by mask: no probability for the study."),
)  # fmt: skip
JCS = _learned(
    "jcs", "Joint classification and segmentation (paper 5)", "Wu et al., Res2Net and VGG-16 with EFM and AFF",
    ("lungs", "opacity", "recognition"), ("unclassified",),
    (Part("recogniser", ("jcs-recogniser",)), Part("lesions", ("jcs-segmenter",)), Part("lungs", _LUNGS)),
    (("body", 0.02), ("lung", 0.38), ("recognition", 0.2), ("lesion", 0.35), ("explanation", 0.05)),
    ("Segments only studies that it recognises, unless asked to.", "Lungs are another system's: the paper has none."),
)  # fmt: skip
SPECIALISED_STREAMS = _learned(
    "specialised-streams", "Specialised streams (paper 1)",
    "El-bana et al., Inception-v3, multi-label CNN and DeepLabv3+",
    ("lungs", "ground_glass", "consolidation", "effusion", "recognition"),
    ("ground_glass", "consolidation", "effusion", "unclassified"),
    (
        Part("recogniser", ("specialised-streams-recogniser",)),
        Part("manifestations", ("specialised-streams-manifestations",), required=False),
        Part("ground_glass", ("specialised-streams-ground-glass",), required=False),
        Part("consolidation", ("specialised-streams-consolidation",), required=False),
        Part("effusion", ("specialised-streams-effusion",), required=False),
        Part("all_classes", ("specialised-streams-all-classes",), required=False),
        Part("lungs", _LUNGS),
        Part("xray_recogniser", ("specialised-streams-xray-recogniser",), "xray"),
    ),
    (("body", 0.02), ("lung", 0.28), ("recognition", 0.1), ("manifestations", 0.1), ("lesion", 0.45),
     ("explanation", 0.05)),
    ("Lungs are another system's: the paper has none.",),
)  # fmt: skip
COVID_MTNET = _learned(
    "covid-mtnet", "COVID_MTNet (paper 2)", "Alom et al., IRRCNN and NABLA-3",
    ("lungs", "opacity", "recognition"), ("unclassified",),
    (
        Part("recogniser", ("covid-mtnet-ct-recogniser",)),
        Part("lungs", ("covid-mtnet-ct-lungs",)),
        Part("lesions", ("covid-mtnet-ct-lesions",), required=False),
        Part("xray_recogniser", ("covid-mtnet-xray-recogniser",), "xray"),
        Part("xray_lungs", ("covid-mtnet-xray-lungs",), "xray"),
        Part("xray_lesions", ("covid-mtnet-xray-lesions",), "xray", required=False),
    ),
    (("body", 0.02), ("lung", 0.5), ("recognition", 0.2), ("lesion", 0.23), ("explanation", 0.05)),
    ("Without its trained lesion network, infection is found by an adaptive threshold inside the lung: vessels can be "
     "taken for it.",),
)  # fmt: skip
MULTITASK = _learned(
    "multitask", "Multitask (paper 3)", "Amyar et al., one encoder with three tasks",
    ("lungs", "opacity", "recognition"), ("unclassified",),
    (Part("network", ("multitask-network",)), Part("lungs", _LUNGS)),
    (("body", 0.02), ("lung", 0.43), ("lesion", 0.5), ("explanation", 0.05)),
    ("Gives opacities one class.", "Lungs are another system's: the paper has none."),
)  # fmt: skip

_CARDS: dict[str, SystemCard] = {
    one.name: one
    for one in (CONSENSUS, CASCADE_SEVERITY, JCS, SPECIALISED_STREAMS, COVID_MTNET, MULTITASK, DENSITOMETRY)
}


def cards() -> tuple[SystemCard, ...]:
    """Every registered card, best first: the first whose weights are present is the default."""
    return tuple(_with_weights(one) for one in _CARDS.values())


def card(name: str) -> SystemCard:
    """The card of that name. Raises SeriesError, naming the near ones, if there is none."""
    if name in _CARDS:
        return _with_weights(_CARDS[name])
    from difflib import get_close_matches

    near = get_close_matches(name, _CARDS, n=1)
    hint = f" Did you mean {near[0]}?" if near else f" There are: {', '.join(_CARDS)}."
    raise SeriesError(f"There is no system named {name}.{hint}")


def register(one: SystemCard) -> None:
    """Add a system, or replace the one of that name; it becomes the last choice for a default."""
    _CARDS[one.name] = one


def unregister(name: str) -> None:
    """Take a system away. Raises SeriesError if there is none of that name."""
    card(name)
    del _CARDS[name]


def create(name: str) -> System:
    """Build the system of that name (imports its module only now)."""
    module, function = card(name).factory.split(":")
    factory: Callable[[], System] = getattr(import_module(module), function)
    return factory()


def chosen_weights(part: Part, config: str = "") -> stored.Entry | None:
    """The listed network that fills a part: the first of its names, ``compact`` unless ``config`` says otherwise.

    None where none is listed, or those that are could not be trained. Raises WeightsMissing when the list is damaged.
    """
    return next(iter(_listed_for(part, config)), None)


def usable_weights(part: Part, config: str = "") -> stored.Entry | None:
    """Like :func:`chosen_weights`, but of several the first whose files are whole; reads them all, once."""
    found = _listed_for(part, config)
    whole = (entry for entry in found if not any(stored.problem(file) for file in entry.files))
    return next(whole, found[0] if found else None)


def _listed_for(part: Part, config: str) -> list[stored.Entry]:
    listed = stored.manifest()
    names = [f"{name}-{config or 'compact'}" for name in part.weights]
    return [listed[name] for name in names if name in listed and not listed[name].disabled]


def _with_weights(one: SystemCard) -> SystemCard:
    """The card with the weight files that the manifest lists for it; of a required part that it lacks, the name."""
    if not one.parts:
        return one
    files: dict[str, WeightFile] = {}
    seen: dict[str, None] = {}
    for part in one.parts:
        try:
            entry = chosen_weights(part)
        except WeightsMissing:
            entry = None
        if entry is not None:
            files.update({file.name: WeightFile(file.name, file.sha256) for file in entry.files})
            seen.setdefault(entry.trained_on)
        elif part.required and part.modality == "ct":
            name = f"{part.weights[0]}-compact.safetensors"
            files.setdefault(name, WeightFile(name, ""))
    told = "; ".join(text for text in seen if text)
    return replace(one, weights=tuple(files.values()), trained_on=told or one.trained_on or "nothing yet")
