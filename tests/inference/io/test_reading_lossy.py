"""Lossy compression is told where the header or the transfer syntax says so, doubted where neither does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.uid
import pytest

from inference.io.open import scan
from inference.verdict import Colour, Reason
from tests.helpers.phantoms import write_dicom
from tests.helpers.reading_cases import marked, open_only

ORIGINAL = ("ORIGINAL", "PRIMARY", "AXIAL")
LOSSY_DERIVED = ("DERIVED", "PRIMARY", "AXIAL")


def coded(encoder: str, syntax: str, stated: str | None, image_type: tuple[str, ...]) -> Callable[[Any, int], None]:
    """Pixels that ``encoder`` has coded without loss, under the name of ``syntax``."""

    def edit(data: Any, k: int) -> None:
        data.compress(getattr(pydicom.uid, encoder), generate_instance_uid=False)
        data.file_meta.TransferSyntaxUID = getattr(pydicom.uid, syntax)
        data.ImageType = list(image_type)
        if stated is not None:
            data.LossyImageCompression = stated

    return edit


def reasons(folder: Path) -> dict[str, Reason]:
    return {reason.code: reason for reason in scan(folder).series[0].verdict.reasons}


@pytest.mark.parametrize(
    ("encoder", "syntax", "stated", "word"),
    [
        ("JPEG2000Lossless", "JPEG2000", "00", None),
        ("JPEG2000Lossless", "JPEG2000", "01", "has changed"),
        ("JPEG2000Lossless", "JPEG2000", None, "perhaps"),
        ("JPEG2000Lossless", "JPEG2000", "", "perhaps"),
        ("JPEG2000Lossless", "JPEG2000Lossless", None, None),
        ("JPEG2000Lossless", "JPEG2000Lossless", "01", "has changed"),
        ("JPEGLSLossless", "JPEGLSNearLossless", None, "has changed"),
        ("JPEGLSLossless", "JPEGLSLossless", "00", None),
    ],
)
def test_loss_is_told_as_the_header_tells_it(
    encoder: str, syntax: str, stated: str | None, word: str | None, tmp_path: Path
) -> None:
    write_dicom(marked().volume, tmp_path, edit=coded(encoder, syntax, stated, ORIGINAL))
    found = reasons(tmp_path).get("lossy")
    assert (found is None) if word is None else (found is not None and word in found.text.lower())
    assert found is None or found.colour is Colour.AMBER


@pytest.mark.parametrize(("stated", "derived"), [("01", False), (None, False), ("00", True)])
def test_derived_is_excused_by_compression_unless_the_header_denies_it(
    stated: str | None, derived: bool, tmp_path: Path
) -> None:
    write_dicom(marked().volume, tmp_path, edit=coded("JPEG2000Lossless", "JPEG2000", stated, LOSSY_DERIVED))
    assert ("derived" in reasons(tmp_path)) is derived


def test_jpeg_2000_that_may_be_lossy_is_decoded_all_the_same(tmp_path: Path) -> None:
    case = marked()
    write_dicom(case.volume, tmp_path, edit=coded("JPEG2000Lossless", "JPEG2000", None, ORIGINAL))
    assert np.array_equal(open_only(tmp_path).volume.array, case.volume.array)
