"""What ``groundglass analyse`` runs on a series: which system, asked for what, and why not the best."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from inference.commands.systems import choose
from inference.errors import WeightsMissing
from inference.findings import DetectionFloor, Warning
from inference.pipeline.agreement import members
from inference.pipeline.xray import CARD, create_reading, readers
from inference.systems.readiness import readiness, ready_card
from inference.systems.registry import RunOptions, System, SystemCard, card, cards
from inference.volume import Units

_LEAST_TO_AGREE = 2


@dataclass(frozen=True)
class Plan:
    """``system`` by ``name``, and why it is not the best; ``warnings`` say what was asked for in vain."""

    system: System | str
    name: str
    options: RunOptions
    fallback_reason: str = ""
    agreement: bool = False
    warnings: tuple[Warning, ...] = ()


def plan_for_ct(options: argparse.Namespace) -> Plan:
    """The system that was asked for, or the best that can run, on CT.

    Raises
    ------
    SeriesError
        If there is no system of that name.
    WeightsMissing
        If its weights, or those of every system, are absent or altered.
    """
    chosen, reason = choose(options.system)
    warnings = _ignored(options, chosen)
    agreement = options.agreement and "agreement_unavailable" not in {warning.code for warning in warnings}
    return Plan(chosen.name, chosen.name, RunOptions("ct", options.segment_anyway), reason, agreement, warnings)


def plan_for_xray(options: argparse.Namespace) -> Plan:
    """The system that was asked for, or every one that reads X-rays, on a single X-ray.

    Raises
    ------
    SeriesError
        If there is no system of that name, or it reads no X-rays.
    WeightsMissing
        If its weights for X-rays, or those of every system that reads them, are absent or altered.
    """
    run = RunOptions("xray", options.segment_anyway)
    text = "--agreement was ignored: the systems are compared on CT, and this is an X-ray."
    warnings: tuple[Warning, ...] = (Warning("agreement_unavailable", text),) if options.agreement else ()
    if not floor_of(options).is_published:
        warnings += (Warning("floor_ignored", "The detection floor was ignored: an X-ray has no grade."),)
    if options.system is not None:
        chosen = ready_card(options.system, "xray", "This was taken for an X-ray, and ")
        return Plan(chosen.name, chosen.name, run, warnings=warnings)
    states = [readiness(one, "xray") for one in cards()]
    unable = " ".join(dict.fromkeys(state.sentence for state in states if state.state.startswith("weights")))
    if not readers():
        raise WeightsMissing(f"No system can read this X-ray. {unable}")
    return Plan(create_reading(), CARD.name, run, unable, warnings=warnings)


def floor_of(options: argparse.Namespace) -> DetectionFloor:
    """The detection floor that was asked for; what was not named is as published."""
    published = DetectionFloor()
    return DetectionFloor(
        published.percent if options.floor_percent is None else options.floor_percent,
        published.ml if options.floor_ml is None else options.floor_ml,
    )


def check_units(plan: Plan, units: Units, wanted: str | None) -> None:
    """Raise WeightsMissing where rules on Hounsfield units are all that can run, and the images have none."""
    if units is Units.HU or wanted is not None or not plan.fallback_reason or card(plan.name).kind == "learned":
        return
    best = next(one for one in cards() if one.kind == "learned")
    raise WeightsMissing(
        "No learned system can run, since their weights are missing or altered, and the rule-based one "
        f"({plan.name}) needs Hounsfield units, which these images do not have. {readiness(best).sentence}"
    )


def _ignored(options: argparse.Namespace, chosen: SystemCard) -> tuple[Warning, ...]:
    """What was asked for and does not apply, each as a warning that findings.json repeats."""
    warnings = []
    if options.config and chosen.kind == "rule-based":
        warnings.append(Warning("config_ignored", f"--config was ignored: {chosen.name} has one configuration only."))
    if options.device in ("cuda", "mps") and chosen.kind == "rule-based":
        warnings.append(Warning("device_ignored", f"--device was ignored: {chosen.name} runs on the processor."))
    if options.agreement and len(members(options.config or "")[0]) < _LEAST_TO_AGREE:
        text = "--agreement was ignored: it needs two learned systems, and the weights of fewer are installed."
        warnings.append(Warning("agreement_unavailable", text))
    return tuple(warnings)
