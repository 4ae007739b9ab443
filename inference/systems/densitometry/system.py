"""The densitometry system: the rules in order, from Hounsfield units to masks."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from inference.errors import InputShapeError
from inference.findings import Provenance, SystemOutput, Warning
from inference.pipeline.events import MaskName
from inference.systems.densitometry.airways import find_airways
from inference.systems.densitometry.body import find_body, gravity, spine_column, towards_spine
from inference.systems.densitometry.chest import expected_lung, find_gap
from inference.systems.densitometry.closure import close_lungs
from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.effusion import find_effusion, soft_texture
from inference.systems.densitometry.grid import working_grid
from inference.systems.densitometry.lungs import aerated_lung, split_sides
from inference.systems.densitometry.masks import Labels, Masks, Restorer
from inference.systems.densitometry.morphology import Mask, box
from inference.systems.densitometry.opacity import dense_lung, find_opacity
from inference.systems.densitometry.ribcage import RibCage, find_rib_cage
from inference.systems.densitometry.scene import Scene
from inference.systems.registry import DENSITOMETRY, RunContext, System, SystemCard
from inference.volume import LabelMap, Units, Volume


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
    """One analysis: its stages in the card's order."""

    def __init__(self, volume: Volume, context: RunContext, config: DensitometryConfig) -> None:
        self.volume, self.context, self.config = volume, context, config
        self.canonical, self.turn = volume.canonical()
        self.cutoff = config.ground_glass_hu[1]
        self.timing: dict[str, float] = {}
        self.warnings: list[Warning] = []
        self._stage, self._since, self._done = "", perf_counter(), 0.0

    def analyse(self) -> SystemOutput:
        """Run all stages, or those up to the one that finds no lungs."""
        self._begin("body")
        scene = self._scene()
        if scene is None:
            return self._without_lungs()
        self._begin("airways")
        airways = find_airways(scene)
        if not airways.any():
            self._warn("no_trachea", "No trachea was found: airways may be counted as lung.")
        self._begin("lung")
        aerated = aerated_lung(scene, airways)
        if not aerated.any():
            return self._without_lungs()
        self._progress(0.3)
        halves, cut_at_spine = split_sides(scene, aerated)
        if cut_at_spine:
            self._warn("lungs_not_parted", "Right and left lung could not be told apart and were parted at the spine.")
        self._warn_of_lost_lung(scene, halves)
        self._progress(0.5)
        cage = find_rib_cage(scene, aerated)
        if not cage.ribs_seen:
            self._warn("no_ribs", "No ribs were found: effusion and missed lung cannot be judged.")
        self._progress(0.7)
        sides = close_lungs(scene, halves, airways, cage)
        restorer = Restorer(scene.grid, self.turn, scene.oriented, self.canonical.missing_slices, self._pulse)
        self._publish("lungs", restorer.lungs(sides))
        return self._lesions(scene, airways, halves, cage, sides, restorer)

    def _scene(self) -> Scene | None:
        """The averaged volume cropped to the body; None without a body."""
        volume, config = self.canonical, self.config
        grid = working_grid(volume, config)
        hu = grid.average(volume, self._pulse)
        self._progress(0.3)
        body = find_body(hu, grid, config, self._pulse)
        if not body.any():
            return None
        _, rows, columns = box(body, 4.0, grid.spacing_mm)
        grid = grid.cropped(rows, columns)
        hu, body = np.ascontiguousarray(hu[:, rows, columns]), np.ascontiguousarray(body[:, rows, columns])
        self._progress(0.9)
        spine = spine_column(hu, body, grid)
        oriented = self.volume.geometry.orientation_known
        down = gravity(volume.patient_position) if oriented else towards_spine(hu, body, spine, grid)
        return Scene(hu, body, spine, down, oriented, grid, config, self._pulse)

    def _lesions(
        self, scene: Scene, airways: Mask, halves: Labels, cage: RibCage, sides: Labels, restorer: Restorer
    ) -> SystemOutput:
        """What is dense: opacity, fluid, and dense lung that comes back. Changes ``sides``."""
        self._begin("vessels")
        opacity, self.cutoff = find_opacity(scene, sides > 0, cage, self._progress)
        self._begin("lesion")
        expected = expected_lung(cage, scene)
        gap = find_gap(expected.certain, expected, sides, airways, cage, scene)
        possible = find_gap(expected.topped & ~expected.certain, expected, sides, airways, cage, scene)
        self._progress(0.4)
        texture = soft_texture(scene, cage, halves)
        self._begin("effusion")
        fluid = find_effusion(scene, halves, texture, cage, expected) & ~airways
        self._progress(0.3)
        sides[fluid] = 0
        returned = dense_lung(scene, np.maximum(gap, possible), gap > 0, sides > 0, fluid, texture)
        sides[returned > 0] = returned[returned > 0]
        opacity = (opacity | (returned > 0)) & (sides > 0)
        halves_of_body = np.where(scene.lateral_mm() > 0, np.uint8(2), np.uint8(1))[:, None, :]
        chest = np.where(sides > 0, sides, np.where(gap > 0, gap, np.where(fluid, halves_of_body, np.uint8(0))))
        self._progress(0.5)
        solid = scene.hu > self.config.consolidation_hu
        masks = restorer.masks(sides, opacity, solid, fluid, chest, airways)
        self._publish("lungs", masks.lungs)
        self._publish("lesions", masks.lesions)
        return self._result(masks)

    def _warn_of_lost_lung(self, scene: Scene, halves: Labels) -> None:
        if not scene.oriented:
            return
        right, left = int((halves == 1).sum()), int((halves == 2).sum())
        if min(right, left) < self.config.lost_lung_share * max(right, left):
            side = "right" if right < left else "left"
            self._warn(f"{side}_lung_not_aerated", f"Hardly any air was found in the {side} lung: look at it yourself.")

    def _publish(self, name: MaskName, labels: Labels) -> None:
        self.context.publish(name, labels, 0, labels.shape[0] - 1)

    def _begin(self, stage: str) -> None:
        now = perf_counter()
        if self._stage:
            self.timing[self._stage] = now - self._since
        self._stage, self._since, self._done = stage, now, 0.0
        if stage:
            self.context.stage(stage)

    def _progress(self, fraction: float) -> None:
        self._done = fraction
        self.context.progress(fraction)

    def _pulse(self) -> None:
        self.context.progress(self._done)

    def _warn(self, code: str, text: str) -> None:
        self.warnings.append(Warning(code, text))

    def _without_lungs(self) -> SystemOutput:
        self._warn("no_lungs", "No lungs were found: there is nothing to measure.")
        empty = np.zeros(self.volume.array.shape, np.uint8)
        return self._result(Masks(empty, empty, empty, empty))

    def _result(self, masks: Masks) -> SystemOutput:
        self._begin("")
        geometry, config = self.volume.geometry, self.config
        return SystemOutput(
            lungs=LabelMap(masks.lungs, geometry),
            lesions=LabelMap(masks.lesions, geometry),
            sides_known=geometry.orientation_known,
            provenance=Provenance(DENSITOMETRY.name, DENSITOMETRY.version, "cpu"),
            thresholds={
                "lung_air_hu": config.air_hu,
                "ground_glass_hu": self.cutoff,
                "consolidation_hu": config.consolidation_hu,
                "effusion_low_hu": config.effusion_hu[0],
                "effusion_high_hu": config.effusion_hu[1],
            },
            sources={"ground_glass": "rule", "consolidation": "rule", "effusion": "rule"},
            rib_cage=LabelMap(masks.rib_cage, geometry),
            airways=LabelMap(masks.airways, geometry),
            warnings=tuple(self.warnings),
            timing_s=self.timing,
        )
