"""Every file that pydicom ships for its own tests, broken ones included, opens or is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pydicom.data
import pytest

from inference.errors import InferenceError
from inference.io.open import load, scan, thumbnail
from inference.volume import Units

ROOT = Path(pydicom.data.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*") if path.is_file() and path.suffix not in (".pyc", ".py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_gives_a_volume_or_one_sentence(path: Path) -> None:
    try:
        study = scan(path)
        for info in study.series:
            loaded = load(info, study=study)
            assert loaded.volume.array.shape == (info.slices, info.rows, info.columns)
            assert thumbnail(info, 32).max(initial=0) >= 0
            assert loaded.tags is None or "Rows" in loaded.tags(0)
    except InferenceError as error:
        assert str(error).endswith((".", ".)")) and "\n" not in str(error)


@pytest.mark.parametrize(
    ("name", "units", "highest"),
    [
        ("693_J2KI", Units.HU, 1812),
        ("ExplVR_BigEnd", Units.GREY8, 255),
        ("GDCMJ2K_TextGBR", Units.GREY8, 150),
        ("JPEG-lossy", Units.UNKNOWN, 264),
        ("JPEGLSNearLossless_16", Units.UNKNOWN, 32767),
        ("SC_rgb_jpeg_dcmtk", Units.GREY8, 255),
        ("SC_rgb_jpeg_gdcm", Units.GREY8, 255),
        ("SC_rgb_rle_16bit_2frame", Units.GREY8, 255),
        ("SC_rgb_small_odd_big_endian", Units.GREY8, 158),
        ("SC_ybr_full_422_uncompressed", Units.GREY8, 255),
        ("examples_palette", Units.GREY8, 254),
        ("examples_ybr_color", Units.GREY8, 192),
        ("image_dfl", Units.GREY8, 255),
    ],
)
def test_every_coding_is_decoded(name: str, units: Units, highest: int) -> None:
    volume = load(scan(ROOT / "test_files" / f"{name}.dcm").series[0]).volume
    assert volume.units is units and int(volume.array.max()) == highest


def test_the_whole_folder_opens_and_names_what_it_left_out() -> None:
    study = scan(ROOT)
    assert len(study.series) > 30
    assert study.proposed is not None and study.series[study.proposed].modality == "CT"
    assert any("cut short" in problem.text for problem in study.problems)
    assert any("structured report" in problem.text for problem in study.problems)
    assert [info.index for info in study.series] == list(range(len(study.series)))
    assert len({info.uid for info in study.series}) == len(study.series)


@pytest.mark.parametrize(
    "name",
    ["MR_small_bigendian", "MR_small_implicit", "MR_small_RLE", "MR_small_jp2klossless", "MR_small_jpeg_ls_lossless"],
)
def test_one_picture_in_every_transfer_syntax_has_the_same_pixels(name: str) -> None:
    plain, other = (load(scan(ROOT / "test_files" / f"{which}.dcm").series[0]).volume for which in ("MR_small", name))
    assert (plain.array == other.array).all() and plain.array.std() > 10
    assert plain.units is other.units is Units.UNKNOWN
    assert plain.geometry == other.geometry
