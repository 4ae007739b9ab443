"""Public CT slices as their owners publish them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from inference.training.datasets.files import grey, nifti_shape, nifti_slice
from inference.training.datasets.public import fold_of, holder
from inference.training.datasets.sample import Reader, Sample
from inference.transforms.rendering import Kind, kind_of

_PICTURES = (".png", ".jpg", ".jpeg")


class MedSeg:
    """COVID-19 CT segmentation dataset: 100 slices in ``tr_im.nii.gz``, classes in ``tr_mask.nii.gz``.

    Lungs are in ``tr_lungmasks_updated.nii.gz``, where it is there. Pictures were made from a lung window. The owner
    names no patients; neighbouring numbers can be one, so blocks of ten stand for them.
    """

    name = "medseg-ct100"
    _lungs = "tr_lungmasks_updated.nii.gz"

    def find(self, data: Path) -> Path | None:
        """Where pictures and masks are."""
        return holder(data, ("tr_im.nii.gz", "tr_mask.nii.gz"))

    def samples(self, folder: Path) -> Iterator[Sample]:
        """Slice by slice."""
        images, masks, lungs = folder / "tr_im.nii.gz", folder / "tr_mask.nii.gz", folder / self._lungs
        for k in range(nifti_shape(images)[2]):
            block = f"ct100-block-{k // 10}"
            yield Sample(
                f"{k:04d}", self.name, block, fold_of(block, folder), Kind.WINDOW, nifti_slice(images, k),
                lung=nifti_slice(lungs, k) if lungs.is_file() else None,
                lesion=nifti_slice(masks, k), classes=nifti_slice(masks, k),
            )  # fmt: skip


class CovidCt:
    """COVID-CT: pictures cut from publications, ``Images-processed/CT_COVID`` and ``CT_NonCOVID``.

    What is before the page in a file's name is the publication, or for the others the case; it stands for the patient.
    """

    name = "covid-ct"

    def find(self, data: Path) -> Path | None:
        """Where the two unpacked folders are, inside ``Images-processed`` or not."""
        for inner in ("Images-processed", "."):
            found = holder(data, (f"{inner}/CT_COVID", f"{inner}/CT_NonCOVID"))
            if found:
                return found / inner
        return None

    def samples(self, folder: Path) -> Iterator[Sample]:
        """Folder by folder, picture by picture."""
        for inner, label in (("CT_COVID", "covid"), ("CT_NonCOVID", "non_covid")):
            for path in sorted(one for one in (folder / inner).iterdir() if one.suffix.lower() in _PICTURES):
                patient = f"covid-ct-{inner}-{publication(path.stem)}"
                read: Reader = grey(path)
                yield Sample(
                    f"{inner}/{path.name}", self.name, patient, fold_of(patient, folder.parent), kind_of([read()]),
                    read, label=label,
                )  # fmt: skip


def publication(stem: str) -> str:
    """``2020.01.24.919183-p27-135`` is of ``2020.01.24.919183``, ``10%2`` of ``10``."""
    return re.split(r"[-_]p\d+|%", stem)[0]
