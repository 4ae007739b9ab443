"""Small, fast, asymmetric chest phantoms with exact truth, and a writer that puts any volume into DICOM files.

    case = chest(disease="right", position="HFP")          # about 0.1 s
    case.volume, case.lungs, case.lesions                  # all on the volume's own grid
    write_dicom(case.volume, tmp_path / "ct")              # real files, names that do not follow the order

The patient is never symmetric: the right lung is larger and its dome higher, the heart and a gas bubble lie on the
left, disease differs between sides, so a flip of any axis shows. Figures are those of the masks, to the voxel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from inference.labels import INFECTED, Lesion, Lung
from inference.volume import Reorientation, Volume, VolumeGeometry

Side = Literal["right", "left"]
Disease = Literal["none", "right", "left", "both"]

FRAME_OF_REFERENCE = "1.2.826.0.1.3680043.8.498.1"
AXIAL_CODES = {"HFS": "LPS", "HFP": "RAS", "FFS": "RPI", "FFP": "LAI"}
"""How a scanner lays the grid for each patient position: the directions in which i, j and k grow."""

_DIRECTIONS = {"R": (0, -1), "L": (0, 1), "A": (1, -1), "P": (1, 1), "I": (2, -1), "S": (2, 1)}


@dataclass(frozen=True, eq=False)
class Chest:
    """A phantom and its truth; every array has the shape of ``volume.array``."""

    volume: Volume
    lungs: NDArray[np.uint8]
    """Codes of :class:`inference.labels.Lung`; airways and effusion left out, opacities kept in."""
    lesions: NDArray[np.uint8]
    """Codes of :class:`inference.labels.Lesion`."""
    airways: NDArray[np.bool_]
    body: NDArray[np.bool_]
    rib_cage: NDArray[np.uint8]
    """Inside of the rib cage: 1 right, 2 left (lung, effusion and airways in it)."""

    def lung_ml(self, *sides: Lung) -> float:
        """Volume of the given lungs, of both without argument."""
        return float(np.isin(self.lungs, sides or tuple(Lung)).sum() * self.volume.geometry.voxel_ml)

    def lesion_ml(self, lesion: Lesion) -> float:
        """Volume of one class."""
        return float((self.lesions == lesion).sum() * self.volume.geometry.voxel_ml)

    def percent_infected(self, *sides: Lung) -> float:
        """Infected over lung volume, in per cent."""
        lung = np.isin(self.lungs, sides or tuple(Lung))
        return float(100.0 * (np.isin(self.lesions, INFECTED) & lung).sum() / lung.sum())


def grid_orientation(code: str) -> Reorientation:
    """The reorientation of a grid whose i, j and k grow towards the three letters of ``code``: ``"LPS"``, ``"RAI"``."""
    return VolumeGeometry((1, 1, 1), code_affine(code, (1.0, 1.0, 1.0))).orientation


def code_affine(code: str, spacing_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """An affine with its origin at zero; ``spacing_mm`` in the order ``(k, j, i)`` of that grid."""
    affine = np.zeros((4, 4))
    affine[3, 3] = 1.0
    for column, (letter, step) in enumerate(zip(code, spacing_mm[::-1], strict=True)):
        row, sign = _DIRECTIONS[letter]
        affine[row, column] = sign * step
    return affine


def chest(
    *,
    disease: Disease = "both",
    effusion: Disease = "none",
    white_lung: Side | None = None,
    position: str = "HFS",
    code: str | None = None,
    oblique_deg: tuple[float, float, float] = (0.0, 0.0, 0.0),
    shape: tuple[int, int, int] = (60, 96, 128),
    spacing_mm: tuple[float, float, float] = (5.0, 3.2, 3.0),
    ground_glass_hu: float = -560.0,
    consolidation_hu: float = 25.0,
    vessels: bool = True,
    noise_hu: float = 12.0,
    padding_hu: int | None = None,
    frame_of_reference_uid: str = FRAME_OF_REFERENCE,
    seed: int = 7,
) -> Chest:
    """A chest with known truth.

    Parameters
    ----------
    disease, effusion
        Which side holds opacities, and fluid. With ``"both"`` the right holds more.
    white_lung
        A side whose whole lung is consolidated, with only its airways left.
    position
        HFS, HFP, FFS or FFP: fluid sinks to the back or the front, and the grid lies as a scanner would lay it.
    code
        Letters of the directions in which i, j and k grow, if not those of ``position``; ``""`` for a grid without
        orientation (no left, no right).
    oblique_deg
        Rotations about the patient's x, y and z axes that turn the whole grid.
    shape, spacing_mm
        In the order (feet to head, front to back, right to left), whatever ``code`` says.
    padding_hu
        Fills what lies outside the inscribed circle of each slice.
    """
    z, y, x = _axes(shape, spacing_mm)
    supine = position[2:3] != "P"
    parts = _anatomy(z, y, x, 1.0 if supine else -1.0)
    lesions = np.zeros(shape, np.uint8)
    _add_disease(lesions, parts, disease, z, y, x)
    if white_lung is not None:
        lesions[parts["cage"] == _side(white_lung)] = Lesion.CONSOLIDATION
    for side, depth in (("right", 34.0), ("left", 20.0)):
        if effusion in (side, "both"):
            level = y > (62.0 - depth) if supine else y < (-62.0 + depth)
            lesions[(parts["cage"] == _side(side)) & level & (z < 40.0)] = Lesion.EFFUSION
    airways = parts["airways"] & (lesions != Lesion.EFFUSION)
    lesions[airways] = 0
    lungs = np.where((lesions == Lesion.EFFUSION) | airways, 0, parts["cage"]).astype(np.uint8)
    hu = _paint(parts, lungs, lesions, airways, (x, y, z), supine, ground_glass_hu, consolidation_hu, vessels)
    if noise_hu:
        hu += np.random.default_rng(seed).normal(0.0, noise_hu, shape).astype(np.float32)
    np.clip(hu, -1024, 3000, out=hu)
    if padding_hu is not None:
        hu[np.broadcast_to((x / np.abs(x).max()) ** 2 + (y / np.abs(y).max()) ** 2 > 1.0, shape)] = padding_hu
    return _on_grid(
        np.rint(hu).astype(np.int16),
        (lungs, lesions, airways, parts["body"], parts["cage"]),
        AXIAL_CODES.get(position, "LPS") if code is None else code,
        spacing_mm,
        oblique_deg,
        frame_of_reference_uid,
        padding_hu,
        position,
    )


def write_dicom(
    volume: Volume,
    folder: Path,
    *,
    shuffle_names: bool = True,
    shuffle_instance_numbers: bool = False,
    thickness_mm: float | None = None,
    patient_position: str | None = None,
    skip: Sequence[int] = (),
    study_uid: str = "1.2.826.0.1.3680043.8.498.2",
    series_uid: str = "1.2.826.0.1.3680043.8.498.3",
    tags: dict[str, Any] | None = None,
    edit: Callable[[Any, int], None] | None = None,
) -> list[Path]:
    """Write ``volume`` as CT Image Storage, explicit VR little endian, one file per slice ``k``; return them by ``k``.

    The geometry is the volume's own affine, oblique or not. ``skip`` leaves slices out. ``tags`` sets keywords on every
    data set (None deletes one), then ``edit(dataset, k)`` may change it as it likes.
    """
    from pydicom.uid import generate_uid

    folder.mkdir(parents=True, exist_ok=True)
    slices = volume.array.shape[0]
    rng = np.random.default_rng(3)
    names = rng.permutation(slices) if shuffle_names else np.arange(slices)
    numbers = rng.permutation(slices) if shuffle_instance_numbers else np.arange(slices)
    written = []
    for k in range(slices):
        if k in skip:
            continue
        data = _dataset(volume, k, thickness_mm)
        data.StudyInstanceUID, data.SeriesInstanceUID = study_uid, series_uid
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid(
            entropy_srcs=[series_uid, str(k)]
        )
        data.InstanceNumber = int(numbers[k]) + 1
        data.PatientPosition = volume.patient_position if patient_position is None else patient_position
        for keyword, value in (tags or {}).items():
            if value is None:
                data.pop(keyword, None)
            else:
                setattr(data, keyword, value)
        if edit is not None:
            edit(data, k)
        path = folder / f"I{names[k]:05d}.dcm"
        data.save_as(path, enforce_file_format=True)
        written.append(path)
    return written


def _dataset(volume: Volume, k: int, thickness_mm: float | None) -> Any:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID = CTImageStorage
    data.Modality, data.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.PatientName, data.PatientID = "PHANTOM^TEST", "PHANTOM-1"
    data.SeriesNumber, data.SeriesDescription, data.BodyPartExamined = 1, "Chest", "CHEST"
    data.StudyDate, data.ConvolutionKernel = "20200101", "B41f"
    geometry = volume.geometry
    spacing, affine = geometry.spacing_mm, geometry.affine
    data.FrameOfReferenceUID = geometry.frame_of_reference_uid
    data.ImageOrientationPatient = [
        round(float(v), 8) for v in [*(affine[:3, 0] / spacing[2]), *(affine[:3, 1] / spacing[1])]
    ]
    data.ImagePositionPatient = [round(float(v), 5) for v in geometry.to_patient((k, 0, 0))]
    data.PixelSpacing = [round(spacing[1], 6), round(spacing[2], 6)]
    data.SliceThickness = round(spacing[0] if thickness_mm is None else thickness_mm, 6)
    data.Rows, data.Columns = geometry.shape[1:]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = -1024, 1, "HU"
    if volume.padding_hu is not None:
        data.PixelPaddingValue = volume.padding_hu + 1024
    data.PixelData = (volume.array[k].astype(np.int32) + 1024).astype("<i2").tobytes()
    return data


def _axes(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> list[NDArray[np.float32]]:
    """Coordinates in mm from the grid's middle, shaped to broadcast: z up, y back, x left."""
    axes = [((np.arange(n) - (n - 1) / 2) * step).astype(np.float32) for n, step in zip(shape, spacing, strict=True)]
    return [axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]]


