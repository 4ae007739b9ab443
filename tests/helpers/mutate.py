"""One folder for each row of the verdict's table, made from a series that is green.

    python tests/helpers/mutate.py SERIES OUT            # SERIES: a folder of DICOM, or "phantom"; every case below OUT
    python tests/helpers/mutate.py SERIES OUT tilt_20    # that case alone

The cases are in :mod:`tests.helpers.verdict_cases`. The source is decoded once, made smaller within the plane (block
means) and stripped of every identifying element; slice positions stay as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.io.contrast import described_as_enhanced
from inference.io.slices import SliceHeader
from inference.volume import Volume

SERIES_UID = "1.2.826.0.1.3680043.8.498.31"
STUDY_UID = "1.2.826.0.1.3680043.8.498.32"
FRAME_UID = "1.2.826.0.1.3680043.8.498.33"
OTHER_FRAME_UID = "1.2.826.0.1.3680043.8.498.34"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
BASE_TAGS: Mapping[str, Any] = MappingProxyType(
    {
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "PatientPosition": "HFS",
        "RescaleSlope": 1,
        "RescaleIntercept": -1024,
        "FrameOfReferenceUID": FRAME_UID,
        "BodyPartExamined": "CHEST",
        "ConvolutionKernel": "B41f",
        "SeriesDescription": "Chest",
    }
)


@dataclass(frozen=True, eq=False)
class Image:
    """One slice: LPS position and cosines, int32 HU ``(rows, columns)``, and tags by keyword (None: absent)."""

    position: tuple[float, float, float] | None
    orientation: tuple[float, ...] | None
    hu: NDArray[np.int32]
    pixel_spacing: tuple[float, float]
    number: int
    uid: str
    tags: Mapping[str, Any] = field(default_factory=lambda: BASE_TAGS)

    def tagged(self, **tags: Any) -> Image:
        """This slice with other tags."""
        return replace(self, tags={**self.tags, **tags})

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Image:
        """This slice elsewhere, in mm."""
        assert self.position is not None
        return replace(self, position=(self.position[0] + x, self.position[1] + y, self.position[2] + z))

    @property
    def z(self) -> float:
        """Height of the first voxel."""
        assert self.position is not None
        return self.position[2]


Images = list[Image]


def phantom(shape: tuple[int, int, int] = (100, 56, 72)) -> tuple[Images, NDArray[np.uint8]]:
    """A small asymmetric chest of 3 mm slices, from feet to head, and its lungs."""
    from tests.helpers.phantoms import chest

    case = chest(disease="right", shape=shape, spacing_mm=(3.0, 5.5, 5.4))
    geometry = case.volume.geometry
    images = []
    for k, plane in enumerate(case.volume.array):
        x, y, z = (round(float(v), 4) for v in geometry.to_patient((k, 0, 0)))
        tags = {**BASE_TAGS, "SliceThickness": 3.0}
        images.append(Image((x, y, z), AXIAL, plane.astype(np.int32), (5.5, 5.4), shape[0] - k, _uid(k), tags))
    return images, case.lungs


def from_folder(folder: Path, pixels: int = 128) -> Images:
    """A series on the disk, from feet to head, block means of about ``pixels`` columns. Needs position and rescale."""
    from pydicom import dcmread

    images = []
    for path in sorted(folder.iterdir()):
        data = dcmread(path)
        block = max(1, data.Columns // pixels)
        spacing = [float(v) for v in data.PixelSpacing]
        cosines = np.array([float(v) for v in data.ImageOrientationPatient])
        shift = (block - 1) / 2 * (cosines[:3] * spacing[1] + cosines[3:] * spacing[0])
        x, y, z = (round(float(v), 4) for v in np.array([float(v) for v in data.ImagePositionPatient]) + shift)
        hu = data.pixel_array.astype(np.float64) * float(data.RescaleSlope) + float(data.RescaleIntercept)
        rows, columns = (n // block for n in hu.shape)
        small = hu[: rows * block, : columns * block].reshape(rows, block, columns, block).mean(axis=(1, 3))
        tags = {**BASE_TAGS, "SliceThickness": float(data.SliceThickness)}
        size = (spacing[0] * block, spacing[1] * block)
        images.append(Image((x, y, z), tuple(cosines), np.rint(small).astype(np.int32), size, 0, "", tags))
    images.sort(key=lambda image: image.z)
    return [replace(image, number=len(images) - k, uid=_uid(k)) for k, image in enumerate(images)]


def header(image: Image) -> SliceHeader:
    """What a reader makes of the slice."""
    tags = {**image.tags}
    return SliceHeader(
        position=image.position,
        orientation=image.orientation,  # type: ignore[arg-type]
        rows=image.hu.shape[0],
        columns=image.hu.shape[1],
        pixel_spacing=image.pixel_spacing,
        thickness_mm=tags.get("SliceThickness"),
        instance_number=image.number,
        image_type=tuple(tags.get("ImageType") or ()),
        frame_of_reference_uid=tags.get("FrameOfReferenceUID") or "",
        modality=tags.get("Modality") or "",
        rescale_slope=tags.get("RescaleSlope"),
        rescale_intercept=tags.get("RescaleIntercept"),
        rescale_type=tags.get("RescaleType"),
        units=tags.get("Units") or "",
        patient_position=tags.get("PatientPosition") or "",
        contrast_agent=tags.get("ContrastBolusAgent") or "",
        described_as_enhanced=described_as_enhanced(tags.get("SeriesDescription") or ""),
        gantry_tilt_degrees=tags.get("GantryDetectorTilt"),
        lossy=tags.get("LossyImageCompression") == "01",
        content_hash=lambda: str(hash(image.hu.tobytes())),
    )


def write(images: Sequence[Image], folder: Path, *, names: Sequence[int] | None = None, series: int = 0) -> Path:
    """Write explicit VR little endian CT images; file names do not follow the order unless ``names`` says so."""
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(5).permutation(len(images)) if names is None else names
    for image, name in zip(images, order, strict=True):
        _dataset(image, series).save_as(folder / f"I{name:05d}.dcm", enforce_file_format=True)
    return folder


def _dataset(image: Image, series: int) -> Any:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = image.uid
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, image.uid
    data.StudyInstanceUID, data.SeriesInstanceUID = STUDY_UID, f"{SERIES_UID}.0.{series}"
    data.PatientName, data.PatientID, data.StudyDate = "MUTATED^TEST", "MUTATED-1", "20200101"
    data.InstanceNumber, data.SeriesNumber = image.number, series + 1
    if image.position is not None:
        data.ImagePositionPatient = [round(v, 4) for v in image.position]
    if image.orientation is not None:
        data.ImageOrientationPatient = [round(v, 8) for v in image.orientation]
    data.PixelSpacing = list(image.pixel_spacing)
    data.Rows, data.Columns = image.hu.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    for keyword, value in image.tags.items():
        if value is not None:
            setattr(data, keyword, value)
    stored = np.clip(image.hu + 1024, -(1 << 15), (1 << 15) - 1)
    data.PixelData = stored.astype("<i2").tobytes()
    return data


def lungs_of(volume: Volume) -> NDArray[np.uint8]:
    """Air within the body, without specks: a stand-in for a system, good enough for the verdict."""
    from scipy import ndimage

    axial, turn = volume.canonical()
    plane = np.zeros((3, 3, 3), dtype=bool)
    plane[1] = True
    labels, _ = ndimage.label(axial.array < -400, structure=plane)
    edges = (labels[:, 0], labels[:, -1], labels[..., 0], labels[..., -1])
    border = np.unique(np.concatenate([edge.ravel() for edge in edges]))
    inside = (labels > 0) & ~np.isin(labels, border)
    parts, count = ndimage.label(ndimage.binary_opening(inside, structure=plane))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    large = np.flatnonzero(sizes > max(20.0, 0.2 * sizes.max()))
    return np.asarray(turn.invert(np.isin(parts, large).astype(np.uint8)))


def _uid(number: int) -> str:
    return f"{SERIES_UID}.{number + 1}"


def main(arguments: Sequence[str]) -> int:
    """Write the cases named, or all of them; returns the exit code."""
    from tests.helpers.verdict_cases import CASES, INPUTS

    if len(arguments) < 2 or set(arguments[2:]) - {*CASES, *INPUTS}:
        sys.stdout.write("\n".join([str(__doc__), "Cases:", *CASES, *INPUTS, ""]))
        return 2
    source, out = arguments[0], Path(arguments[1])
    images = phantom()[0] if source == "phantom" else from_folder(Path(source))
    for name in arguments[2:] or [*CASES, *INPUTS]:
        if name in CASES:
            write(CASES[name].make(images), out / name)
        else:
            INPUTS[name](images, out / name)
        sys.stdout.write(f"{out / name}\n")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    sys.exit(main(sys.argv[1:]))
