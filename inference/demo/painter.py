"""Paints an anatomy into Hounsfield units and ground truth, a slab of slices at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.demo.anatomy import Anatomy
from inference.demo.disease import SOLID_SHARE, VISIBLE_HU
from inference.demo.fields import Box, Floats, smooth_step
from inference.demo.raster import FULL, coverage, distance
from inference.demo.trees import wider_than
from inference.labels import Lesion, Lung

AIR_HU = -1000.0
AIRWAY_MM = 1.0
"""Bronchi with a narrower bore than this radius count as lung in the truth."""

EDGE_MM = 1.1
"""Width over which an outline fades: the partial volume of a voxel."""


@dataclass(frozen=True, eq=False)
class Slab:
    """Some slices: ``hu`` before blur and noise, and their truth."""

    hu: Floats
    lungs: NDArray[np.uint8]
    lesions: NDArray[np.uint8]
    airways: NDArray[np.bool_]


class Painter:
    """Draws what lies behind over what lies in front, each with soft edges."""

    def __init__(self, anatomy: Anatomy) -> None:
        self._a = anatomy
        fine, trees = anatomy.fine, anatomy.trees
        self._vessels = coverage(trees.vessels, fine)
        joined = type(trees.lumens).joined
        self._lumens = coverage(joined([trees.lumens, anatomy.airway[0]]), fine)
        self._walls = coverage(joined([trees.walls, anatomy.airway[1]]), fine)
        self._named = (
            coverage(joined([wider_than(trees.lumens, AIRWAY_MM), anatomy.airway[0]]), fine),
            coverage(joined([wider_than(trees.walls, 1.18 * AIRWAY_MM + 0.35), anatomy.airway[1]]), fine),
        )
        self._bones = distance(anatomy.bones, fine)
        self._cartilage = distance(anatomy.cartilage, fine)
        o = anatomy.organs
        shapes = {
            "liver": o.liver, "hepatic_veins": o.hepatic_veins, "spleen": o.spleen, "stomach": o.stomach,
            "colon": o.colon, "kidneys": o.kidneys, "bowel": o.bowel, "heart": o.heart, "chambers": o.chambers,
            "pericardium": o.pericardium, "aorta": o.aorta, "vessels": o.vessels, "oesophagus": o.oesophagus,
            "nodes": o.nodes, "neck": o.neck, "thyroid": o.thyroid,
        }  # fmt: skip
        self._shapes = shapes
        self._bounds = {name: anatomy.sampler.bounds(field < 3.0) for name, field in shapes.items()}

    def paint(self, slices: slice) -> Slab:
        """The slices of that range."""
        a = self._a
        whole = (slices, slice(0, len(a.fine.y)), slice(0, len(a.fine.x)))
        hu = self._room(whole)
        soft, coarse = (a.sampler(field, whole) for field in a.tissue)
        body = a.sampler(a.trunk.body, whole)
        cage = a.sampler(a.trunk.cage, whole)
        self._wall(hu, whole, body, cage, soft, coarse)
        abdomen = a.sampler(a.organs.abdomen, whole)
        inside = _filled(cage - 1.0)
        fat = -104.0 + 7.0 * soft + 6.0 * coarse
        behind = a.fine.y[None, :, None] - np.interp(a.fine.z[slices], a.spine.z, a.spine.y)[:, None, None]
        fat += smooth_step(behind.astype(np.float32) - 2.0 * coarse, 6.0, 12.0) * (52.0 - fat)
        hu += inside * (fat - hu)
        sheet = np.exp(-(((abdomen + 0.8) / 1.7) ** 2)) * inside
        hu += sheet * (50.0 - hu)
        self._organs(hu, slices, soft)
        truth = self._lung(hu, whole, inside)
        bone = self._skeleton(hu, whole, soft)
        self._airways(hu, whole)
        airways = self._named[1][slices] > FULL // 2
        lungs, lesions = truth
        lungs[bone], lesions[bone] = 0, 0
        lungs[airways] = 0
        lesions[airways & (lesions != Lesion.EFFUSION)] = 0
        return Slab(hu, lungs, lesions, self._named[0][slices] > FULL // 2)

    def _room(self, box: Box) -> Floats:
        """Air, the couch and its pad, a blanket's folds."""
        a = self._a
        shape = tuple(part.stop - part.start for part in box)
        y, x = a.fine.y[:, None].astype(np.float32), a.fine.x[None, :].astype(np.float32)
        below = a.down * y - a.table_mm + x**2 / 900.0 - 1.0
        image = np.full(below.shape, AIR_HU, np.float32)
        half = np.abs(x) < 205.0
        image[(below > 0) & (below < 9.0) & half] = -935.0
        image[(below >= 11.0) & (below < 42.0) & half] = -962.0
        for top, value in ((10.5, 60.0), (42.0, -60.0)):
            image += np.exp(-(((below - top) / 0.9) ** 2)) * half * (value - image)
        return np.repeat(image[None], shape[0], axis=0)

    def _wall(self, hu: Floats, box: Box, body: Floats, cage: Floats, soft: Floats, coarse: Floats) -> None:
        """Skin, fat with its strands, muscles with the fat planes between them."""
        a = self._a
        muscle = a.sampler(a.trunk.muscle, box)
        strands = np.exp(-((coarse / 0.05) ** 2)) * (body < -4.0)
        tissue = -106.0 + 7.0 * soft + 45.0 * strands
        skin = np.exp(-(((body + 0.9) / 1.1) ** 2))
        tissue += skin * (5.0 - tissue)
        flesh = 54.0 + 4.0 * soft
        layer = a.sampler(a.trunk.layer, box)
        broken = smooth_step(soft, -1.2, 0.6)
        planes = np.exp(-(((cage - 10.5 - 0.9 * coarse) / 0.8) ** 2)) * 0.75 * broken
        planes += np.exp(-(((layer - 2.0 * coarse - 1.0 * soft) / 1.2) ** 2)) * 0.9
        planes += np.exp(-(((soft - 1.25) / 0.22) ** 2)) * 0.4 * (cage > 12.0)
        flesh -= 140.0 * np.clip(planes, 0.0, 1.0)
        tissue += _filled(muscle, 1.6) * (flesh - tissue)
        above = a.down * a.fine.y[None, :, None].astype(np.float32) < 70.0
        folds = np.exp(-(((body - 7.0 - 4.5 * np.abs(coarse)) / 0.9) ** 2)) + np.exp(-(((body - 3.5) / 0.8) ** 2))
        hu += 70.0 * above * folds
        hu += _filled(body) * (tissue - hu)

    def _organs(self, hu: Floats, slices: slice, soft: Floats) -> None:
        values = {
            "liver": 60.0, "hepatic_veins": 42.0, "spleen": 50.0, "kidneys": 33.0, "bowel": 32.0,
            "neck": 55.0, "thyroid": 92.0, "nodes": 38.0,
            "pericardium": -92.0, "heart": 47.0, "chambers": 39.0, "vessels": 41.0, "aorta": 42.0, "oesophagus": 36.0,
        }  # fmt: skip
        for name in ("kidneys", "bowel", "spleen", "liver", "hepatic_veins"):
            self._solid(hu, slices, name, values[name], soft)
        for name in ("stomach", "colon"):
            self._hollow(hu, slices, name)
        for name in ("neck", "thyroid", "pericardium", "nodes", "oesophagus", "vessels", "heart", "chambers", "aorta"):
            self._solid(hu, slices, name, values[name], soft)
        self._rims(hu, slices)

    def _part(self, name: str, slices: slice) -> Box | None:
        """The box of a shape within these slices."""
        bounds = self._bounds[name]
        if bounds is None:
            return None
        z = slice(max(bounds[0].start, slices.start), min(bounds[0].stop, slices.stop))
        return None if z.stop <= z.start else (z, bounds[1], bounds[2])

    def _solid(self, hu: Floats, slices: slice, name: str, value: float, soft: Floats) -> None:
        box = self._part(name, slices)
        if box is None:
            return
        here = (slice(box[0].start - slices.start, box[0].stop - slices.start), box[1], box[2])
        blur = 3.0 if name in ("heart", "chambers") else 1.3
        hu[here] += _filled(self._a.sampler(self._shapes[name], box), blur) * (value + 2.5 * soft[here] - hu[here])

    def _hollow(self, hu: Floats, slices: slice, name: str) -> None:
        """A wall, contents at the bottom and gas on top."""
        box = self._part(name, slices)
        if box is None:
            return
        a = self._a
        here = (slice(box[0].start - slices.start, box[0].stop - slices.start), box[1], box[2])
        outline = a.sampler(self._shapes[name], box)
        contents = 24.0 + 16.0 * a.sampler(a.tissue[0], box)
        height = a.down * a.fine.y[box[1]][None, :, None].astype(np.float32)
        level = a.down * (-22.0 if name == "stomach" else -46.0)
        gas = _filled(height - np.float32(level), 1.0)
        contents = contents + gas * (-990.0 - contents)
        hu[here] += _filled(outline) * (40.0 - hu[here])
        hu[here] += _filled(outline + 3.2) * (contents - hu[here])

    def _rims(self, hu: Floats, slices: slice) -> None:
        """The pericardium as a thin line, a little calcium in the arch, air in the gullet."""
        a = self._a
        for name, at, width, value, share in (
            ("pericardium", 0.5, 0.9, 15.0, 0.7),
            ("oesophagus", 6.0, 0.8, -180.0, 0.6),
        ):
            box = self._part(name, slices)
            if box is None:
                continue
            here = (slice(box[0].start - slices.start, box[0].stop - slices.start), box[1], box[2])
            rim = np.exp(-(((a.sampler(self._shapes[name], box) + at) / width) ** 2)) * share
            hu[here] += rim * (value - hu[here])
        box = self._part("aorta", slices)
        if box is not None:
            here = (slice(box[0].start - slices.start, box[0].stop - slices.start), box[1], box[2])
            rim = np.exp(-(((a.sampler(self._shapes["aorta"], box) + 0.8) / 0.8) ** 2))
            flecks = smooth_step(a.sampler(a.tissue[0], box), 1.7, 2.3)
            hu[here] += rim * flecks * (520.0 - hu[here])

    def _lung(self, hu: Floats, box: Box, inside: Floats) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        a = self._a
        room = a.sampler(a.disease.room, box)
        pleura = a.sampler(a.lungs.pleura, box)
        fluid = _filled(pleura, 1.3)
        hu += fluid * (11.0 - hu)
        added = a.sampler(a.disease.added_hu, box)
        solid = a.sampler(a.disease.solid, box)
        lung = a.sampler(a.parenchyma, box)
        lung += self._fissures(box)
        pattern = a.septa[0](a.septa[1], box) if a.septa is not None else np.float32(1.0)
        lung += added * pattern
        vessels = self._vessels[box[0]].astype(np.float32) * np.float32(1.0 / FULL)
        lung += vessels * (40.0 - lung)
        lung += solid * (36.0 - lung)
        np.minimum(lung, 60.0, out=lung)
        hu += _filled(room, 1.4) * (lung - hu)
        hilar = vessels * inside * (pleura > 0)
        hu += hilar * (40.0 - hu)
        return self._truth(box, room, pleura, added, solid)

    def _fissures(self, box: Box) -> Floats:
        """Thin bright sheets, hazier where they run along the slice."""
        a = self._a
        oblique = a.sampler(a.lungs.oblique, box)
        line = np.exp(-((oblique / 1.0) ** 2))
        horizontal = a.sampler(a.lungs.horizontal, box)
        right = (a.fine.x[None, None, :] < 3.0) & (oblique > 0)
        line = np.maximum(line, np.exp(-((horizontal / 1.2) ** 2)) * right * 0.75)
        return np.asarray(120.0 * line, np.float32)

    def _truth(
        self, box: Box, room: Floats, pleura: Floats, added: Floats, solid: Floats
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        a = self._a
        right = a.sampler(a.lungs.midline, box) < 0
        aerated = room < 0
        lungs = np.where(aerated, np.where(right, np.uint8(Lung.RIGHT), np.uint8(Lung.LEFT)), np.uint8(0))
        lesions = np.zeros(room.shape, np.uint8)
        lesions[aerated & (added >= VISIBLE_HU)] = Lesion.GROUND_GLASS
        lesions[aerated & (solid >= SOLID_SHARE)] = Lesion.CONSOLIDATION
        lesions[(pleura < 0) & ~aerated] = Lesion.EFFUSION
        return lungs, lesions

    def _skeleton(self, hu: Floats, box: Box, soft: Floats) -> NDArray[np.bool_]:
        """Draw cartilage and bone; where bone is."""
        slices = box[0]
        gristle = self._cartilage[slices] * np.float32(0.1)
        hu += _filled(gristle) * (95.0 + 45.0 * smooth_step(soft, 0.8, 2.0) - hu)
        depth = self._bones[slices] * np.float32(-0.1)
        marrow = 170.0 + 45.0 * soft
        bone = marrow + (820.0 - marrow) * np.exp(-((np.maximum(depth - 0.3, 0.0) / 1.2) ** 2))
        hu += _filled(-depth) * (bone - hu)
        solid = depth > 0
        self._vertebrae(hu, solid, slices, soft)
        return np.asarray(solid)

    def _vertebrae(self, hu: Floats, solid: NDArray[np.bool_], slices: slice, soft: Floats) -> None:
        a = self._a
        z = a.fine.z[slices]
        x0, y0 = a.spine.middle(float(z.mean()))
        _, ys, xs = a.fine.box((0, y0 - 30.0, x0 - 46.0), (0, y0 + 66.0, x0 + 46.0))
        here = (slice(None), ys, xs)
        mesh = (z[:, None, None], a.fine.y[None, ys, None], a.fine.x[None, None, xs])
        bone, canal, disk = a.spine.bone_and_canal(*(m.astype(np.float32) for m in mesh))
        part, grain = hu[here], soft[here]
        part += _filled(disk, 1.4) * (78.0 - part)
        part += _filled(canal) * (14.0 - part)
        part += _filled(canal + 3.6) * (34.0 - part)
        marrow = 185.0 + 55.0 * grain
        value = marrow + (700.0 - marrow) * np.exp(-((np.maximum(-bone - 0.2, 0.0) / 1.3) ** 2))
        part += _filled(bone) * (value - part)
        solid[here] |= bone < 0

    def _airways(self, hu: Floats, box: Box) -> None:
        wall = self._walls[box[0]].astype(np.float32) * np.float32(1.0 / FULL)
        thick = np.maximum(hu, 10.0)
        hu += wall * 0.85 * (np.minimum(thick, 40.0) - np.minimum(hu, 40.0))
        lumen = self._lumens[box[0]].astype(np.float32) * np.float32(1.0 / FULL)
        hu += lumen * (-990.0 - hu)


def _filled(distance_mm: Floats, edge_mm: float = EDGE_MM) -> Floats:
    """How much of a voxel lies inside an outline."""
    return np.asarray(np.clip(np.float32(0.5) - distance_mm * np.float32(1.0 / edge_mm), 0.0, 1.0), dtype=np.float32)