def _side(side: str) -> int:
    return int(Lung.RIGHT if side == "right" else Lung.LEFT)


def _tube(z: Any, y: Any, x: Any, start: Sequence[float], end: Sequence[float], radius: float) -> NDArray[np.bool_]:
    """A capsule between two (x, y, z) points."""
    origin, axis = np.array(start), np.array(end) - np.array(start)
    length = float(axis @ axis)
    along = np.clip(((x - origin[0]) * axis[0] + (y - origin[1]) * axis[1] + (z - origin[2]) * axis[2]) / length, 0, 1)
    gap = (x - origin[0] - along * axis[0]) ** 2 + (y - origin[1] - along * axis[1]) ** 2
    return np.asarray(gap + (z - origin[2] - along * axis[2]) ** 2 < radius**2)


def _ball(z: Any, y: Any, x: Any, centre: Sequence[float], radii: Sequence[float]) -> NDArray[np.bool_]:
    return np.asarray(
        sum(((a - c) / r) ** 2 for a, c, r in zip((x, y, z), centre, radii, strict=True)) < 1.0, dtype=np.bool_
    )


def _anatomy(z: Any, y: Any, x: Any, down: float) -> dict[str, Any]:
    shape = np.broadcast_shapes(z.shape, y.shape, x.shape)
    taper = 1.0 - 0.35 * np.clip((z - 70.0) / 70.0, 0.0, 1.0)
    radius2 = (x / (165.0 * taper)) ** 2 + (y / 108.0) ** 2
    heart = _ball(z, y, x, (22.0, -28.0, -40.0), (52.0, 40.0, 55.0))
    apex = np.clip(1.0 - ((z - 10.0) / 105.0) ** 4, 0.0, 1.0)
    cage = np.zeros(shape, np.uint8)
    for side, centre, width, dome in ((Lung.RIGHT, -72.0, 56.0, -62.0), (Lung.LEFT, 70.0, 50.0, -78.0)):
        inside = ((x - centre) / width) ** 2 + (y / 82.0) ** 2 < apex
        floor = dome - 45.0 * (((x - centre) / width) ** 2 + (y / 82.0) ** 2)
        cage[inside & (z > floor) & (z < 112.0) & ~heart] = side
    trachea = _tube(z, y, x, (0, -8, 140), (3, 5, 25), 8.5)
    bronchi = _tube(z, y, x, (3, 5, 25), (-48, 12, -2), 6.0) | _tube(z, y, x, (3, 5, 25), (46, 14, 0), 5.5)
    parts = {
        "body": radius2 < 1.0,
        "muscle": radius2 < 0.84,
        "ribs": (radius2 > 0.70) & (radius2 < 0.78) & (np.mod(z + 0.25 * y, 26.0) < 9.0),
        "spine": _tube(z, y, x, (0, 84, -400), (0, 84, 400), 17.0),
        "heart": heart,
        "gas": _ball(z, y, x, (62.0, -35.0, -128.0), (26.0, 20.0, 16.0)),
        "cage": cage,
        "airways": trachea | bronchi,
        "table": (down * y > 116.0) & (down * y < 124.0) & (np.abs(x) < 150.0),
    }
    return {name: np.broadcast_to(part, shape) for name, part in parts.items()}


