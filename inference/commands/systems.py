"""``groundglass systems``: every system with its tasks, weights and what they were trained on."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from inference.commands.console import say
from inference.errors import WeightsMissing
from inference.systems import weights as stored
from inference.systems.readiness import readiness, ready_card
from inference.systems.registry import SystemCard, WeightFile, cards


def run(options: argparse.Namespace) -> int:
    """Print the list."""
    listed = [describe(one) for one in cards()]
    say(json.dumps({"systems": listed}, indent=2) if options.json else "\n\n".join(_text(one) for one in listed))
    return 0


def choose(name: str | None) -> tuple[SystemCard, str]:
    """The system of that name, or the best whose weights are present; and why it is not the best of all.

    Raises
    ------
    SeriesError
        If there is no system of that name, or it judges no CT.
    WeightsMissing
        If weights that it needs for CT, or those of every system, are absent or altered.
    """
    if name is not None:
        return ready_card(name), ""
    passed: list[str] = []
    for one in cards():
        state = readiness(one)
        if state.ready:
            return one, " ".join(passed)
        passed.append(state.sentence)
    raise WeightsMissing(f"No system can run. {' '.join(passed)}")


def weights_problem(file: WeightFile) -> str:
    """``is missing``, ``does not have the hash on its card``, or nothing."""
    return stored.problem(stored.StoredFile(file.name, file.sha256))


def describe(one: SystemCard) -> dict[str, Any]:
    """The card with the state of its weights."""
    weights = [{**asdict(file), "state": weights_problem(file) or "present"} for file in one.weights]
    hidden = ("factory", "stages", "weights", "parts")
    shown = {key: value for key, value in asdict(one).items() if key not in hidden}
    return {**shown, "weights": weights, "not_trained": untrained(one), "default": one.name == choose(None)[0].name}


def untrained(one: SystemCard) -> dict[str, str]:
    """The networks that the data could not train, which ship disabled, and why."""
    try:
        listed = stored.manifest()
    except WeightsMissing:
        return {}
    names = [f"{name}-compact" for part in one.parts for name in part.weights]
    return {name: listed[name].disabled for name in names if name in listed and listed[name].disabled}


def _text(one: dict[str, Any]) -> str:
    weights = "; ".join(f"{file['name']} {file['sha256']} ({file['state']})" for file in one["weights"])
    rows = [
        ("kind", one["kind"]),
        ("tasks", ", ".join(one["tasks"])),
        ("labels", ", ".join(one["labels"])),
        ("input", one["input"]),
        ("weights", weights or "none needed"),
        ("trained on", one["trained_on"]),
        ("paper", one["paper"] or "none"),
        ("licence", one["licence"]),
        *(("limits", limit) for limit in one["limitations"]),
        *(("disabled", f"{name}: {reason}") for name, reason in one["not_trained"].items()),
    ]
    head = f"{one['name']} {one['version']}: {one['title']}{' (default)' if one['default'] else ''}"
    return "\n".join([head, *(f"  {name:<11}{text}" for name, text in rows)])
