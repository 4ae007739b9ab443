"""How a file wants to be shown: its windows, its VOI LUTs and MONOCHROME1, against pydicom's own VOI functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

from inference.io.open import scan, thumbnail
from inference.io.study import LoadedSeries, VoiTable, WindowLevel
from inference.volume import Units
from tests.helpers.phantoms import write_dicom
from tests.helpers.reading_cases import marked, open_only
from viewer.rendering.lut import grey_table
from viewer.rendering.slice_source import SliceSource


def voi_lut(first: int, entries: NDArray[Any], bits: int, vr: str = "SS", name: str = "") -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", vr, [entries.size % 65536, first, bits])
    item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    if name:
        item.LUTExplanation = name
    return item


def with_luts(*items: Dataset, **tags: Any) -> Callable[[Any, int], None]:
    def edit(data: Any, k: int) -> None:
        data.VOILUTSequence = Sequence(items)
        for keyword, value in tags.items():
            setattr(data, keyword, value)

    return edit


def curve(count: int, bits: int) -> NDArray[Any]:
    """Rises, then falls: no linear window could stand for it."""
    x = np.linspace(0.0, 1.0, count)
    return np.rint(((1 << bits) - 1) * np.sin(2.2 * x) ** 2)


def on_screen(loaded: LoadedSeries, window: WindowLevel, k: int = 0) -> NDArray[np.uint8]:
    """The slice as the viewer shows it when the reader has not inverted it."""
    source = SliceSource(loaded.volume, loaded.info.monochrome1)
    return grey_table(window, source.monochrome1)[loaded.volume.array[k].astype(np.uint16)]


def as_pydicom_shows(path: Path, bits: int, index: int = 0) -> NDArray[Any]:
    data = pydicom.dcmread(path)
    shown = apply_voi_lut(apply_modality_lut(data.pixel_array, data).astype(np.int32), data, index=index)
    return np.rint(255 * (shown / ((1 << bits) - 1)))


@pytest.mark.parametrize(
    ("first", "count", "bits"), [(-1024, 2048, 12), (-900, 75, 10), (-400, 300, 16), (100, 4, 8), (-1024, 65536, 16)]
)
def test_voi_lut_of_a_ct_is_shown_as_the_standard_asks(first: int, count: int, bits: int, tmp_path: Path) -> None:
    paths = write_dicom(marked().volume, tmp_path, edit=with_luts(voi_lut(first, curve(count, bits), bits)))
    loaded = open_only(tmp_path)
    window = loaded.info.windows[0]
    assert window.table is not None and (window.table.first, window.table.entries.size) == (first, count)
    assert np.array_equal(on_screen(loaded, window, 3), as_pydicom_shows(paths[3], bits))


def test_luts_come_before_windows_and_keep_their_names(tmp_path: Path) -> None:
    luts = (voi_lut(-1000, curve(50, 8), 8, name="BONE+"), voi_lut(0, curve(90, 12), 12))
    paths = write_dicom(marked().volume, tmp_path, edit=with_luts(*luts, WindowCenter=40, WindowWidth=400))
    loaded = open_only(tmp_path)
    assert [(w.name, w.width, w.table is None) for w in loaded.info.windows] == [
        ("BONE+", 50, False), ("2", 90, False), ("", 400, True),
    ]  # fmt: skip
    for n, bits in enumerate((8, 12)):
        assert np.array_equal(on_screen(loaded, loaded.info.windows[n], 12), as_pydicom_shows(paths[12], bits, n))


def test_unnamed_single_lut_has_no_number(tmp_path: Path) -> None:
    write_dicom(marked().volume, tmp_path, edit=with_luts(voi_lut(0, curve(90, 12), 12)))
    assert [window.name for window in open_only(tmp_path).info.windows] == [""]


@pytest.mark.parametrize("syntax", ["ImplicitVRLittleEndian", "ExplicitVRBigEndian"])
def test_lut_is_read_in_every_encoding(syntax: str, tmp_path: Path) -> None:
    entries = curve(300, 12)

    def edit(data: Any, k: int) -> None:
        item = voi_lut(-400, entries, 12)
        data.file_meta.TransferSyntaxUID = getattr(pydicom.uid, syntax)
        if syntax == "ExplicitVRBigEndian":
            data.set_original_encoding(False, False)
            data.PixelData = np.frombuffer(data.PixelData, "<i2").astype(">i2").tobytes()
            item.LUTData = entries.astype(">u2").tobytes()
        data.VOILUTSequence = Sequence([item])

    write_dicom(marked().volume, tmp_path, edit=edit)
    table = open_only(tmp_path).info.windows[0].table
    assert table == VoiTable.of(-400, 12, entries)


def test_first_value_written_without_its_sign_is_negative_where_hounsfield_units_are(tmp_path: Path) -> None:
    def edit(data: Any, k: int) -> None:
        data.PixelRepresentation = 0
        data.VOILUTSequence = Sequence([voi_lut(65536 - 1000, curve(300, 12), 12, "US")])

    write_dicom(marked().volume, tmp_path, edit=edit)
    table = open_only(tmp_path).info.windows[0].table
    assert table is not None and table.first == -1000


def test_8_bit_entries_packed_in_words_are_told_apart(tmp_path: Path) -> None:
    item = voi_lut(-900, curve(74, 8), 8)
    item.LUTData = curve(74, 8).astype(np.uint8).tobytes()
    write_dicom(marked().volume, tmp_path, edit=with_luts(item))
    assert open_only(tmp_path).info.windows[0].table == VoiTable.of(-900, 8, curve(74, 8))


def cut(item: Dataset) -> None:
    item.LUTData = item.LUTData[:-40]


def without_data(item: Dataset) -> None:
    del item.LUTData


def bits_of_nothing(item: Dataset) -> None:
    item.LUTDescriptor = [300, -400, 0]


def short_descriptor(item: Dataset) -> None:
    item.LUTDescriptor = [300, -400]


@pytest.mark.parametrize("damage", [cut, without_data, bits_of_nothing, short_descriptor], ids=lambda d: d.__name__)
def test_damaged_lut_is_left_out_and_the_image_still_opens(damage: Callable[[Dataset], None], tmp_path: Path) -> None:
    item = voi_lut(-400, curve(300, 12), 12)
    damage(item)
    write_dicom(marked().volume, tmp_path, edit=with_luts(item, WindowCenter=40, WindowWidth=400))
    assert [window.width for window in open_only(tmp_path).info.windows] == [400]


def film(folder: Path, photometric: str, modality: str = "CR", **tags: Any) -> NDArray[Any]:
    """One 12-bit X-ray without rescale; returns its stored values."""

    def edit(data: Any, k: int) -> None:
        data.Modality, data.PhotometricInterpretation = modality, photometric
        data.PixelRepresentation, data.BitsStored, data.HighBit = 0, 12, 11
        data.WindowCenter, data.WindowWidth = 1000, 800
        for keyword in ("RescaleSlope", "RescaleIntercept", "RescaleType", "ImagePositionPatient"):
            del data[keyword]
        for keyword, value in tags.items():
            setattr(data, keyword, value)

    case = marked()
    write_dicom(case.volume, folder, skip=range(1, 22), edit=edit)
    return case.volume.array[0].astype(int) + 1024


def test_monochrome1_films_are_turned_so_that_high_is_bright_and_windows_with_them(tmp_path: Path) -> None:
    values = film(tmp_path, "MONOCHROME1")
    loaded = open_only(tmp_path)
    assert np.array_equal(loaded.volume.array[0], 4095 - values)
    assert loaded.info.is_xray and loaded.info.windows[0].level == 4095 - 1000 and loaded.info.windows[0].width == 800


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_films_look_as_their_lut_and_photometric_interpretation_ask(photometric: str, tmp_path: Path) -> None:
    film(tmp_path, photometric, VOILUTSequence=Sequence([voi_lut(40, curve(200, 12), 12, "US")]))
    loaded = open_only(tmp_path)
    assert not loaded.info.monochrome1
    expected = as_pydicom_shows(next(tmp_path.iterdir()), 12)
    shown = on_screen(loaded, loaded.info.windows[0])
    assert expected.std() > 20
    assert np.abs(shown - (255 - expected if photometric == "MONOCHROME1" else expected)).max() <= 1


def test_films_whose_values_do_not_fit_have_their_lut_spread_alike(tmp_path: Path) -> None:
    def edit(data: Any, k: int) -> None:
        data.Modality, data.PixelRepresentation, data.BitsStored, data.HighBit = "DX", 0, 16, 15
        data.PixelData = (np.frombuffer(data.PixelData, "<i2").astype(np.int64) * 30).astype("<u2").tobytes()
        data.VOILUTSequence = Sequence([voi_lut(1200, curve(9_000, 16), 16, "US")])
        for keyword in ("RescaleSlope", "RescaleIntercept", "RescaleType"):
            del data[keyword]

    paths = write_dicom(marked().volume, tmp_path, skip=range(1, 22), edit=edit)
    loaded = open_only(tmp_path)
    assert loaded.volume.array.max() < 32767
    shown = on_screen(loaded, loaded.info.windows[0])
    assert shown.std() > 20 and np.abs(shown - as_pydicom_shows(paths[0], 16)).max() <= 1


def test_two_films_of_one_series_are_two_pictures_and_no_stack(tmp_path: Path) -> None:
    film(tmp_path / "a", "MONOCHROME2")
    path = next((tmp_path / "a").iterdir())
    data = pydicom.dcmread(path)
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    data.save_as(tmp_path / "a" / "second.dcm")
    assert [info.slices for info in scan(tmp_path).series] == [1, 1]


def test_monochrome1_ct_keeps_its_hounsfield_units_and_is_shown_inverted(tmp_path: Path) -> None:
    case = marked()
    write_dicom(case.volume, tmp_path / "1", tags={"PhotometricInterpretation": "MONOCHROME1"})
    write_dicom(case.volume, tmp_path / "2")
    one, two = open_only(tmp_path / "1"), open_only(tmp_path / "2")
    assert one.volume.units is Units.HU and np.array_equal(one.volume.array, case.volume.array)
    assert one.info.monochrome1 and not two.info.monochrome1
    window = WindowLevel(200, -850)
    assert on_screen(two, window).std() > 20
    assert np.array_equal(on_screen(one, window), 255 - on_screen(two, window))


def test_thumbnail_of_a_monochrome1_ct_is_inverted_once_and_of_a_film_turned_once(tmp_path: Path) -> None:
    looks = {"WindowCenter": -850, "WindowWidth": 200}
    write_dicom(marked().volume, tmp_path / "1", tags={"PhotometricInterpretation": "MONOCHROME1", **looks})
    write_dicom(marked().volume, tmp_path / "2", tags=looks)
    one, two = (thumbnail(scan(tmp_path / name).series[0], 40).astype(int) for name in "12")
    assert np.abs(one + two - 255).max() <= 1 and two.std() > 5
    film(tmp_path / "film1", "MONOCHROME1", WindowCenter=180, WindowWidth=200)
    film(tmp_path / "film2", "MONOCHROME2", WindowCenter=180, WindowWidth=200)
    one, two = (thumbnail(scan(tmp_path / name).series[0], 40).astype(int) for name in ("film1", "film2"))
    assert np.abs(one + two - 255).max() <= 3 and two.std() > 5


def test_thumbnail_shows_the_lut(tmp_path: Path) -> None:
    falling = np.arange(2000)[::-1] * 2
    write_dicom(marked().volume, tmp_path / "plain", tags={"WindowCenter": 0, "WindowWidth": 2000})
    write_dicom(marked().volume, tmp_path / "lut", edit=with_luts(voi_lut(-1000, falling, 12)))
    plain, shown = (thumbnail(scan(tmp_path / name).series[0], 40) for name in ("plain", "lut"))
    assert shown.mean() > 200 > 50 > plain.mean()


def test_every_window_of_the_file_is_kept_with_its_name_and_function(tmp_path: Path) -> None:
    windows = {"WindowCenter": [50, -600], "WindowWidth": [350, 1200], "WindowCenterWidthExplanation": ["A", "B"]}
    write_dicom(marked().volume, tmp_path, tags={**windows, "VOILUTFunction": "SIGMOID"})
    found = scan(tmp_path).series[0].windows
    assert [(w.width, w.level, w.name, w.function) for w in found] == [
        (350, 50, "A", "SIGMOID"),
        (1200, -600, "B", "SIGMOID"),
    ]
