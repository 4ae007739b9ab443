"""Whether a system can run here, and if not, why: one sentence for a menu. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inference.errors import SeriesError, WeightsMissing
from inference.systems import weights as stored
from inference.systems.registry import Modality, SystemCard, chosen_weights, usable_weights
from inference.systems.registry import card as card_of

State = Literal["ready", "weights missing", "weights altered", "not for these pictures"]
_READS = {"ct": "judges X-rays only", "xray": "reads chest CT, not X-rays"}


@dataclass(frozen=True)
class Readiness:
    """``sentence`` says what is in the way; it is empty for a system that is ready."""

    state: State
    sentence: str = ""

    @property
    def ready(self) -> bool:
        """Whether it can run."""
        return self.state == "ready"


def readiness(card: SystemCard, modality: Modality = "ct", *, hashes: bool = True) -> Readiness:
    """The state of a system for pictures of a modality.

    ``hashes`` reads every file (once, until it changes) and compares it with its card; without, files need only be
    there. A part that has other weights to fall back on, or is not required, stops nothing.
    """
    if card.kind == "rule-based":
        return Readiness("ready") if modality == "ct" else _not_for(card, modality)
    parts = [part for part in card.parts if part.modality == modality]
    if card.parts and not any(part.required for part in parts):
        return _not_for(card, modality)
    try:
        choose = usable_weights if hashes else chosen_weights
        chosen = [(part, choose(part)) for part in parts if part.required]
    except WeightsMissing as damaged:
        return Readiness("weights altered", str(damaged))
    missing = list(dict.fromkeys(part.weights[0] for part, entry in chosen if entry is None))
    if missing:
        return Readiness("weights missing", f"{card.title} cannot run: its weights {_listed(missing)} are missing.")
    files = [file for _, entry in chosen if entry is not None for file in entry.files]
    if not card.parts:
        files = [stored.StoredFile(file.name, file.sha256) for file in card.weights]
    for file in files:
        fault = stored.problem(file) if hashes else "" if (stored.folder() / file.name).is_file() else "is missing"
        if fault:
            state: State = "weights missing" if fault == "is missing" else "weights altered"
            return Readiness(state, f"{card.title} cannot run: its weight file {file.name} {fault}.")
    return Readiness("ready")


def ready_card(name: str, modality: Modality = "ct", lead: str = "") -> SystemCard:
    """The system of that name, which can run on pictures of a modality.

    Raises
    ------
    SeriesError
        If there is no system of that name, or it judges no such pictures; ``lead`` begins that sentence.
    WeightsMissing
        If weights that it needs for them are absent or altered.
    """
    chosen = card_of(name)
    state = readiness(chosen, modality)
    if state.state == "not for these pictures":
        raise SeriesError(f"{lead}{state.sentence}")
    if not state.ready:
        raise WeightsMissing(state.sentence)
    return chosen


def _not_for(card: SystemCard, modality: Modality) -> Readiness:
    return Readiness("not for these pictures", f"{card.title} {_READS[modality]}.")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
