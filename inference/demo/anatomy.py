"""One patient: every field, tree and bone that the picture is painted from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference.demo.disease import Disease, lobular_pattern, place_disease, place_fluid
from inference.demo.fields import Axes, Floats, Sampler, smooth_noise
from inference.demo.lungs import Lungs, build_lungs
from inference.demo.organs import BRONCHI, TRACHEA, Organs, build_organs
from inference.demo.parameters import DemoParameters
from inference.demo.shapes import Frame
from inference.demo.skeleton import Spine, bones
from inference.demo.trees import Segments, Trees, grow_trees, outside
from inference.demo.trunk import Trunk, build_trunk

TABLE_MM = {True: 119.0, False: 128.0}
"""How far behind the middle (in front of it when prone) the couch lies."""

BOTTOM_MM = -193.0


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Distances and textures on ``sampler.lattice``; segments in patient mm."""

    parameters: DemoParameters
    fine: Axes
    sampler: Sampler
    down: float
    table_mm: float
    trunk: Trunk
    organs: Organs
    lungs: Lungs
    disease: Disease
    trees: Trees
    airway: tuple[Segments, Segments]
    """Trachea and main bronchi: lumen and wall."""
    bones: Segments
    cartilage: Segments
    spine: Spine
    parenchyma: Floats
    """HU of the lung without disease."""
    tissue: tuple[Floats, Floats]
    """Soft and coarse unevenness, variance 1."""
    septa: tuple[Sampler, Floats] | None
    """The lobular pattern of ground-glass on a finer lattice; None without ground-glass."""


def fine_axes(parameters: DemoParameters) -> Axes:
    """The grid of the series, in the patient's own directions."""
    pixel, thick = parameters.pixel_mm, parameters.slice_mm
    in_plane = (np.arange(parameters.matrix, dtype=np.float64) - (parameters.matrix - 1) / 2) * pixel
    middle = 10.0 * (-1.0 if parameters.prone else 1.0)
    return Axes(BOTTOM_MM + thick * np.arange(parameters.slices, dtype=np.float64), in_plane + middle, in_plane)


def build(parameters: DemoParameters, rng: np.random.Generator) -> Anatomy:
    """The patient that the parameters and the random numbers make."""
    fine = fine_axes(parameters)
    step = float(np.clip(1.5 * max(parameters.pixel_mm, 0.5 * parameters.slice_mm), 3.0, 4.2))
    lower, upper = [float(a[0]) for a in fine.all], [float(a[-1]) for a in fine.all]
    lattice = Axes.spanning(lower, upper, step)
    sampler = Sampler(lattice, fine)
    down = -1.0 if parameters.prone else 1.0
    table = TABLE_MM[parameters.prone]
    frame = Frame(rng, lattice)
    trunk = build_trunk(frame, rng, down, table)
    organs = build_organs(frame, trunk, rng)
    lungs = build_lungs(frame, trunk, organs, rng)
    outlines = place_fluid(frame, trunk, organs, lungs, parameters, down)
    disease = place_disease(frame, trunk, lungs, outlines, parameters, down, rng)
    detail = min(1.0, (1.5 / parameters.pixel_mm) ** 2)
    trees = grow_trees(frame, lungs, disease.room, disease.solid, rng, 1500.0 * detail)
    solid = (organs.heart, organs.abdomen, -trunk.cage)
    blood = (organs.vessels, organs.aorta)
    trees = Trees(
        outside(trees.vessels, lattice, *solid),
        outside(outside(trees.lumens, lattice, *solid), lattice, *blood, but_wider_mm=3.0),
        outside(outside(trees.walls, lattice, *solid), lattice, *blood, but_wider_mm=3.9),
    )
    return Anatomy(
        parameters,
        fine,
        sampler,
        down,
        table,
        trunk,
        organs,
        lungs,
        disease,
        trees,
        _airway(frame),
        *bones(frame),
        Spine.of(frame),
        _parenchyma(frame, trunk, down, rng),
        (smooth_noise(rng, lattice, 9.0), smooth_noise(rng, lattice, 40.0)),
        _septa(fine, sampler, disease, parameters, rng),
    )


def _parenchyma(frame: Frame, trunk: Trunk, down: float, rng: np.random.Generator) -> Floats:
    """Denser towards the couch, uneven by lobule, and hazy right under the dependent pleura."""
    low = down * frame.y
    hazy = np.exp(np.minimum(trunk.cage, 0.0) / 8.0) * np.clip((low - 30.0) / 50.0, 0.0, 1.0)
    texture = sum(size * smooth_noise(rng, frame.lattice, mm) for size, mm in ((18.0, 50.0), (14.0, 16.0), (18.0, 7.0)))
    return np.asarray(-862.0 + 0.55 * low + 120.0 * hazy + texture, dtype=np.float32)


def _airway(frame: Frame) -> tuple[Segments, Segments]:
    lumens, walls = [], []
    for tube in (TRACHEA, *BRONCHI):
        at = frame.place(tube.points)
        lumens.append(Segments(at[:-1], at[1:], tube.radii[:-1], tube.radii[1:]))
        walls.append(Segments(at[:-1], at[1:], tube.radii[:-1] + 1.5, tube.radii[1:] + 1.5))
    return Segments.joined(lumens), Segments.joined(walls)


def _septa(
    fine: Axes, sampler: Sampler, disease: Disease, parameters: DemoParameters, rng: np.random.Generator
) -> tuple[Sampler, Floats] | None:
    bounds = sampler.bounds(disease.added_hu > 15.0)
    if bounds is None:
        return None
    lower = [float(axis[part.start]) for axis, part in zip(fine.all, bounds, strict=True)]
    upper = [float(axis[part.stop - 1]) for axis, part in zip(fine.all, bounds, strict=True)]
    lattice = Axes.spanning(lower, upper, max(1.6, parameters.pixel_mm))
    nearest = [
        np.clip(np.rint((at - nodes[0]) / step).astype(int), 0, len(nodes) - 1)
        for at, nodes, step in zip(lattice.all, sampler.lattice.all, sampler.lattice.steps, strict=True)
    ]
    where = (disease.added_hu > 15.0)[np.ix_(*nearest)]
    pattern = lobular_pattern(lattice, rng, where, parameters.crazy_paving)
    return Sampler(lattice, fine), pattern
