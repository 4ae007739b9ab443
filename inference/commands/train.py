"""``groundglass train``: trains the parts of a system on labelled data, and goes on where it was stopped."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inference.commands.console import Console, say
from inference.errors import Cancelled, InferenceError, SeriesError
from inference.pipeline.cancellation import CancellationToken
from inference.training.recipe_book import recipes
from inference.training.recipes import Recipe


class TrainingError(InferenceError):
    """Training cannot start as asked."""


def run(options: argparse.Namespace) -> int:
    """Train every part that is not finished yet; returns the exit code."""
    chosen = [one for one in recipes(options.system, options.config) if options.part in (None, one.part)]
    if not chosen:
        raise SeriesError(f"{options.system} has no part {options.part}.")
    deadline = time.monotonic() + 60.0 * options.minutes if options.minutes else float("inf")
    from inference.training.devices import join, leave

    place = join(options.device)
    try:
        with _politely() as asked:
            for recipe in chosen:
                if not _train(recipe, options, place, deadline, asked):
                    if asked.cancelled:
                        raise Cancelled
                    return 0
    finally:
        leave()
    return 0


def _train(
    recipe: Recipe, options: argparse.Namespace, place: Any, deadline: float, asked: CancellationToken
) -> bool:  # fmt: skip
    """One part; False where time was up or the user stopped it."""
    from inference.training import checkpoints
    from inference.training.data import packs, split
    from inference.training.trainer import Limits, Trainer

    out = options.out or options.data / "training"
    path = checkpoints.place(out, recipe, options.fold)
    if path.exists() and not options.resume:
        raise TrainingError(f"{path} exists already; go on with it by --resume, or choose another folder by --out.")
    console = Console()
    cache = options.cache or out / "cache"
    packed = packs(recipe, options.data, cache, lambda name, count: console.progress(f"{name} {count}", 0.0))
    divided = split(recipe, packed, options.fold)
    trainer = Trainer(recipe, options.fold, divided, place, path, options.workers)
    if path.exists():
        trainer.resume()
    elif recipe.start:
        earlier = _earlier(recipe, options, out)
        trainer.begin_with(earlier)
    log = path.with_suffix(".log") if place.leads else None
    _log(log, f"{recipe.name}: {len(divided.training)} pictures of {len(divided.training.patients())} patients, "
              f"{len(divided.left_out)} left out, {trainer.steps} steps an epoch")  # fmt: skip

    def report(entry: dict[str, Any]) -> None:
        if "seconds_left" not in entry:
            _log(log, json.dumps(entry))
            return
        fraction = (entry["epoch"] + entry["step"] / entry["steps"]) / trainer.epochs
        what = f"{recipe.part} epoch {entry['epoch'] + 1}, loss {entry['loss']:.4f}"
        console.progress(what, fraction, entry["seconds_left"])
        if entry["step"] % 25 == 0:
            _log(log, f"{what}, step {entry['step']}/{entry['steps']}, {entry['seconds_left'] / 60:.0f} min left")

    done = trainer.run(Limits(deadline, lambda: asked.cancelled), report)
    console.clear()
    if not done:
        _log(log, "stopped; --resume goes on")
        return False
    if place.leads:
        _judge(trainer, log)
        say(f"{recipe.name}: {path}")
        if options.export:
            from inference.training.export import export

            say(f"weights: {options.export / f'{export(trainer.state, options.export).name}.safetensors'}")
    return True


def _judge(trainer: Any, log: Path | None) -> None:
    """Put the figures on the fold left out into the checkpoint, once."""
    from inference.evaluation.records import Judge, records, to_json
    from inference.evaluation.summary import rows
    from inference.evaluation.tables import markdown

    state, left_out = trainer.state, trainer.split.left_out
    if state.figures or not len(left_out):
        return
    found = list(records(Judge.of(state, trainer.place), left_out))
    state.figures = {"rows": rows(found), "records": [to_json(one) for one in found]}
    trainer.save()
    _log(log, "\n" + markdown(state.figures["rows"]))


def _earlier(recipe: Recipe, options: argparse.Namespace, out: Path) -> Any:
    """The finished checkpoint that a part starts from."""
    from inference.training import checkpoints

    first = next(one for one in recipes(recipe.system, recipe.variant) if one.part == recipe.start)
    path = checkpoints.place(out, first, options.fold)
    found = checkpoints.load(path) if path.is_file() else None
    if found is None or not found.finished:
        raise TrainingError(f"{recipe.part} starts from {recipe.start}: train that part first, with the same fold.")
    return found


def _log(path: Path | None, line: str) -> None:
    """A line beside the checkpoint and on standard error, so that a run in the background can be followed."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    if not sys.stderr.isatty():
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


@contextmanager
def _politely() -> Iterator[CancellationToken]:
    """The first Ctrl-C or polite kill ends training after the step at hand, saved; the second ends it at once."""
    token = CancellationToken()

    def stop(number: int, frame: object) -> None:
        if token.cancelled:
            os._exit(Cancelled.exit_code)
        token.cancel()

    known = (signal.SIGINT, signal.SIGTERM)
    before = {one: signal.signal(one, stop) for one in known}
    try:
        yield token
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