def _add_disease(lesions: NDArray[np.uint8], parts: dict[str, Any], disease: Disease, z: Any, y: Any, x: Any) -> None:
    cage = parts["cage"]
    if disease in ("right", "both"):
        right = cage == Lung.RIGHT
        lesions[right & _ball(z, y, x, (-85.0, 45.0, 15.0), (30.0, 28.0, 34.0))] = Lesion.GROUND_GLASS
        lesions[right & _ball(z, y, x, (-98.0, 52.0, -25.0), (24.0, 26.0, 24.0))] = Lesion.CONSOLIDATION
    if disease in ("left", "both"):
        left = cage == Lung.LEFT
        lesions[left & _ball(z, y, x, (92.0, 30.0, 45.0), (20.0, 24.0, 24.0))] = Lesion.GROUND_GLASS


def _paint(
    parts: dict[str, Any],
    lungs: NDArray[np.uint8],
    lesions: NDArray[np.uint8],
    airways: NDArray[np.bool_],
    xyz: tuple[Any, Any, Any],
    supine: bool,
    ground_glass_hu: float,
    consolidation_hu: float,
    vessels: bool,
) -> NDArray[np.float32]:
    x, y, z = xyz
    hu = np.full(lungs.shape, -1000.0, np.float32)
    hu[parts["table"]] = -150.0
    hu[parts["body"]] = -100.0
    hu[parts["muscle"] & parts["body"]] = 50.0
    hu[parts["ribs"] & parts["body"]] = 450.0
    hu[parts["spine"] & parts["body"]] = 350.0
    hu[parts["heart"]] = 40.0
    hu[parts["gas"]] = -980.0
    gradient = -850.0 + 0.5 * (y if supine else -y)
    hu = np.where(parts["cage"] > 0, gradient, hu).astype(np.float32)
    if vessels:
        for side, reach in ((-1.0, 92.0), (1.0, 84.0)):
            for dz, dy in ((-45.0, 40.0), (35.0, 25.0), (-20.0, -45.0), (45.0, -30.0), (0.0, 55.0)):
                tube = _tube(z, y, x, (38.0 * side, 8.0, 5.0), (reach * side, dy, 5.0 + dz), 3.4)
                hu[tube & (lungs > 0)] = 35.0
    hu[(lesions == Lesion.GROUND_GLASS) & (hu < -200.0)] = ground_glass_hu
    hu[lesions == Lesion.CONSOLIDATION] = consolidation_hu
    hu[lesions == Lesion.EFFUSION] = 8.0
    hu[airways] = -1000.0
    return hu


