"""How well and how fast densitometry works on real images: ``python -m benchmarks.densitometry --data DIR``.

``DIR`` holds ``covid-ct-md`` and ``plethora-effusion``. Prints the seconds of each stage for the COVID case; how well
the percentage of lung infected per slice tells the slices that readers marked from the others (area under the ROC
curve, over slices that hold lung, with an interval from a bootstrap over runs of ten slices: neighbours are alike);
the percentage that the normal case gets, which ought to be nought; and the Dice of effusion for each cancer case.

The COVID and the normal case are test cases, to be scored at most once for each released version; ``--cases`` names
others to look at meanwhile (``effusion``, ``normal``, ``covid``).
"""

from __future__ import annotations

import argparse
import csv
import resource
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.findings import SystemOutput
from inference.io.open import load, scan
from inference.labels import INFECTED, Lesion
from inference.systems.registry import create
from inference.volume import Volume

SMALL_APICAL = range(26, 39)
"""Slices of the COVID case, from the head, marked for one small opacity only."""


class Quiet:
    """A context that lets the system run and remembers when the lungs were first shown."""

    device, config = "cpu", ""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.first_lungs: float | None = None

    def stage(self, name: str) -> None:
        """Nobody watches."""

    def progress(self, fraction: float) -> None:
        """Nobody watches."""

    def publish(self, name: str, labels: NDArray[np.uint8], first: int, last: int) -> None:
        if self.first_lungs is None:
            self.first_lungs = time.perf_counter() - self.started


def read(path: Path) -> Volume:
    study = scan(path)
    return load(study.series[study.proposed or 0], study=study).volume


def analysed(volume: Volume) -> tuple[SystemOutput, Quiet, float]:
    context = Quiet()
    output = create("densitometry").run(volume, context)
    return output, context, time.perf_counter() - context.started


def percent_infected(output: SystemOutput) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Per slice ``k``: infected share of the lung in per cent, and whether the slice holds lung."""
    lung = output.lungs.array > 0
    infected = np.isin(output.lesions.array, INFECTED) & lung
    area = lung.sum(axis=(1, 2))
    return 100.0 * infected.sum(axis=(1, 2)) / np.maximum(area, 1), area > 0


def area_under_curve(scores: NDArray[np.float64], marked: NDArray[np.bool_]) -> float:
    """The chance that a marked slice scores above an unmarked one, ties counted half."""
    high, low = scores[marked], scores[~marked]
    if not high.size or not low.size:
        return float("nan")
    difference = high[:, None] - low[None, :]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def interval(scores: NDArray[np.float64], marked: NDArray[np.bool_], run: int = 10) -> tuple[float, float]:
    """95 % bootstrap interval over runs of neighbouring slices."""
    random = np.random.default_rng(0)
    runs = [np.arange(first, min(first + run, scores.size)) for first in range(0, scores.size, run)]
    values = []
    for _ in range(2000):
        drawn = np.concatenate([runs[n] for n in random.integers(0, len(runs), len(runs))])
        values.append(area_under_curve(scores[drawn], marked[drawn]))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def covid(folder: Path) -> None:
    started = time.perf_counter()
    volume = read(folder / "covid-P001")
    reading = time.perf_counter() - started
    output, context, seconds = analysed(volume)
    print(f"covid-P001, {'x'.join(map(str, volume.array.shape))}: read {reading:.1f} s, analysed {seconds:.1f} s")
    print("  " + ", ".join(f"{stage} {spent:.2f} s" for stage, spent in output.timing_s.items()))
    print(
        f"  first lungs after {context.first_lungs:.1f} s, {seconds - (context.first_lungs or 0):.1f} s before the end"
    )
    percent, holds_lung = percent_infected(output)
    with (folder / "covid-P001-slices.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    height = volume.geometry.to_patient([[k, 0, 0] for k in range(volume.array.shape[0])])[:, 2]
    index = np.array([int(np.abs(height - float(row["position_z_mm"])).argmin()) for row in rows])
    marked = np.array([row["infected"] == "1" for row in rows])
    number = np.array([int(row["slice_from_head"]) for row in rows])
    lung = holds_lung[index]
    for name, chosen in (("all slices", lung), ("without 26-38", lung & ~np.isin(number, SMALL_APICAL))):
        scores, truth = percent[index][chosen], marked[chosen]
        low, high = interval(scores, truth)
        value = area_under_curve(scores, truth)
        print(f"  AUC, {name}: {value:.3f} ({low:.3f}-{high:.3f}), {truth.sum()} of {truth.size} slices infected")
    print(f"  percentage of infection {total_percent(output):.2f} %")


def total_percent(output: SystemOutput) -> float:
    lung = output.lungs.array > 0
    return float(100.0 * (np.isin(output.lesions.array, INFECTED) & lung).sum() / max(int(lung.sum()), 1))


def normal(folder: Path) -> None:
    volume = read(folder / "normal-001")
    output, _, seconds = analysed(volume)
    fluid = float((output.lesions.array == Lesion.EFFUSION).sum()) * volume.geometry.voxel_ml
    print(f"normal-001: {total_percent(output):.2f} % infected, {fluid:.0f} ml effusion, {seconds:.1f} s")


def effusion(folder: Path) -> None:
    print("case         truth ml  found ml  Dice  precision  recall  seconds")
    for path in sorted(folder.glob("*_ct.nii.gz")):
        case = path.name.removesuffix("_ct.nii.gz")
        volume, truth = read(path), read(path.with_name(f"{case}_effusion.nii.gz")).array > 0
        output, _, seconds = analysed(volume)
        found = output.lesions.array == Lesion.EFFUSION
        shared, voxel = int((found & truth).sum()), volume.geometry.voxel_ml
        both = max(int(found.sum() + truth.sum()), 1)
        print(
            f"{case:12s} {truth.sum() * voxel:8.0f}  {found.sum() * voxel:8.0f}  {2 * shared / both:.2f}"
            f"  {shared / max(int(found.sum()), 1):9.2f}  {shared / max(int(truth.sum()), 1):6.2f}  {seconds:7.1f}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of real images")
    parser.add_argument("--cases", nargs="+", choices=("covid", "normal", "effusion"), help="which to run (all)")
    options = parser.parse_args()
    chosen = options.cases or ("covid", "normal", "effusion")
    if "covid" in chosen:
        covid(options.data / "covid-ct-md")
    if "normal" in chosen:
        normal(options.data / "covid-ct-md")
    if "effusion" in chosen:
        effusion(options.data / "plethora-effusion")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
