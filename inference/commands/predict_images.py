"""``groundglass predict-images``: a folder of slices or X-rays to masks and a table, picture by picture."""

from __future__ import annotations

import argparse
import csv
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from inference.commands.console import Console, say
from inference.commands.judges import CLASSES, Judges, picture_volume
from inference.commands.stopping import stoppable
from inference.errors import InferenceError, SeriesError, WeightsMissing
from inference.io.export import check_folder, staged
from inference.systems.registry import Modality
from inference.systems.registry import card as card_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inference.findings import SystemOutput
    from inference.systems.nested import NestedContext

TABLE = "predictions.csv"
COLUMNS = (
    "image", "modality", "recognition", "p_normal", "p_bacterial", "p_viral", "p_covid",
    "ground_glass", "consolidation", "effusion", "percentage_of_infection",
)  # fmt: skip
_SUFFIXES = (".png", ".jpg", ".jpeg")
_FINDINGS = ("ground_glass", "consolidation", "effusion")


@dataclass(frozen=True)
class _Job:
    pictures: tuple[Path, ...]
    out: Path
    modality: Literal["auto", "ct", "xray"]
    judges: Judges
    steps: Path | None = None


def run(options: argparse.Namespace) -> int:
    """Judge every picture and write masks and table, all at once; returns the exit code.

    A picture that cannot be judged is named on standard error, and its row stays empty.
    """
    check_folder(options.out)
    if options.steps is not None:
        check_folder(options.steps)
    pictures = _pictures(options.folder)
    _spare_pictures(pictures, options.out, _names(pictures))
    if options.steps is not None:
        _spare_pictures(pictures, options.steps, _step_names(pictures))
    if options.system is not None:
        card_of(options.system)
    console = Console()
    try:
        with stoppable() as cancel, ExitStack() as stages:
            stage = stages.enter_context(staged(options.out, _names(pictures)))
            beside = options.steps and stages.enter_context(staged(options.steps, _step_names(pictures)))
            judges = Judges(options.system, options.device, cancel)
            rows, judged = _judge(_Job(pictures, stage, options.modality, judges, beside), console)
            _write_table(stage / TABLE, rows)
    finally:
        console.clear()
    for note in judges.notes:
        console.note(note)
    console.flush()
    counts = {kind: sum(row.get("modality") == kind for row in rows) for kind in ("ct", "xray")}
    say("\n".join([
        *judges.told(),
        f"{judged} of {len(rows)} pictures judged (as CT slices: {counts['ct']}, as X-rays: {counts['xray']})",
    ]))  # fmt: skip
    return 0


def _names(pictures: tuple[Path, ...]) -> list[str]:
    """Every file that a run can write."""
    return [TABLE, *(f"{path.stem}_{mask}.png" for path in pictures for mask in ("lung", "lesion"))]


def _step_names(pictures: tuple[Path, ...]) -> list[str]:
    """Every file that ``--steps`` can write."""
    from inference.systems.covid_mtnet.steps import NAMES

    return [f"{path.stem}_{name}.png" for path in pictures for name in NAMES]


def _pictures(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        raise SeriesError(f"{folder} is no folder; name the folder that holds the pictures.")
    found = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in _SUFFIXES)
    if not found:
        raise SeriesError(f"{folder} holds no PNG or JPEG picture.")
    twins = [path.name for path in found if sum(other.stem == path.stem for other in found) > 1]
    if twins:
        raise SeriesError(f"{twins[0]} and {twins[1]} would be written to the same files; rename one.")
    return tuple(found)


def _spare_pictures(pictures: tuple[Path, ...], out: Path, names: list[str]) -> None:
    """Raise SeriesError if a result would take the place of a picture that is judged."""
    if out.is_dir() and out.samefile(pictures[0].parent):
        taken = sorted({path.name.lower() for path in pictures} & {name.lower() for name in names})
        if taken:
            raise SeriesError(f"{taken[0]} in {out} would be overwritten by a result; name another folder for them.")


def _judge(job: _Job, console: Console) -> tuple[list[dict[str, Any]], int]:
    """A row for each picture, and how many were judged.

    Raises WeightsMissing where the system asked for, or every one, wants weights; else, where no picture could be
    judged, what was wrong with the first.
    """
    rows: list[dict[str, Any]] = []
    faults: list[InferenceError] = []
    for number, path in enumerate(job.pictures):
        job.judges.cancel.check()
        console.progress("pictures", number / len(job.pictures))
        row: dict[str, Any] = {}
        try:
            _fill(row, path, job, console)
        except InferenceError as error:
            if job.judges.wanted is not None and isinstance(error, WeightsMissing):
                raise
            row = {}
            faults.append(error)
            console.note(f"{path.name}: {error}")
        rows.append({"image": path.name, **row})
    if len(faults) == len(rows):
        raise next((fault for fault in faults if isinstance(fault, WeightsMissing)), faults[0])
    return rows, len(rows) - len(faults)


def _fill(row: dict[str, Any], path: Path, job: _Job, console: Console) -> None:
    """Judge one picture: its masks into files, its figures into ``row``."""
    from inference.systems.modality import looks_like_xray
    from inference.systems.registry import RunOptions

    grey = _read(path)
    xray = looks_like_xray(grey) if job.modality == "auto" else job.modality == "xray"
    modality: Modality = "xray" if xray else "ct"
    if job.modality == "auto":
        console.note(f"{path.name}: taken for {'an X-ray' if xray else 'a CT slice'}")
    row["modality"] = modality
    options = RunOptions(modality, segment_anyway=True, explain=False)
    output = job.judges.judge(grey, modality, options)
    if job.steps is not None:
        _write_steps(job.steps, path.stem, grey, job.judges.surroundings(options))
    if "lung_probability" in output.thresholds:
        row["percentage_of_infection"] = _write_masks(job.out, path.stem, output)
    if output.recognition is not None:
        row["recognition"] = output.recognition.probability
    row.update({f"p_{name}": output.classes[name] for name in CLASSES if name in output.classes})
    row.update({name: output.probabilities[name] for name in _FINDINGS if name in output.probabilities})


def _write_steps(folder: Path, stem: str, grey: NDArray[np.uint8], surroundings: NestedContext) -> None:
    """Paper 2's intermediate pictures of one picture, numbered in their order."""
    from inference.systems.covid_mtnet.steps import picture_steps

    for name, pixels in picture_steps(picture_volume(grey), surroundings).items():
        _write_picture(folder / f"{stem}_{name}.png", pixels)


def _read(path: Path) -> NDArray[np.uint8]:
    import numpy as np

    from inference.io.open import load, scan

    study = scan(path)
    if not study.series:
        raise SeriesError(f"{path.name} is no picture that can be read.")
    loaded = load(study.series[0], study=study)
    return np.asarray(loaded.volume.array[0]).clip(0, 255).astype(np.uint8)


def _write_masks(out: Path, stem: str, output: SystemOutput) -> float | None:
    """Both masks at the picture's size; returns the percentage of infection, None without lung."""
    import numpy as np

    from inference.labels import INFECTED

    lung, lesion = output.lungs.array[0] > 0, output.lesions.array[0]
    _write_picture(out / f"{stem}_lung.png", lung.astype(np.uint8) * 255)
    _write_picture(out / f"{stem}_lesion.png", lesion)
    return 100.0 * int((np.isin(lesion, INFECTED) & lung).sum()) / int(lung.sum()) if lung.any() else None


def _write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(path, format="PNG")


def _write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows([_shown(row.get(name)) for name in COLUMNS] for row in rows)


def _shown(value: object) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
