"""One patient with disease in the right lung only, laid out as every kind of file that has ever mirrored a patient.

    study = write(laid("FFP"), "FFP", tmp_path / "study")       # real files, made once per route
    done = analysed(study, tmp_path / "out")                    # through ``groundglass analyse``, nothing replaced

The truth is asked by place in the patient, :func:`truth_at`, so no array order enters it. The patient is the demo
thorax: made once per process (some seconds), small enough for the real densitometry to take a second or two.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

import inference.io.open
import inference.pipeline.analyse
from inference.cli import main
from inference.demo import DemoParameters, DemoThorax, generate
from inference.findings import Findings, Provenance, SystemOutput
from inference.io.study import LoadedSeries
from inference.labels import Lung
from inference.systems.registry import DENSITOMETRY, RunContext, SystemCard
from inference.verdict import Verdict
from inference.volume import LabelMap, Volume, VolumeGeometry
from tests.helpers.phantoms import AXIAL_CODES, FRAME_OF_REFERENCE, code_affine, grid_orientation, write_dicom

AIR_HU = -1000


@dataclass(frozen=True)
class Route:
    """How the patient lies in the files: directions in which i, j and k grow, the file's kind, what is askew."""

    code: str
    kind: str = "dicom"
    position: str = "HFS"
    oriented: bool = True
    turned_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    tilt_deg: float = 0.0


ROUTES = {
    **{position: Route(code, position=position) for position, code in AXIAL_CODES.items()},
    "oblique": Route("LPS", turned_deg=(12.0, -8.0, 20.0)),
    "tilted": Route("LPS", tilt_deg=14.0),
    "NIfTI RAS": Route("RAS", kind="nifti"),
    "NIfTI LPS": Route("LPS", kind="nifti"),
    "NIfTI no code": Route("LPS", kind="nifti", oriented=False),
}
SIDED = tuple(name for name, route in ROUTES.items() if route.oriented)
"""The routes on which there is a right and a left."""


@cache
def patient() -> DemoThorax:
    """The patient, and the truth: opacities in the right lung only, no fluid."""
    made = generate(
        DemoParameters.small(
            matrix=96, slices=56, sides="right", ground_glass=0.2, consolidation=0.06, effusion_ml=0.0, crazy_paving=0.0
        )
    )
    assert (made.lesions[made.lungs == Lung.RIGHT] > 0).any()
    assert not (made.lesions[made.lungs == Lung.LEFT] > 0).any()
    return made


def truth_at(points: Any) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """True lung and lesion codes at points in LPS mm, shape ``(n, 3)``; zero outside the patient."""
    index = patient().volume.geometry.to_index(points).T
    lungs, lesions = (map_coordinates(mask, index, order=0, cval=0) for mask in (patient().lungs, patient().lesions))
    return lungs, lesions


def grey_at(points: Any) -> NDArray[np.float32]:
    """The patient's HU at points in LPS mm, shape ``(n, 3)``, linear between voxels."""
    whole = patient().volume
    return np.asarray(
        map_coordinates(whole.array.astype(np.float32), whole.geometry.to_index(points).T, order=1, cval=AIR_HU)
    )


@cache
def laid(name: str) -> Volume:
    """The patient sampled on the grid of a route."""
    route, geometry = ROUTES[name], _grid(ROUTES[name])
    points = geometry.to_patient(np.stack(np.indices(geometry.shape), axis=-1).reshape(-1, 3))
    hu = np.rint(grey_at(points)).astype(np.int16).reshape(geometry.shape)
    return Volume(hu, geometry, patient_position=route.position if route.kind == "dicom" else "")


def write(volume: Volume, name: str, folder: Path) -> Path:
    """The study of a route on disk: a folder of DICOM files in no order, or a NIfTI file."""
    route = ROUTES[name]
    if route.kind == "dicom":
        write_dicom(volume, folder)
        return folder
    folder.mkdir(parents=True)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.geometry.affine
    image = nibabel.Nifti1Image(np.ascontiguousarray(volume.array.T), affine)
    image.header.set_xyzt_units("mm")
    for setter in (image.set_sform, image.set_qform):
        setter(affine, code=int(route.oriented))
    nibabel.save(image, folder / "chest.nii.gz")
    return folder / "chest.nii.gz"


@dataclass(frozen=True, eq=False)
class Done:
    """What one run of ``groundglass analyse`` left: the folder, and what it held in memory while it ran."""

    out: Path
    loaded: LoadedSeries
    findings: Findings
    verdict: Verdict

    @property
    def document(self) -> dict[str, Any]:
        """``findings.json``."""
        read: dict[str, Any] = json.loads((self.out / "findings.json").read_text(encoding="utf-8"))
        return read


def analysed(study: Path, out: Path, *options: str) -> Done:
    """Run the command in this process and listen at its joints; nothing it does is replaced."""
    kept: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((inference.io.open, "load"), (inference.pipeline.analyse, "analyse")):
            patch.setattr(module, name, _kept(kept, name, getattr(module, name)))
        assert main(["analyse", str(study), "--out", str(out), *options]) == 0
    return Done(out, kept["load"], *kept["analyse"])


def _kept(kept: dict[str, Any], name: str, function: Any) -> Any:
    def call(*arguments: Any, **options: Any) -> Any:
        kept[name] = function(*arguments, **options)
        return kept[name]

    return call


class TruthByPlace:
    """A system that knows the patient: it looks every voxel's place up. Its figures are exact, whatever the grid."""

    @property
    def card(self) -> SystemCard:
        return TRUTH

    def run(self, volume: Volume, context: RunContext) -> SystemOutput:
        geometry = volume.geometry
        context.stage("lung")
        points = geometry.to_patient(np.stack(np.indices(geometry.shape), axis=-1).reshape(-1, 3))
        lungs, lesions = (mask.reshape(geometry.shape) for mask in truth_at(points))
        if not geometry.orientation_known:
            lungs = np.where(lungs > 0, Lung.SIDE_UNKNOWN, 0).astype(np.uint8)
        return SystemOutput(
            LabelMap(lungs, geometry), LabelMap(lesions, geometry), geometry.orientation_known,
            Provenance("truth", "1", context.device), {}, {"ground_glass": "rule", "consolidation": "rule"},
        )  # fmt: skip


TRUTH = SystemCard(
    **{**DENSITOMETRY.__dict__, "name": "truth", "title": "Truth", "factory": "tests.helpers.mirror:TruthByPlace"}
)


def _grid(route: Route) -> VolumeGeometry:
    """The grid of a route: the patient's own spacing, centred on the patient, turned and sheared as asked."""
    own = patient().volume.geometry
    turn = grid_orientation(route.code)
    places = [turn.axes.index(axis) for axis in range(3)]
    shape = tuple(own.shape[place] for place in places)
    k_mm, j_mm, i_mm = (own.spacing_mm[place] for place in places)
    affine = code_affine(route.code, (k_mm, j_mm, i_mm))
    affine[:3, :3] = Rotation.from_euler("xyz", route.turned_deg, degrees=True).as_matrix() @ affine[:3, :3]
    affine[:3, :2] = Rotation.from_euler("x", route.tilt_deg, degrees=True).as_matrix() @ affine[:3, :2]
    affine[:3, 3] = np.array(own.centre) - affine[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2)
    slices, rows, columns = shape
    return VolumeGeometry((slices, rows, columns), affine, FRAME_OF_REFERENCE, orientation_known=route.oriented)
