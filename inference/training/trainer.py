"""The training loop. Stopped anywhere and resumed, it gives what it would have given in one go."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Subset

from inference.errors import SeriesError
from inference.models.networks.jcs import JcsSegmenter, Res2NetRecogniser
from inference.models.outputs import RECOGNITION
from inference.training import checkpoints
from inference.training.activation import Tap
from inference.training.averaging import MovingAverage
from inference.training.batches import Batch, Epochs
from inference.training.checkpoints import Checkpoint
from inference.training.data import Split
from inference.training.devices import Place
from inference.training.judging import restored, watched_score
from inference.training.losses import Objective
from inference.training.lungs import teacher
from inference.training.networks import build
from inference.training.recipes import ACTIVATION, Recipe, to_record
from inference.training.schedules import Optimisation, epochs_of, rate_at

_SAVE_EVERY_S = 180.0
_MINIMUM_GAIN = 1e-4
_TARGET = "covid"


@dataclass
class Limits:
    """When to stop early: at ``deadline`` (of time.monotonic) or once ``asked`` says so."""

    deadline: float = float("inf")
    asked: Callable[[], bool] = field(default=lambda: False)

    def reached(self) -> bool:
        """Whether training should save and stop now."""
        return self.asked() or time.monotonic() >= self.deadline


Report = Callable[[dict[str, Any]], None]
"""Gets ``{"epoch", "step", "steps", "loss", "seconds_left"}`` after steps, and an epoch's history entry."""


