"""Stored values to Hounsfield units: signs, widths, byte orders, compression, rescale, padding, colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.errors import SeriesError
from inference.io.open import load, scan
from inference.volume import Units
from tests.helpers.phantoms import write_dicom
from tests.helpers.reading_cases import assert_points_found, marked, open_only

Edit = Callable[[Any, int], None]


def stored(data: Any) -> np.ndarray:
    return np.frombuffer(data.PixelData, "<i2").reshape(data.Rows, data.Columns).astype(np.int32)


def unsigned(data: Any, k: int) -> None:
    data.PixelRepresentation = 0


def twelve_bits(data: Any, k: int) -> None:
    data.PixelRepresentation, data.BitsStored, data.HighBit = 0, 12, 11


def twelve_bits_under_overlay(data: Any, k: int) -> None:
    twelve_bits(data, k)
    junk = np.random.default_rng(k).integers(0, 16, (data.Rows, data.Columns)) << 12
    data.PixelData = (stored(data) | junk).astype("<u2").tobytes()


def signed_twelve_bits_without_sign_extension(data: Any, k: int) -> None:
    data.BitsStored, data.HighBit, data.RescaleIntercept = 12, 11, 0
    data.PixelData = ((stored(data) - 1024) & 0x0FFF).astype("<u2").tobytes()


def high_bit_fifteen(data: Any, k: int) -> None:
    data.PixelRepresentation, data.BitsStored, data.HighBit = 0, 12, 15
    data.PixelData = (stored(data) << 4).astype("<u2").tobytes()


def half_slope(data: Any, k: int) -> None:
    data.RescaleSlope = 0.5
    data.PixelData = (stored(data) * 2).astype("<i2").tobytes()


def rescale_of_its_own(data: Any, k: int) -> None:
    data.RescaleIntercept = -1024 - 10 * k
    data.PixelData = (stored(data) + 10 * k).astype("<i2").tobytes()


def big_endian(data: Any, k: int) -> None:
    from pydicom.uid import ExplicitVRBigEndian

    data.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    data.set_original_encoding(False, False)
    data.PixelData = stored(data).astype(">i2").tobytes()


def implicit(data: Any, k: int) -> None:
    from pydicom.uid import ImplicitVRLittleEndian

    data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian


def deflated(data: Any, k: int) -> None:
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian


def compressed(name: str) -> Edit:
    def edit(data: Any, k: int) -> None:
        import pydicom.uid

        data.compress(getattr(pydicom.uid, name), generate_instance_uid=False)

    edit.__name__ = name
    return edit


def undefined_length_sequences(data: Any, k: int) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    inner, outer = Dataset(), Dataset()
    inner.CodeValue, inner.Rows = "inside", 3
    inner.is_undefined_length_sequence_item = True
    outer.DerivationCodeSequence = Sequence([inner])
    outer["DerivationCodeSequence"].is_undefined_length = True
    outer.is_undefined_length_sequence_item = True
    data.ReferencedImageSequence = Sequence([outer])
    data["ReferencedImageSequence"].is_undefined_length = True


def long_private_element(data: Any, k: int) -> None:
    block = data.private_block(0x0009, "GROUNDGLASS TEST", create=True)
    block.add_new(0x01, "OB", bytes(70_000))


EDITS: list[Edit] = [
    unsigned,
    twelve_bits,
    twelve_bits_under_overlay,
    signed_twelve_bits_without_sign_extension,
    high_bit_fifteen,
    half_slope,
    rescale_of_its_own,
    big_endian,
    implicit,
    deflated,
    undefined_length_sequences,
    long_private_element,
    compressed("RLELossless"),
    compressed("JPEGLSLossless"),
    compressed("JPEG2000Lossless"),
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_hounsfield_units_do_not_depend_on_how_they_are_stored(edit: Edit, tmp_path: Path) -> None:
    case = marked()
    write_dicom(case.volume, tmp_path, edit=edit)
    loaded = open_only(tmp_path)
    assert np.array_equal(loaded.volume.array, case.volume.array)
    assert loaded.volume.units is Units.HU
    assert_points_found(loaded, case)


@pytest.mark.parametrize("padding", [-2000, -3024])
@pytest.mark.parametrize("named", [True, False])
def test_padding_keeps_its_value_and_is_named_where_the_header_names_it(
    padding: int, named: bool, tmp_path: Path
) -> None:
    case = marked()
    case.volume.array[:, :3] = padding
    write_dicom(replace(case.volume, padding_hu=padding if named else None), tmp_path)
    volume = open_only(tmp_path).volume
    assert (volume.array[:, :3] == padding).all() and volume.array[:, 3:].min() > -1000
    assert volume.padding_hu == (padding if named else None)


def test_padding_that_equals_the_air_of_clipped_scans_is_not_taken_for_padding(tmp_path: Path) -> None:
    write_dicom(marked().volume, tmp_path, tags={"PixelPaddingValue": 0})
    assert open_only(tmp_path).volume.padding_hu is None


def test_unsigned_values_above_int16_are_held_and_do_not_wrap(tmp_path: Path) -> None:
    def bright(data: Any, k: int) -> None:
        data.PixelRepresentation = 0
        data.PixelData = np.full((data.Rows, data.Columns), 60_000, "<u2").tobytes()

    write_dicom(marked().volume, tmp_path, edit=bright)
    assert (open_only(tmp_path).volume.array == 32767).all()


def test_lowest_signed_value_is_held_under_a_negative_intercept(tmp_path: Path) -> None:
    def dark(data: Any, k: int) -> None:
        data.PixelData = np.full((data.Rows, data.Columns), -32768, "<i2").tobytes()

    write_dicom(marked().volume, tmp_path, edit=dark)
    assert (open_only(tmp_path).volume.array == -32768).all()


def test_a_series_without_modality_is_read_as_ct_where_it_has_a_rescale(tmp_path: Path) -> None:
    case = marked()
    write_dicom(case.volume, tmp_path / "with", tags={"Modality": None})
    write_dicom(case.volume, tmp_path / "without", tags={"Modality": None, "RescaleIntercept": None})
    assert open_only(tmp_path / "with").volume.units is Units.HU
    assert open_only(tmp_path / "without").volume.units is Units.UNKNOWN


@pytest.mark.parametrize("tags", [{"RescaleType": "US"}, {"RescaleIntercept": None}, {"Modality": "MR"}])
def test_values_that_are_no_hounsfield_units_are_not_called_so(tags: dict[str, Any], tmp_path: Path) -> None:
    write_dicom(marked().volume, tmp_path, tags=tags)
    loaded = open_only(tmp_path)
    assert loaded.volume.units is Units.UNKNOWN and not loaded.verdict.may_measure


def test_small_slopes_of_other_modalities_keep_their_detail(tmp_path: Path) -> None:
    case = marked()
    write_dicom(case.volume, tmp_path, tags={"Modality": "PT", "RescaleSlope": 0.001, "RescaleIntercept": 0})
    assert np.array_equal(open_only(tmp_path).volume.array, case.volume.array + 1024)


def test_colour_becomes_brightness(tmp_path: Path) -> None:
    def colour(data: Any, k: int) -> None:
        data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, "RGB", 0
        data.BitsAllocated = data.BitsStored = 8
        data.HighBit, data.PixelRepresentation, data.Modality = 7, 0, "OT"
        pixels = np.zeros((data.Rows, data.Columns, 3), np.uint8)
        pixels[0], pixels[1], pixels[2] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
        data.PixelData = pixels.tobytes()

    write_dicom(marked().volume, tmp_path, skip=range(1, 22), edit=colour)
    volume = open_only(tmp_path).volume
    assert volume.units is Units.GREY8
    assert [int(volume.array[0, row, 0]) for row in range(4)] == [76, 150, 29, 0]


def test_memory_given_by_the_caller_is_filled_and_used(tmp_path: Path) -> None:
    case = marked()
    write_dicom(case.volume, tmp_path)
    given: list[np.ndarray] = []

    def allocate(shape: tuple[int, int, int]) -> np.ndarray:
        given.append(np.full(shape, 99, np.int16))
        return given[0]

    assert open_only(tmp_path, allocate=allocate).volume.array is given[0]
    assert np.array_equal(given[0], case.volume.array)


def test_memory_of_the_wrong_shape_is_refused(tmp_path: Path) -> None:
    from inference.errors import InputShapeError

    write_dicom(marked().volume, tmp_path)
    with pytest.raises(InputShapeError):
        open_only(tmp_path, allocate=lambda shape: np.empty((1, 2, 3), np.int16))


def test_a_volume_larger_than_memory_is_refused_before_it_is_allocated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psutil

    write_dicom(marked().volume, tmp_path)
    info = scan(tmp_path).series[0]
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 1000})())
    with pytest.raises(SeriesError, match="memory"):
        load(info)
