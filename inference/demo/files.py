"""The demo study on disk: a DICOM study as a scanner sends it, and its truth beside it."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.demo.disease import SOLID_SHARE, VISIBLE_HU
from inference.demo.parameters import DemoParameters
from inference.demo.thorax import DemoThorax, generate
from inference.errors import ExportError
from inference.labels import INFECTED, Lesion, Lung
from inference.pipeline.cancellation import CancellationToken
from inference.volume import VolumeGeometry

STUDY_DATE = "20200412"
PATIENT_NAME = "DEMO^INVENTED PATIENT"


@dataclass(frozen=True)
class DemoFiles:
    """Where a demo study was written."""

    study: Path
    """The folder to open: the CT series and a scout."""
    series: Path
    lungs: Path
    lesions: Path
    airways: Path
    truth: Path


def write(
    directory: Path,
    parameters: DemoParameters | None = None,
    *,
    thorax: DemoThorax | None = None,
    on_progress: Callable[[float], None] | None = None,
    cancel: CancellationToken | None = None,
) -> DemoFiles:
    """Write ``study/`` (DICOM) and ``truth/`` (NIfTI masks and ``truth.json``) under ``directory``.

    Give ``thorax`` to write one that was made before. Files appear under their final names only when all is written.

    Raises
    ------
    ExportError
        If the directory holds a demo study already or cannot be written to.
    Cancelled
        If ``cancel`` is set; nothing is left behind.
    """
    if any((directory / name).exists() for name in ("study", "truth")):
        raise ExportError(f"The folder {directory.name} already holds a demo study; choose another or delete it first.")
    report = on_progress or (lambda share: None)
    thorax = thorax or generate(parameters, on_progress=lambda share: report(0.85 * share), cancel=cancel)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=directory))
        try:
            _write_study(partial / "study", thorax, lambda share: report(0.85 + 0.15 * share), cancel)
            _write_truth(partial / "truth", thorax)
            for name in ("study", "truth"):
                (partial / name).replace(directory / name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise ExportError(f"The demo study could not be written to {directory.name}: {error.strerror}.") from error
    truth = directory / "truth"
    return DemoFiles(
        study=directory / "study",
        series=directory / "study" / "ct",
        lungs=truth / "lungs.nii.gz",
        lesions=truth / "lesions.nii.gz",
        airways=truth / "airways.nii.gz",
        truth=truth / "truth.json",
    )


def uid(parameters: DemoParameters, what: str) -> str:
    """A DICOM UID (PS3.5 B.2, derived from a UUID) that only the parameters and ``what`` decide."""
    digest = hashlib.sha256(f"{sorted(asdict(parameters).items())}|{what}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:15], 'big')}"


def truth_figures(thorax: DemoThorax) -> dict[str, Any]:
    """What ``truth.json`` holds: definitions, volumes, percentages and a row for each slice."""
    lung, infected = thorax.lungs > 0, np.isin(thorax.lesions, INFECTED) & (thorax.lungs > 0)
    per_slice = np.stack([lung.sum(axis=(1, 2)), infected.sum(axis=(1, 2))], axis=1)
    bearing = per_slice[per_slice[:, 0] > 0]
    heights = thorax.volume.geometry.to_patient([(k, 0, 0) for k in range(len(per_slice))])[:, 2]
    sides = {"both": tuple(Lung), "right": (Lung.RIGHT,), "left": (Lung.LEFT,)}
    return {
        "parameters": asdict(thorax.parameters),
        "definitions": {
            "lung": "parenchyma, vessels, opacities and small bronchi; no airway from 2 mm bore on, and no fluid",
            "ground_glass": f"disease adds at least {VISIBLE_HU:g} HU to the lung's density",
            "consolidation": f"disease took at least {100 * SOLID_SHARE:g} % of the lung's air",
            "effusion": "fluid between lung and chest wall, outside the lung",
            "infected": "ground-glass or consolidation inside the lung",
        },
        "lung_ml": {name: round(thorax.lung_ml(*chosen), 3) for name, chosen in sides.items()},
        "lesion_ml": {lesion.key: round(thorax.lesion_ml(lesion), 3) for lesion in Lesion},
        "percentage_of_infection": {name: round(thorax.percent_infected(*chosen), 4) for name, chosen in sides.items()},
        "mean_over_slices": round(float(100.0 * (bearing[:, 1] / bearing[:, 0]).mean()), 4) if len(bearing) else 0.0,
        "slices": [
            {"position_mm": round(float(z), 3), "lung": int(lung_n), "infected": int(infected_n)}
            for z, (lung_n, infected_n) in zip(heights, per_slice, strict=True)
        ],
    }


def _write_truth(folder: Path, thorax: DemoThorax) -> None:
    folder.mkdir(parents=True)
    geometry = thorax.volume.geometry
    for name, mask in (("lungs", thorax.lungs), ("lesions", thorax.lesions), ("airways", thorax.airways)):
        _write_mask(folder / f"{name}.nii.gz", mask.astype(np.uint8), geometry)
    text = json.dumps(truth_figures(thorax), indent=1)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")


def _write_mask(path: Path, mask: NDArray[np.uint8], geometry: VolumeGeometry) -> None:
    import nibabel

    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ geometry.affine
    image = nibabel.Nifti1Image(np.ascontiguousarray(mask.transpose(2, 1, 0)), affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    nibabel.save(image, str(path))


def _write_study(
    folder: Path, thorax: DemoThorax, report: Callable[[float], None], cancel: CancellationToken | None
) -> None:
    series, scout = folder / "ct", folder / "scout"
    series.mkdir(parents=True)
    scout.mkdir()
    pixels = thorax.volume.array
    order = np.argsort(-thorax.volume.geometry.to_patient([(k, 0, 0) for k in range(len(pixels))])[:, 2])
    for number, k in enumerate(order, start=1):
        if cancel is not None:
            cancel.check()
        data = _slice(thorax, int(k), number)
        data.save_as(series / f"IM{number:04d}.dcm", enforce_file_format=True)
        report(number / len(order))
    _scout(thorax).save_as(scout / "IM0001.dcm", enforce_file_format=True)


def _common(parameters: DemoParameters, series: str, instance: int) -> Any:
    """The attributes that every image of the study shares (PS3.3 A.3)."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = UID(uid(parameters, f"{series} {instance}"))
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.PatientName, data.PatientID = PATIENT_NAME, f"DEMO-{parameters.seed}"
    data.PatientBirthDate, data.PatientSex, data.PatientAge = "", "O", "060Y"
    data.PatientPosition = parameters.patient_position
    data.StudyInstanceUID = uid(parameters, "study")
    data.SeriesInstanceUID = uid(parameters, f"series {series}")
    data.FrameOfReferenceUID = uid(parameters, "frame of reference")
    data.PositionReferenceIndicator = ""
    data.StudyDate = data.SeriesDate = data.ContentDate = STUDY_DATE
    data.StudyTime = data.SeriesTime = data.ContentTime = "101500"
    data.AccessionNumber, data.StudyID, data.ReferringPhysicianName = "", "1", ""
    data.StudyDescription = "Chest CT (computed demonstration, no real patient)"
    data.Modality, data.Manufacturer, data.ManufacturerModelName = "CT", "Groundglass", "Demo study"
    data.BodyPartExamined, data.KVP = "CHEST", 120
    data.BurnedInAnnotation, data.LossyImageCompression = "NO", "00"
    data.InstanceNumber, data.AcquisitionNumber = instance, 1
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = -1024, 1, "HU"
    return data