def _on_grid(
    hu: NDArray[np.int16],
    masks: tuple[NDArray[Any], ...],
    code: str,
    spacing_mm: tuple[float, float, float],
    oblique_deg: tuple[float, float, float],
    frame_of_reference_uid: str,
    padding_hu: int | None,
    position: str,
) -> Chest:
    """Turn the canonical arrays onto the grid that ``code`` names, centred on the same point of the patient."""
    turn = grid_orientation(code or "LPS")
    arrays = [np.ascontiguousarray(turn.invert(a)) for a in (hu, *masks)]
    shape = arrays[0].shape
    affine = code_affine(code or "LPS", tuple(spacing_mm[turn.axes.index(axis)] for axis in range(3)))  # type: ignore[arg-type]
    affine[:3, :3] = Rotation.from_euler("xyz", oblique_deg, degrees=True).as_matrix() @ affine[:3, :3]
    middle = (np.array(shape[::-1]) - 1) / 2
    affine[:3, 3] = np.array([4.0, -9.0, -150.0]) - affine[:3, :3] @ middle
    geometry = VolumeGeometry(shape, affine, frame_of_reference_uid, orientation_known=bool(code))
    volume = Volume(arrays[0], geometry, padding_hu=padding_hu, patient_position=position if code else "")
    return Chest(volume, arrays[1], arrays[2], arrays[3], arrays[4], arrays[5])