class Trainer:
    """One run of a recipe on one split. Raises SeriesError when a checkpoint belongs to another run."""

    def __init__(
        self, recipe: Recipe, fold: str | None, split: Split, place: Place, path: Path, workers: int = 0
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.how, self.place, self.path = recipe, recipe.optimisation, place, path
        self.split = split
        network = build(recipe).to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network: nn.Module = network
        self.objective = Objective(network.heads, recipe.labels, recipe.segmentation, recipe.weights)
        self.optimiser = _optimiser(network, self.how)
        self.scaler = torch.amp.GradScaler(place.device.type, enabled=place.scales)
        self.average = MovingAverage(network, self.how.average)
        self.batches = Epochs(
            split.training, batch=max(self.how.batch // place.world, 1), augmentation=recipe.augmentation,
            labels=recipe.labels, seed=recipe.seed, mixing=recipe.mixing, window=recipe.window, masked=recipe.masked,
            rank=place.rank, world=place.world,
        )  # fmt: skip
        self.steps = len(self.batches)
        self.epochs = epochs_of(self.how, self.steps)
        self.workers = workers
        taught = teacher(recipe.lungs_by).patients if recipe.lungs_by else ()
        self.state = Checkpoint(
            recipe, fold or "", split.digests, _union(split.training.patients(), split.watched.patients(), taught),
            _union(split.training.sources(), split.watched.sources()),
        )  # fmt: skip
        self._tap = Tap(network, network.deepest) if ACTIVATION in dict(recipe.weights) else None
        self._running = self._wrapped(network)

    def begin_with(self, earlier: Checkpoint) -> None:
        """Take over another part's trained weights wherever names and shapes agree, or as a companion.

        Whoever that part has seen, this one has seen too.
        """
        network, recipe, weights = self.network, earlier.recipe, earlier.weights
        self.state.patients = _union(self.state.patients, earlier.patients)
        self.state.sources = _union(self.state.sources, earlier.sources)
        if isinstance(network, JcsSegmenter) and recipe.labels:
            recogniser = restored(recipe, weights, Place(torch.device("cpu")))
            if isinstance(recogniser, Res2NetRecogniser):
                network.adopt(recogniser)
        else:
            own = network.state_dict()
            shared = {name: value for name, value in weights.items()
                      if name in own and own[name].shape == value.shape}  # fmt: skip
            network.load_state_dict({**own, **shared})
        self.average.load(network.state_dict())

    def resume(self) -> None:
        """Go on from the checkpoint on disk."""
        state = checkpoints.load(self.path)
        if _plain(state.recipe) != _plain(self.recipe):
            raise SeriesError(f"The checkpoint {self.path} was trained with other settings; train afresh elsewhere.")
        if state.data != self.state.data or not set(self.state.patients) <= set(state.patients):
            raise SeriesError(f"The checkpoint {self.path} was trained on other data; train afresh elsewhere.")
        self.state = state
        self.network.load_state_dict(state.network)
        self.optimiser.load_state_dict(state.optimiser)
        self.scaler.load_state_dict(state.scaler)
        self.average.load(state.average)
        torch.set_rng_state(state.random["cpu"])
        if self.place.device.type == "cuda" and "cuda" in state.random:
            torch.cuda.set_rng_state(state.random["cuda"], self.place.device)

    def run(self, limits: Limits, report: Report = lambda entry: None) -> bool:
        """Train to the end, or until a limit is reached; returns whether it is the end. Saves either way."""
        while not self.state.finished:
            if not self._epoch(limits, report):
                self.save()
                return False
            self._close_epoch(report)
            self.save()
        return True

    def save(self) -> None:
        """Write the checkpoint, by the leading process alone."""
        if not self.place.leads:
            return
        state = self.state
        state.network, state.average = self.network.state_dict(), self.average.values
        state.optimiser, state.scaler = self.optimiser.state_dict(), self.scaler.state_dict()
        state.random = {"cpu": torch.get_rng_state()}
        if self.place.device.type == "cuda":
            state.random["cuda"] = torch.cuda.get_rng_state(self.place.device)
        checkpoints.save(state, self.path)

    def _epoch(self, limits: Limits, report: Report) -> bool:
        """The rest of the present epoch; False where a limit stopped it."""
        state = self.state
        self.network.train()
        self.batches.start(state.epoch)
        if state.step == 0:
            state.history.append({"epoch": state.epoch, "loss": 0.0, "terms": {}, "seconds": 0.0})
        saved, began, first = time.monotonic(), time.monotonic(), state.step
        for batch in self._load(state.step):
            start = time.monotonic()
            total, terms = self._step(batch)
            state.step += 1
            self._note(total, terms, time.monotonic() - start)
            pace = (time.monotonic() - began) / (state.step - first)
            left = (self.epochs - state.epoch) * self.steps - state.step
            report({"epoch": state.epoch, "step": state.step, "steps": self.steps, "loss": state.history[-1]["loss"],
                    "seconds_left": pace * left})  # fmt: skip
            if self._stop(limits):
                return False
            if time.monotonic() - saved > _SAVE_EVERY_S:
                self.save()
                saved = time.monotonic()
        return True

    def _load(self, first: int) -> Iterator[Batch]:
        rest = Subset(self.batches, range(first, self.steps))
        yield from DataLoader(
            rest, batch_size=None, num_workers=self.workers, prefetch_factor=4 if self.workers else None,
            generator=torch.Generator(),
        )  # fmt: skip

    def _step(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        state = self.state
        number = state.epoch * self.steps + state.step
        rate = rate_at(self.how, number, self.steps, int(sum(entry.get("drop", 0) for entry in state.history)))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        batch = batch.to(self.place.device)
        with self.place.autocast():
            outputs = self._running(batch.images)
        if self._tap is not None:
            target = self.recipe.labels.index(_TARGET)
            outputs[ACTIVATION] = self._tap.mapping(outputs[RECOGNITION], target)
        total, terms = self.objective(outputs, batch)
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(total).backward()  # type: ignore[no-untyped-call]
        if self.how.clip:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.network.parameters(), self.how.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.average.update(self.network, number)
        return total.detach(), terms

    def _note(self, total: Tensor, terms: dict[str, Tensor], seconds: float) -> None:
        """Running means of the epoch."""
        entry, count = self.state.history[-1], self.state.step
        entry["loss"] += (float(total) - entry["loss"]) / count
        for name, term in terms.items():
            before = entry["terms"].get(name, 0.0)
            entry["terms"][name] = before + (float(term) - before) / count
        entry["seconds"] += seconds
        self.state.seconds += seconds

    def _stop(self, limits: Limits) -> bool:
        """Whether any process wants to stop, so that all do at the same step."""
        wish = torch.tensor(float(limits.reached()), device=self.place.device)
        if self.place.world > 1:
            torch.distributed.all_reduce(wish)
        return bool(wish.item() > 0)

    def _close_epoch(self, report: Report) -> None:
        state = self.state
        entry = state.history[-1]
        if len(self.split.watched):
            self._watch(entry)
        report(entry)
        state.epoch, state.step = state.epoch + 1, 0
        state.finished = state.epoch >= self.epochs or self._patience_lost()

    def _watch(self, entry: dict[str, Any]) -> None:
        """Score the average on the patients who are watched, keep the best, and note where the rate must drop."""
        state = self.state
        entry["watched"] = watched_score(self.recipe, self.average.values, self.split.watched, self.place)
        before = [one["watched"] for one in state.history[:-1]]
        if not before or entry["watched"] > max(before) + _MINIMUM_GAIN:
            state.best = {name: value.detach().clone() for name, value in self.average.values.items()}
        stale, last_drop = self._stale(), self._since_drop()
        patience = self.how.drop_patience
        if self.how.schedule == "plateau" and stale >= patience and last_drop >= patience:
            entry["drop"] = 1

    def _stale(self) -> int:
        """Epochs since the best one."""
        scores = [entry["watched"] for entry in self.state.history if "watched" in entry]
        best = 0
        for number, score in enumerate(scores):
            best = number if score > scores[best] + _MINIMUM_GAIN else best
        return len(scores) - 1 - best

    def _since_drop(self) -> int:
        drops = [number for number, entry in enumerate(self.state.history) if entry.get("drop")]
        return len(self.state.history) - 1 - drops[-1] if drops else len(self.state.history)

    def _patience_lost(self) -> bool:
        return bool(self.how.patience) and bool(len(self.split.watched)) and self._stale() >= self.how.patience

    def _wrapped(self, network: nn.Module) -> nn.Module:
        if self.place.world < 2:
            return network
        ids = [self.place.device.index] if self.place.device.type == "cuda" else None
        return DistributedDataParallel(network, device_ids=ids, find_unused_parameters=True)


def _union(*names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*names)))


def _plain(recipe: Recipe) -> str:
    return json.dumps(to_record(recipe), sort_keys=True)


def _optimiser(network: nn.Module, how: Optimisation) -> torch.optim.Optimizer:
    weights = [one for one in network.parameters() if one.requires_grad]
    if how.optimiser == "sgd":
        return torch.optim.SGD(weights, how.rate, momentum=how.momentum, weight_decay=how.weight_decay)
    kind = torch.optim.AdamW if how.optimiser == "adamw" else torch.optim.Adam
    return kind(weights, how.rate, weight_decay=how.weight_decay)