def _set_pixels(data: Any, hu: NDArray[np.int16]) -> None:
    data.Rows, data.Columns = hu.shape
    data.PixelData = np.clip(hu.astype(np.int32) + 1024, 0, 4095).astype("<u2").tobytes()


def _slice(thorax: DemoThorax, k: int, number: int) -> Any:
    parameters, geometry = thorax.parameters, thorax.volume.geometry
    thickness, row_mm, column_mm = geometry.spacing_mm
    data = _common(parameters, "ct", number)
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.SeriesNumber, data.SeriesDescription = 2, f"Chest {thickness:.1f} mm"
    data.ConvolutionKernel = "STANDARD"
    data.SliceThickness, data.SpacingBetweenSlices = round(thickness, 6), round(thickness, 6)
    data.PixelSpacing = [round(row_mm, 8), round(column_mm, 8)]
    data.ImageOrientationPatient = [float(np.sign(v)) * 1.0 + 0.0 for v in geometry.affine[:3, :2].T.ravel()]
    position = geometry.to_patient((k, 0, 0))
    data.ImagePositionPatient = [round(float(v), 5) for v in position]
    data.SliceLocation = round(float(position[2]), 5)
    data.WindowCenter, data.WindowWidth = [-600, 40], [1500, 400]
    data.WindowCenterWidthExplanation = ["LUNG", "MEDIASTINUM"]
    _set_pixels(data, thorax.volume.array[k])
    return data


def _scout(thorax: DemoThorax) -> Any:
    """A frontal localizer: the volume's mean along the beam, with square pixels, head up."""
    from scipy.ndimage import zoom

    volume, _ = thorax.volume.canonical()
    slice_mm, _, pixel = volume.geometry.spacing_mm
    depth = np.maximum(volume.array.mean(axis=1, dtype=np.float32) + 1000.0, 0.0)
    projection = zoom(depth[::-1], (slice_mm / pixel, 1.0), order=1, grid_mode=True, mode="nearest")
    data = _common(thorax.parameters, "scout", 1)
    data.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    data.SeriesNumber, data.SeriesDescription, data.ConvolutionKernel = 1, "Scout", "STANDARD"
    data.PixelSpacing = [round(slice_mm * len(depth) / len(projection), 8), round(pixel, 8)]
    data.SliceThickness = round(volume.geometry.spacing_mm[1] * volume.geometry.shape[1], 3)
    data.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    top = volume.geometry.to_patient((volume.geometry.shape[0] - 1, volume.geometry.shape[1] / 2, 0))
    data.ImagePositionPatient = [round(float(v), 5) for v in top]
    data.WindowCenter, data.WindowWidth = 0, 1200
    _set_pixels(data, (1.6 * projection - 600.0).astype(np.int16))
    return data
