"""Effusion in whole CTs through the path of ``groundglass analyse``: the default's, and that of density rules alone.

The default uses, for each patient, the stream of the fold that left this patient out. Its other networks have seen no
CT of these patients. The density rules were written with these seven CTs at hand, so their figures are too kind.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import WeightsMissing
from inference.evaluation.aims import SMALLEST_EFFUSION
from inference.evaluation.intervals import Interval, bootstrap
from inference.evaluation.sources import Where
from inference.evaluation.tables import number, table
from inference.labels import Lesion
from inference.systems import weights
from inference.training import checkpoints
from inference.training.datasets.sample import DataError
from inference.training.datasets.shared_ct import placed
from inference.training.export import export
from inference.training.recipe_book import recipes as book
from inference.training.recipes import Recipe

_SET, _STREAM = "plethora-effusion", "effusion"
_SYSTEMS = ("consensus", "densitometry")
_RESAMPLES = 2000
_RULE = (
    "Whole CTs as `groundglass analyse` judges them, voxel by voxel on the CT's own grid. The default's stream left the"
    " patient out. The density rules, which it adds, were written with these CTs at hand: their figures are too kind, "
    "and the default's in part. Pooled over voxels, with a bootstrap over patients; 013 is not counted in the median."
)


@dataclass(frozen=True)
class Fluid:
    """What a system marks in one CT: voxels in common with the drawing, marked, drawn; millilitres of one."""

    patient: str
    system: str
    common: int
    marked: int
    drawn: int
    voxel_ml: float

    @property
    def dice(self) -> float:
        """0 where nothing is in common, 1 where both are empty."""
        total = self.marked + self.drawn
        return 2.0 * self.common / total if total else 1.0


def fluid(recipes: Sequence[Recipe], where: Where) -> dict[str, Any]:
    """A row for each CT, and the figures of each system. Raises DataError, WeightsMissing."""
    folder = where.data / _SET
    cases = sorted(folder.glob("*_ct.nii.gz"))
    if not cases:
        raise DataError(f"{where.data} holds no CTs with effusion drawn ({_SET}).")
    recipe = next(one for one in book("specialised-streams", "compact") if one.part == _STREAM)
    found: list[Fluid] = []
    for case in cases:
        name = case.name.removesuffix("_ct.nii.gz")
        patient, _, fold = placed(folder, name)
        with _leaving_out(recipe, fold, where):
            found += _judged(case, patient)
        where.note(", ".join(f"{one.patient}, {one.system}: {one.dice:.3f}" for one in found[-len(_SYSTEMS) :]))
    return fluid_table(found)


def fluid_table(found: Sequence[Fluid]) -> dict[str, Any]:
    """The rows in words and figures."""
    rows, cells = [], []
    for patient in dict.fromkeys(one.patient for one in found):
        mine = {one.system: one for one in found if one.patient == patient}
        any_of = next(iter(mine.values()))
        figures = {name: {"dice": one.dice, "ml": one.marked * one.voxel_ml} for name, one in mine.items()}
        rows.append({"patient": patient, "drawn_ml": any_of.drawn * any_of.voxel_ml, **figures})
        cells.append([
            patient, number(any_of.drawn * any_of.voxel_ml, 0),
            *(text for name in _SYSTEMS if name in mine
              for text in (number(mine[name].dice), number(mine[name].marked * mine[name].voxel_ml, 0))),
        ])  # fmt: skip
    head = ("patient", "drawn, ml", *(text for name in _SYSTEMS for text in (f"{name}, Dice", f"{name}, ml")))
    lines = [_line(name, [one for one in found if one.system == name]) for name in _SYSTEMS]
    return {"rows": rows, "markdown": "\n\n".join([table(head, cells), *lines, _RULE])}


def _line(system: str, found: Sequence[Fluid]) -> str:
    counted = [one.dice for one in found if one.patient != SMALLEST_EFFUSION]
    pooled = bootstrap(list(found), _pooled, _RESAMPLES)
    return (
        f"{system}: pooled Dice {_between(pooled)}, median by patient without 013 "
        f"{float(np.median(counted)) if counted else float('nan'):.3f}, n = {len(found)}."
    )


def _pooled(found: list[Fluid]) -> float | None:
    total = sum(one.marked + one.drawn for one in found)
    return 2.0 * sum(one.common for one in found) / total if total else None


def _between(one: Interval | None) -> str:
    return "–" if one is None else f"{one.value:.3f} (95 % {one.low:.3f}–{one.high:.3f})"


def _judged(case: Path, patient: str) -> list[Fluid]:
    """What every system marks in a CT, which is read once."""
    from inference.pipeline.analyse import analyse

    volume, verdict = _read(case)
    drawn: NDArray[np.bool_] = _read(case.with_name(case.name.replace("_ct.", "_effusion.")))[0].array > 0
    voxel_ml = float(np.prod(volume.geometry.spacing_mm)) / 1000.0
    out = []
    for system in _SYSTEMS:
        findings, _ = analyse(system, volume, verdict, device="cpu")
        marked = findings.output.lesions.array == Lesion.EFFUSION
        counts = int((marked & drawn).sum()), int(marked.sum()), int(drawn.sum())
        out.append(Fluid(patient, system, *counts, voxel_ml))
    return out


def _read(file: Path) -> tuple[Any, Any]:
    from inference.io.open import load, scan

    study = scan(file)
    loaded = load(study.series[0], study=study)
    return loaded.volume, loaded.verdict


@contextmanager
def _leaving_out(recipe: Recipe, fold: str, where: Where) -> Iterator[None]:
    """The folder of weights with the stream of a fold in the place of the shipped one.

    Raises WeightsMissing where that fold has not been trained to its end.
    """
    path = checkpoints.place(where.out, recipe, fold)
    state = checkpoints.load(path) if path.is_file() else None
    if state is None or not state.finished:
        raise WeightsMissing(f"{recipe.name} was not trained with fold {fold} left out; train it first.")
    before = os.environ.get(weights.FOLDER_VARIABLE)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        for name in weights.folder().iterdir():
            (place / name.name).write_bytes(name.read_bytes())
        export(state, place, name=recipe.name)
        os.environ[weights.FOLDER_VARIABLE] = temporary
        try:
            yield
        finally:
            if before is None:
                del os.environ[weights.FOLDER_VARIABLE]
            else:
                os.environ[weights.FOLDER_VARIABLE] = before
