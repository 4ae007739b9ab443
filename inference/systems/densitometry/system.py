"""The densitometry system: the rules in order, from Hounsfield units to masks."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from inference.errors import InputShapeError
from inference.findings import Provenance, SystemOutput, Warning
from inference.labels import Lesion, Lung
from inference.systems.densitometry.airways import find_airways
from inference.systems.densitometry.body import find_body
from inference.systems.densitometry.bones import spine_column
from inference.systems.densitometry.chest import expected_lung, find_gap
from inference.systems.densitometry.closure import close_lungs
from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.effusion import find_effusion, gravity
from inference.systems.densitometry.grid import WorkingGrid, working_grid
from inference.systems.densitometry.lungs import aerated_lung, split_sides
from inference.systems.densitometry.morphology import Mask, box
from inference.systems.densitometry.opacity import dense_lung, find_opacity
from inference.systems.densitometry.ribcage import find_rib_cage
from inference.systems.registry import DENSITOMETRY, RunContext, System, SystemCard
from inference.volume import LabelMap, Units, Volume

Labels = NDArray[np.uint8]


def create() -> System:
    """The system as :mod:`inference.systems.registry` builds it."""
    return Densitometry()


class Densitometry:
    """Lungs, opacities and effusion by fixed rules. Stateless between runs."""

    def __init__(self, config: DensitometryConfig | None = None) -> None:
        self.config = config or DensitometryConfig()

    @property
    def card(self) -> SystemCard:
        """The registered card."""
        return DENSITOMETRY

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        """Analyse a volume in Hounsfield units.

        Without lungs the masks are empty and a warning says so. Raises InputShapeError for other units, Cancelled when
        the context asks to stop.
        """
        if volume.units is not Units.HU:
            raise InputShapeError(
                f"Densitometry needs Hounsfield units, and this volume holds {volume.units.value} values."
            )
        return _Run(volume, context, self.config).analyse()


class _Run:
    """One analysis: holds what its stages share."""

    def __init__(self, volume: Volume, context: RunContext, config: DensitometryConfig) -> None:
        self.volume, self.context, self.config = volume, context, config
        self.canonical, self.turn = volume.canonical()
        self.sides_known = volume.geometry.orientation_known
        self.cutoff = config.ground_glass_hu[1]
        self.timing: dict[str, float] = {}
        self.warnings: list[Warning] = []
        self._stage, self._since = "", perf_counter()

    def analyse(self) -> SystemOutput:
        """Run the stages of the card in order."""
        config = self.config
        self._begin("body")
        grid = working_grid(self.canonical, config)
        hu = grid.average(self.canonical)
        self.context.progress(0.3)
        body = find_body(hu, grid, config)
        if not body.any():
            return self._without_lungs()
        _, rows, columns = box(body, 4.0, grid.spacing_mm)
        grid = grid.cropped(rows, columns)
        hu, body = np.ascontiguousarray(hu[:, rows, columns]), np.ascontiguousarray(body[:, rows, columns])
        self.context.progress(0.9)
        spine = spine_column(hu, body, grid)

        self._begin("airways")
        airways = find_airways(hu, body, grid, config)
        if not airways.any():
            self._warn("no_trachea", "No trachea was found: airways may be counted as lung.")

        self._begin("lung")
        aerated = aerated_lung(hu, body, airways, grid, config)
        if not aerated.any():
            return self._without_lungs()
        self.context.progress(0.3)
        halves = split_sides(aerated, hu, spine, grid, config)
        self.context.progress(0.5)
        cage = find_rib_cage(hu, body, aerated, spine, grid, config)
        self.context.progress(0.7)
        sides = close_lungs(halves, airways, cage, grid, config)
        self._publish_lungs(self._lung_codes(self._restore(sides, grid)))

        self._begin("vessels")
        opacity, self.cutoff = find_opacity(hu, sides > 0, cage, grid, config, self.context.progress)

        self._begin("lesion")
        down = gravity(self.volume.patient_position)
        expected = expected_lung(cage, down, grid, config)
        gap = find_gap(expected, sides, airways, cage, grid, config)
        self.context.progress(0.5)

        self._begin("effusion")
        fluid = find_effusion(hu, halves, cage, expected, spine, down, grid, config)
        fluid &= ~airways
        self.context.progress(0.4)
        sides[fluid] = 0
        returned = dense_lung(hu, gap, sides > 0, fluid, grid, config)
        sides[returned > 0] = returned[returned > 0]
        opacity = (opacity | (returned > 0)) & (sides > 0)
        chest = np.where(sides > 0, sides, gap)
        near = (chest == 0) & fluid
        chest[near] = self._half(spine, grid)[near]
        self.context.progress(0.6)
        return self._output(hu, grid, sides, opacity, fluid, chest, airways)

    def _output(
        self,
        hu: NDArray[np.float32],
        grid: WorkingGrid,
        sides: Labels,
        opacity: Mask,
        fluid: Mask,
        chest: Labels,
        airways: Mask,
    ) -> SystemOutput:
        lungs = self._restore(sides, grid)
        lesions = np.zeros_like(lungs)
        inside = lungs > 0
        grid.restore(fluid, lesions, Lesion.EFFUSION, ~inside)
        grid.restore(opacity, lesions, Lesion.GROUND_GLASS, inside)
        consolidated = opacity & (hu > self.config.consolidation_hu)
        grid.restore(consolidated, lesions, Lesion.CONSOLIDATION, lesions == Lesion.GROUND_GLASS)
        self.context.progress(0.8)
        cage = self._restore(chest, grid)
        cage[inside] = lungs[inside]
        bronchi = np.zeros_like(lungs)
        grid.restore(airways, bronchi, 1, ~inside)
        for k in self.canonical.missing_slices:
            for mask in (lungs, lesions, cage, bronchi):
                mask[k] = 0
        lungs, cage = self._lung_codes(lungs), self._lung_codes(cage)
        self._publish_lungs(lungs)
        self.context.publish("lesions", self._back(lesions), 0, self.volume.array.shape[0] - 1)
        return self._result(lungs, lesions, cage, bronchi)

    def _restore(self, labels: Labels, grid: WorkingGrid) -> Labels:
        """Sides on the canonical grid; where outlines overlap after interpolation, the first keeps the voxel."""
        out = np.zeros(grid.source_shape, np.uint8)
        for code in (1, 2):
            grid.restore(labels == code, out, code, out == 0 if code == 2 else None)
            self.context.progress(0.8)
        return out

    def _lung_codes(self, sides: Labels) -> Labels:
        """Sides by their published codes: unknown where the volume's orientation is."""
        if self.sides_known:
            return sides
        return np.where(sides > 0, np.uint8(Lung.SIDE_UNKNOWN), np.uint8(0))

    def _half(self, spine: NDArray[np.float64], grid: WorkingGrid) -> Labels:
        columns = np.arange(grid.shape[2])
        half = np.where(columns[None, :] > spine[:, None], np.uint8(2), np.uint8(1))
        return np.broadcast_to(half[:, None, :], grid.shape)

    def _back(self, array: Labels) -> Labels:
        return np.ascontiguousarray(self.turn.invert(array))

    def _publish_lungs(self, lungs: Labels) -> None:
        self.context.publish("lungs", self._back(lungs), 0, self.volume.array.shape[0] - 1)

    def _begin(self, stage: str) -> None:
        now = perf_counter()
        if self._stage:
            self.timing[self._stage] = now - self._since
        self._stage, self._since = stage, now
        if stage:
            self.context.stage(stage)

    def _warn(self, code: str, text: str) -> None:
        self.warnings.append(Warning(code, text))

    def _without_lungs(self) -> SystemOutput:
        self._warn("no_lungs", "No lungs were found: there is nothing to measure.")
        empty = np.zeros(self.canonical.array.shape, np.uint8)
        return self._result(empty, empty, empty, empty)

    def _result(self, lungs: Labels, lesions: Labels, chest: Labels, airways: Labels) -> SystemOutput:
        self._begin("")
        geometry = self.volume.geometry
        config = self.config
        return SystemOutput(
            lungs=LabelMap(self._back(lungs), geometry),
            lesions=LabelMap(self._back(lesions), geometry),
            sides_known=self.sides_known,
            provenance=Provenance(DENSITOMETRY.name, DENSITOMETRY.version, "cpu"),
            thresholds={
                "lung_air_hu": config.air_hu,
                "ground_glass_hu": self.cutoff,
                "consolidation_hu": config.consolidation_hu,
                "effusion_low_hu": config.effusion_hu[0],
                "effusion_high_hu": config.effusion_hu[1],
            },
            sources={"ground_glass": "rule", "consolidation": "rule", "effusion": "rule"},
            rib_cage=LabelMap(self._back(chest), geometry),
            airways=LabelMap(self._back(airways), geometry),
            warnings=tuple(self.warnings),
            timing_s=self.timing,
        )
