"""``groundglass evaluate``: the figures of a system on patients that it was not trained on."""

from __future__ import annotations

import argparse
import json
from typing import Any

from inference.commands.console import Console, say
from inference.commands.stopping import stoppable
from inference.errors import SeriesError, WeightsMissing
from inference.training.recipe_book import recipes


def run(options: argparse.Namespace) -> int:
    """Print the tables of every part that has weights; returns the exit code."""
    chosen = [one for one in recipes(options.system, options.config) if options.part in (None, one.part)]
    if not chosen:
        raise SeriesError(f"{options.system} has no part {options.part}.")
    console = Console()
    with stoppable():
        found = _table(options, console) if options.table else _parts(chosen, options, console)
    console.flush()
    say(json.dumps(found, indent=1) if options.json else _text(found))
    return 0


def _parts(chosen: list[Any], options: argparse.Namespace, console: Console) -> dict[str, Any]:
    from inference.evaluation.sources import cascaded, part_rows
    from inference.evaluation.summary import rows

    where = _where(options, console)
    out: dict[str, Any] = {}
    for recipe in chosen:
        try:
            out[recipe.name] = part_rows(recipe, where, options.fold)
        except WeightsMissing as missing:
            if options.part or len(chosen) == 1:
                raise
            console.note(str(missing))
            continue
        if recipe.masked and not recipe.lungs_by:
            lungs = next(one for one in recipes(recipe.system, recipe.variant) if one.part == "lungs")
            out[f"{recipe.name}, lungs found by {lungs.name}"] = rows(cascaded(recipe, lungs, where))
    if not out:
        raise WeightsMissing(f"No part of {options.system} has weights; train it first.")
    return out


def _table(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    from inference.evaluation.paper_tables import TABLES

    return TABLES[options.table](recipes(options.system, options.config), _where(options, console))


def _where(options: argparse.Namespace, console: Console) -> Any:
    from inference.evaluation.sources import Where
    from inference.training.devices import join

    out = options.out or options.data / "training"
    cache = options.cache or out / "cache"
    return Where(options.data, cache, out, join(options.device), console.note, options.unseen)


def _text(found: dict[str, Any]) -> str:
    from inference.evaluation.tables import markdown

    if "markdown" in found:
        return str(found["markdown"])
    return "\n\n".join(f"## {name}\n\n{markdown(rows)}" for name, rows in found.items())
