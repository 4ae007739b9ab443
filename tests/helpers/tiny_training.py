"""Tiny data sets laid out as the real ones, and a recipe small enough to train in a test."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.training.augmentation import Augmentation
from inference.training.data import packs, split
from inference.training.devices import Place
from inference.training.recipes import Recipe
from inference.training.schedules import Optimisation
from inference.training.trainer import Trainer
from inference.training.uses import Use

SIDE = 32
USES = (Use("covid20-slices-256"), Use("covid20-stacks-128", "no lesion", 0.5), Use("recognition-slices", "labelled"))


def picture(seed: int, side: int = SIDE) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """A dark field in a bright frame with a brighter spot in it: image, field, spot."""
    rng = np.random.default_rng(seed)
    lung, lesion = np.zeros((side, side), np.uint8), np.zeros((side, side), np.uint8)
    lung[side // 5 : -side // 6, side // 4 : -side // 8] = 255
    top, left = rng.integers(side // 4, side // 2, 2)
    lesion[top : top + side // 4, left : left + side // 5] = 255
    image = np.where(lung > 0, 60, 180) + np.where(lesion > 0, 70, 0) + rng.normal(0, 6, (side, side))
    return np.clip(image, 0, 255).astype(np.uint8), lung, lesion


def shared_tree(root: Path, patients: int = 6, slices: int = 3) -> Path:
    """A data folder with slices, stacks and recognition pictures of patients in folds 0..4, split by ``folds.csv``."""
    rows: list[tuple[str, str, str, str, str]] = []
    for n in range(patients):
        case, fold = f"case-{n}", str(n % 5)
        for folder, side in (("covid20-slices-256", SIDE), ("covid20-stacks-128", SIDE // 2)):
            rows.append((folder, case, f"patient-{n}", folder, fold))
            for k in range(slices):
                image, lung, lesion = picture(100 * n + k, side)
                empty = folder.endswith("128") and k == 0
                write(root / folder / case / f"{k:04d}_ct.jpg", image)
                write(root / folder / case / f"{k:04d}_lesion.png", lesion * (not empty))
                if side == SIDE:
                    write(root / folder / case / f"{k:04d}_lung.png", lung)
        name = f"{'covid' if n % 2 else 'non-covid'}/{n}.jpg"
        write(root / "recognition-slices" / name, picture(n, 40)[0])
        rows.append(("recognition-slices", name, f"group-{n}", "publication", fold))
    listed = [(item, item.split("/")[0], source) for folder, item, _, source, _ in rows if folder.startswith("recog")]
    write_csv(root / "recognition-slices" / "groups.csv", ("file", "label", "source"), listed)
    write_csv(root / "folds.csv", ("folder", "item", "patient", "source", "fold"), rows)
    return root


def write(path: Path, image: NDArray[Any]) -> None:
    """Write a picture, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.asarray(image, np.uint8))


def write_csv(path: Path, head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Write a list with its head."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])


def tiny_recipe(**changes: Any) -> Recipe:
    """Paper 3's network with three tasks, a few channels wide, with dropout and batch normalisation."""
    settings = {
        "image_size": SIDE, "widths": [4, 6, 8], "classifier_width": 4, "norm": True,
        "classes": ["non_covid", "covid"],
    }  # fmt: skip
    values: dict[str, Any] = {
        "system": "multitask", "part": "network", "network": "multitask/network", "variant": "compact", "uses": USES,
        "optimisation": Optimisation(epochs=2, batch=4, rate=1e-3, warmup=2), "size": SIDE, "settings": settings,
        "labels": ("non_covid", "covid"), "segmentation": "minus-dice", "augmentation": Augmentation(),
    }  # fmt: skip
    return Recipe(**{**values, **changes})


def trainer(
    data: Path, path: Path, recipe: Recipe | None = None, fold: str | None = "0", place: Place | None = None
) -> Trainer:
    """A trainer on the processor for a recipe and a tiny data folder."""
    import torch

    recipe = recipe or tiny_recipe()
    divided = split(recipe, packs(recipe, data, path.parent / "cache"), fold)
    return Trainer(recipe, fold, divided, place or Place(torch.device("cpu")), path)


def train_as_one_of(rank: int, world: int, data: str, out: str, port: int) -> None:
    """What each of several processes runs: joins the others, trains, and writes its own weights."""
    import os

    import torch

    from inference.training.devices import join, leave
    from inference.training.trainer import Limits

    torch.set_num_threads(1)
    os.environ |= {
        "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }  # fmt: skip
    made = trainer(Path(data), Path(out) / "both.pt", place=join("cpu"))
    made.run(Limits())
    torch.save(made.network.state_dict(), Path(out) / f"rank{rank}.pt")
    leave()
