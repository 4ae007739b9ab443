"""Public X-rays as their owners publish them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.training.datasets.files import grey, table
from inference.training.datasets.public import fold_of, holder
from inference.training.datasets.sample import Reader, Sample
from inference.transforms.rendering import Kind

_FRONTAL = {"PA", "AP", "AP SUPINE", "AP ERECT"}
_RSNA = {"Normal": "normal", "Lung Opacity": "pneumonia"}
_COLLECTION = {"covid-19": "covid", "bacterial": "bacterial", "viral": "viral", "no finding": "normal"}


class CovidCollection:
    """COVID-19 image data collection: ``metadata.csv`` and ``images``; frontal X-rays with a finding that is known."""

    name = "covid-chestxray-dataset"

    def find(self, data: Path) -> Path | None:
        """Where the list and the pictures are."""
        return holder(data, ("metadata.csv", "images"))

    def samples(self, folder: Path) -> Iterator[Sample]:
        """Row by row; pictures that are not there (some are volumes) are left out."""
        for row in table(folder / "metadata.csv"):
            image = folder / (row.get("folder") or "images") / row["filename"]
            label = finding(row["finding"])
            frontal = row["modality"] == "X-ray" and row["view"].upper() in _FRONTAL
            if label and frontal and image.is_file():
                patient = f"ieee{row['patientid']}"
                yield Sample(
                    row["filename"], self.name, patient, fold_of(patient, folder), Kind.XRAY, grey(image), label=label
                )


def finding(text: str) -> str | None:
    """The class of a finding such as ``Pneumonia/Viral/COVID-19``: its last part that has one."""
    parts = [part.strip().lower() for part in text.split("/")]
    for part in reversed(parts):
        if part in _COLLECTION:
            return _COLLECTION[part]
    return "other_pneumonia" if parts[0] == "pneumonia" else None


class RsnaPneumonia:
    """RSNA Pneumonia Detection Challenge: DICOM X-rays, classes by ``patientId``, boxes round opacities.

    Boxes give no outline, so they are no lesion mask. ``No Lung Opacity / Not Normal`` is neither class.
    """

    name = "rsna-pneumonia"
    _images, _classes = "stage_2_train_images", "stage_2_detailed_class_info.csv"

    def find(self, data: Path) -> Path | None:
        """Where the pictures and the list of classes are."""
        return holder(data, (self._images, self._classes))

    def samples(self, folder: Path) -> Iterator[Sample]:
        """Patient by patient, each once."""
        classes = {row["patientId"]: row["class"] for row in table(folder / self._classes)}
        for name, kind in sorted(classes.items()):
            if kind in _RSNA:
                patient = f"rsna-{name}"
                yield Sample(
                    name, self.name, patient, fold_of(patient, folder), Kind.XRAY,
                    _dicom(folder / self._images / f"{name}.dcm"), label=_RSNA[kind],
                )  # fmt: skip


def _dicom(path: Path) -> Reader:
    def read() -> NDArray[np.float32]:
        import pydicom

        picture = pydicom.dcmread(path)
        values = np.asarray(picture.pixel_array, np.float32)
        return values.max() - values if picture.get("PhotometricInterpretation") == "MONOCHROME1" else values

    return read
