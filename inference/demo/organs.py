"""What lies between and below the lungs: heart and great vessels, oesophagus, diaphragm, liver, spleen, stomach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference.demo.fields import Floats, as_distance, smooth_max, smooth_min, smooth_noise
from inference.demo.shapes import Frame, Tube, profile, union
from inference.demo.trunk import Trunk, spine_y

TRACHEA = Tube.through((0, -10, 190), (0, -9, 120), (1, 0, 60), (2, 10, 4), radii=(9.2, 9.0, 8.6, 8.8))
AORTA_ASCENDING = Tube.through((6, -24, -38), (-6, -40, -8), (-10, -40, 14), (-4, -26, 34), radii=(15, 16.5, 16, 14.5))
AORTA_ARCH = Tube.through((-4, -26, 34), (8, -8, 42), (20, 12, 40), (27, 30, 24), radii=(14.5, 14, 13.5, 13))
AORTA_DESCENDING = Tube.through(
    (27, 30, 24), (28, 36, -20), (24, 38, -70), (12, 34, -120), (3, 26, -210), radii=(13, 13, 12.5, 12, 11)
)
PULMONARY = (
    Tube.through((18, -50, -38), (20, -40, -14), (20, -24, -3), radii=(14, 14, 12.5)),
    Tube.through((20, -24, -3), (38, -6, 4), (49, 12, 2), (55, 28, -14), (54, 33, -30), radii=(12, 11, 10, 8.5, 7)),
    Tube.through((18, -22, -6), (-12, -12, -12), (-34, -4, -16), (-42, 6, -30), radii=(11, 10.5, 9.5, 8)),
)
CAVAL = (
    Tube.through((-24, -30, 58), (-28, -24, 20), (-27, -20, -36), radii=(8.5, 9, 10)),
    Tube.through((-22, -10, -84), (-24, -4, -120), (-20, 8, -210), radii=(12, 13, 11)),
    Tube.through((46, -26, 92), (24, -44, 70), (-22, -32, 56), radii=(8.5, 8, 8)),
    Tube.through((-44, -22, 98), (-28, -32, 66), radii=(9, 8.5)),
    Tube.through((-7, 38, -200), (-8, 37, -40), (-9, 36, 4), (-16, 24, 16), (-26, -8, 14), radii=(3, 3.5, 4, 4.5, 4.5)),
)
ARCH_BRANCHES = (
    Tube.through((-2, -24, 44), (-12, -20, 66), (-22, -14, 92), (-30, -8, 150), radii=(6.5, 6, 5, 4)),
    Tube.through((8, -10, 50), (12, -8, 80), (22, -6, 150), radii=(4.5, 4, 4)),
    Tube.through((19, 8, 50), (26, 10, 78), (38, 4, 96), (70, 0, 112), radii=(5.5, 5, 4.5, 4)),
)
OESOPHAGUS = Tube.through(
    (3, 14, 160), (5, 16, 90), (7, 26, 30), (9, 27, -20), (10, 26, -70), (22, 12, -112), (40, 4, -128),
    radii=(6.5, 6.5, 7, 7, 7, 7.5, 8),
)  # fmt: skip
BRONCHI = (
    Tube.through((2, 10, 4), (-14, 15, -9), (-26, 18, -21), radii=(8.8, 7.6, 7.0)),
    Tube.through((2, 10, 4), (20, 15, -11), (38, 21, -25), radii=(8.8, 6.8, 6.0)),
)
HEPATIC_VEINS = (
    Tube.through((-20, -4, -112), (-48, 8, -118), (-84, 18, -132), radii=(5, 4, 2)),
    Tube.through((-20, -6, -112), (-42, -26, -120), (-68, -48, -136), radii=(5, 4, 2)),
    Tube.through((-18, -8, -112), (2, -34, -122), (18, -54, -132), radii=(4.5, 3.5, 2)),
    Tube.through((-12, -6, -168), (-40, -6, -156), (-72, 6, -160), (-96, 20, -168), radii=(7, 6, 4, 2)),
)


@dataclass(frozen=True, eq=False)
class Organs:
    """Signed distances on the lattice."""

    abdomen: Floats
    """Below the diaphragm (not limited to the inside of the cage)."""
    mediastinum: Floats
    """Everything between the lungs, with its fat."""
    heart: Floats
    chambers: Floats
    """Blood in the heart."""
    pericardium: Floats
    aorta: Floats
    vessels: Floats
    """Veins, pulmonary trunk and the branches of the arch."""
    oesophagus: Floats
    nodes: Floats
    neck: Floats
    """Muscles of the neck."""
    thyroid: Floats
    liver: Floats
    hepatic_veins: Floats
    spleen: Floats
    stomach: Floats
    colon: Floats
    kidneys: Floats
    bowel: Floats


def build_organs(frame: Frame, trunk: Trunk, rng: np.random.Generator) -> Organs:
    """All organs of one patient."""
    abdomen = _diaphragm(frame, rng)
    heart, chambers, pericardium = _heart(frame, abdomen)
    aorta = frame.tube(AORTA_ASCENDING, AORTA_ARCH, AORTA_DESCENDING)
    vessels = frame.tube(*PULMONARY, *CAVAL, *ARCH_BRANCHES)
    oesophagus = frame.tube(OESOPHAGUS)
    airway = frame.tube(TRACHEA, *BRONCHI)
    mediastinum = union(
        7.0, _central_wall(frame, trunk.cage), pericardium - 1.5, aorta - 2.0, vessels - 2.5, oesophagus - 1.5,
        airway - 3.5, _paravertebral(frame),
    )  # fmt: skip
    inside = np.maximum(trunk.cage + 1.0, abdomen + 1.5)
    return Organs(
        abdomen,
        mediastinum,
        heart,
        chambers,
        pericardium,
        aorta,
        vessels,
        oesophagus,
        _nodes(frame, rng),
        *_neck(frame),
        *_belly(frame, inside, rng),
    )


def _diaphragm(frame: Frame, rng: np.random.Generator) -> Floats:
    """Two domes, the right one higher, dragged down at the sides and far down at the back."""
    heights = []
    for sign, peak, drop, inner in ((-1.0, -84.0, 60.0, 92.0), (1.0, -105.0, 56.0, 125.0)):
        dx = frame.x - np.float32(sign * 64.0)
        width = np.where(dx * sign > 0, 68.0, inner).astype(np.float32)
        depth = np.where(frame.y < -14, 84.0, 98.0).astype(np.float32)
        rho2 = (dx / width) ** 2 + ((frame.y + 14.0) / depth) ** 2
        heights.append(np.float32(peak) - np.float32(drop) * rho2 ** np.float32(1.12))
    dome = -smooth_min(-heights[0], -heights[1], 14.0)
    dome = dome + np.float32(2.2) * smooth_noise(rng, frame.lattice, 34.0)
    return as_distance(np.asarray(frame.z - dome, dtype=np.float32), frame.lattice)


def _heart(frame: Frame, abdomen: Floats) -> tuple[Floats, Floats, Floats]:
    left = frame.ellipsoid((47, -20, -72), (49, 36, 35), (0.66, -0.5, -0.56))
    right = frame.ellipsoid((18, -52, -74), (44, 22, 33), (0.72, -0.2, -0.55))
    atria = union(
        3.0,
        frame.ellipsoid((-17, -20, -62), (22, 29, 37)),
        frame.ellipsoid((6, 12, -40), (34, 16, 22)),
        frame.tube(
            Tube.through((30, 12, -36), (46, 14, -40), radii=(7, 6)),
            Tube.through((-24, 12, -38), (-42, 8, -42), radii=(7, 6)),
        ),
    )
    above = -abdomen + 2.0
    heart = np.maximum(union(9.0, left, right, atria), above)
    pericardium = np.maximum(union(16.0, left, right, atria) - 3.0, above - 2.0)
    chambers = np.maximum(np.minimum(np.minimum(left + 11.0, right + 4.0), atria + 2.0), above + 3.0)
    return as_distance(heart, frame.lattice), chambers, as_distance(pericardium, frame.lattice)


def _central_wall(frame: Frame, cage: Floats) -> Floats:
    """The partition between the lungs: thin in front, wide about the trachea, narrow again before the spine."""
    heights = [-200, -120, -40, 20, 60, 100, 130]
    front = profile(heights, [40, 34, 9, 5, 16, 34, 44])(frame.z)
    front = front + 16.0 * np.exp(np.minimum(cage, 0.0) / 9.0)
    middle = profile(heights, [26, 22, 20, 22, 25, 29, 38])(frame.z)
    back = profile(heights, [18, 15, 12, 14, 18, 24, 30])(frame.z)
    near = np.clip((frame.y + 70.0) / 52.0, 0.0, 1.0)
    far = np.clip((frame.y - 18.0) / 24.0, 0.0, 1.0)
    width = front + near * near * (3 - 2 * near) * (middle - front)
    width = width + far * far * (3 - 2 * far) * (back - width)
    return np.asarray(0.92 * (np.abs(frame.x - 3.0) - width), dtype=np.float32)


def _paravertebral(frame: Frame) -> Floats:
    """The vertebra with the necks of the ribs, as the lungs see it: wider towards the back."""
    behind = frame.y - spine_y(frame.z)
    body = np.sqrt(frame.x**2 + (1.15 * behind) ** 2) - 19.0
    wedge = 0.62 * np.maximum(np.abs(frame.x) - 18.0 - 1.3 * np.maximum(behind - 4.0, 0.0), -behind)
    return smooth_min(np.asarray(body, np.float32), np.asarray(wedge, np.float32), 6.0)


def _nodes(frame: Frame, rng: np.random.Generator) -> Floats:
    places = [(-14, 2, 22), (-16, -4, 38), (16, -8, 14), (8, 24, -16), (-10, -46, 40), (14, -50, 26), (20, -2, 24)]
    out = frame.ellipsoid(places[0], (4, 6, 5))
    for place in places[1:]:
        centre = np.array(place) + rng.normal(0, 2.0, 3)
        out = np.minimum(out, frame.ellipsoid(centre.tolist(), rng.uniform(2.8, 5.0, 3).tolist()))
    return out


def _neck(frame: Frame) -> tuple[Floats, Floats]:
    strands = (
        Tube.through((14, -62, 70), (30, -36, 120), (52, 6, 200), radii=(5, 8, 9)),
        Tube.through((9, -56, 66), (9, -34, 110), (9, -26, 190), radii=(4, 5, 5)),
        Tube.through((60, 4, 84), (42, 14, 112), (26, 18, 190), radii=(7, 9, 8)),
        Tube.through((9, 16, 60), (10, 10, 110), (10, -2, 190), radii=(3, 6, 6)),
        Tube.through((36, 48, 96), (32, 40, 130), (26, 30, 200), radii=(10, 16, 16)),
    )
    neck = frame.tube(*strands, *(strand.mirrored() for strand in strands))
    lobes = np.minimum(frame.ellipsoid((16, -10, 122), (8, 10, 22)), frame.ellipsoid((-16, -9, 119), (9, 11, 22)))
    return neck, lobes


def _belly(frame: Frame, inside: Floats, rng: np.random.Generator) -> tuple[Floats, ...]:
    """Liver, hepatic veins, spleen, stomach, colon, kidneys, bowel."""
    under = -105.0 - frame.z
    edge = frame.x - (58.0 - 0.75 * under - 0.35 * (frame.y + 40.0) - 0.30 * np.maximum(frame.y, 0.0))
    hilum = frame.ellipsoid((-2, 34, -190), (44, 46, 62))
    liver = smooth_max(smooth_max(inside, np.asarray(0.75 * edge, np.float32), 12.0), -hilum, 10.0)
    liver = smooth_max(liver, np.asarray(frame.y - 78.0, np.float32), 8.0)
    veins = np.maximum(frame.tube(*HEPATIC_VEINS), liver + 2.0)
    spleen = smooth_max(inside, frame.ellipsoid((98, 42, -142), (27, 44, 40), (0.7, 0.6, -0.2)), 4.0)
    rough = 2.5 * smooth_noise(rng, frame.lattice, 18.0)
    stomach = smooth_max(inside, frame.ellipsoid((62, -14, -138), (42, 48, 36)) + rough, 5.0)
    stomach = np.maximum(stomach, -liver + 2.0)
    colon = frame.tube(Tube.through((108, -18, -164), (92, -52, -158), (50, -72, -176), radii=(17, 20, 18)))
    colon = np.maximum(np.maximum(colon + 1.6 * rough, inside), 2.0 - stomach)
    left = frame.ellipsoid((54, 58, -186), (24, 22, 44))
    right = frame.ellipsoid((-54, 58, -200), (24, 22, 44))
    hollow = np.minimum(frame.ellipsoid((44, 52, -196), (9, 10, 20)), frame.ellipsoid((-44, 52, -208), (9, 10, 20)))
    kidneys = np.maximum(np.minimum(left, right), -hollow)
    pancreas = Tube.through((0, -6, -182), (26, 4, -174), (64, 26, -160), radii=(11, 9, 8))
    loops = Tube.through((10, -60, -200), (34, -40, -196), (60, -30, -204), (84, -10, -200), radii=13.0)
    bowel = np.maximum(np.maximum(frame.tube(pancreas, loops) + rough, inside), 2.0 - np.minimum(stomach, colon))
    return liver, veins, spleen, stomach, colon, kidneys, bowel
