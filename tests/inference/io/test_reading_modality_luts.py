"""Modality LUTs stand in place of the rescale; one that cannot be read says that there are no Hounsfield units."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut
from pydicom.sequence import Sequence

from inference.verdict import Colour
from inference.volume import Units
from tests.helpers.phantoms import write_dicom
from tests.helpers.reading_cases import marked, open_only


def lut(first: int, entries: NDArray[Any], kind: str = "HU", *, bits: int = 16, count: int | None = None) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS", [(entries.size if count is None else count) % 65536, first, bits])
    item.ModalityLUTType = kind
    item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    return item


def with_table(*items: Dataset, keep_rescale: bool = False) -> Callable[[Any, int], None]:
    def edit(data: Any, k: int) -> None:
        data.ModalityLUTSequence = Sequence(items)
        if not keep_rescale:
            del data.RescaleSlope, data.RescaleIntercept
            if "RescaleType" in data:
                del data.RescaleType

    return edit


def bent(count: int) -> NDArray[Any]:
    """No line could stand for it, and it falls in places."""
    return np.rint(1500 + 1400 * np.sin(np.linspace(0.0, 4.0, count)))


@pytest.mark.parametrize(("first", "count"), [(0, 2000), (120, 40), (-30, 900)])
@pytest.mark.parametrize("keep_rescale", [False, True])
def test_the_table_gives_the_values_and_no_rescale_is_added(
    first: int, count: int, keep_rescale: bool, tmp_path: Path
) -> None:
    table = lut(first, bent(count), "OD")
    paths = write_dicom(marked().volume, tmp_path, edit=with_table(table, keep_rescale=keep_rescale))
    loaded = open_only(tmp_path)
    assert loaded.volume.units is Units.UNKNOWN
    for k in (3, 17):
        data = pydicom.dcmread(paths[k])
        expected = apply_modality_lut(data.pixel_array, data)
        assert np.ptp(expected) > 5, "a table that gives one value would prove nothing"
        assert np.array_equal(loaded.volume.array[k], expected)


def test_a_table_of_hounsfield_units_counts_as_hounsfield_units(tmp_path: Path) -> None:
    write_dicom(marked().volume, tmp_path, edit=with_table(lut(0, bent(2000), "HU")))
    loaded = open_only(tmp_path)
    assert loaded.volume.units is Units.HU
    assert not {"rescale_type", "no_rescale"} & {reason.code for reason in loaded.info.verdict.reasons}


@pytest.mark.parametrize(("kind", "words"), [("OD", "OD"), ("US", "unspecified units"), ("", "unspecified units")])
def test_a_table_of_other_units_is_named_and_nothing_is_measured(kind: str, words: str, tmp_path: Path) -> None:
    write_dicom(marked().volume, tmp_path, edit=with_table(lut(0, bent(2000), kind)))
    verdict = open_only(tmp_path).info.verdict
    (reason,) = [reason for reason in verdict.reasons if reason.code == "rescale_type"]
    assert verdict.colour is Colour.RED
    assert words.lower() in reason.text.lower() and "not in Hounsfield units" in reason.text


@pytest.mark.parametrize(
    "tables",
    [
        (lut(0, bent(2000)), lut(0, bent(2000))),
        (lut(0, bent(200), count=900),),
        (lut(0, bent(900), count=200),),
        (lut(0, bent(200), bits=5),),
    ],
    ids=["two tables", "too short", "too long", "five bits"],
)
def test_a_table_that_cannot_be_read_leaves_pictures_without_hounsfield_units(
    tables: tuple[Dataset, ...], tmp_path: Path
) -> None:
    paths = write_dicom(marked().volume, tmp_path, edit=with_table(*tables, keep_rescale=True))
    loaded = open_only(tmp_path)
    (reason,) = [reason for reason in loaded.info.verdict.reasons if reason.code == "rescale_type"]
    assert loaded.info.verdict.colour is Colour.RED and loaded.volume.units is Units.UNKNOWN
    assert (
        reason.text == "The table that gives the values (Modality LUT) cannot be read, so they are not Hounsfield units"
    )
    stored = pydicom.dcmread(paths[3]).pixel_array
    assert np.array_equal(loaded.volume.array[3], stored), "the picture can still be looked at"
