"""NRRD and MetaImage voxels read slice by slice from wherever the header says they lie, as ITK reads them whole."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from inference.errors import SeriesError
from inference.io.open import load, scan, thumbnail
from inference.io.stream import StreamReader

SHAPE = (5, 6, 7)
NRRD_TYPES = {"i2": "short", "u2": "ushort", "u1": "uchar", "f4": "float", "i4": "int", "f8": "double"}
META_TYPES = {"i2": "SHORT", "u2": "USHORT", "u1": "UCHAR", "f4": "FLOAT", "i4": "INT", "f8": "DOUBLE"}


def voxels(code: str) -> NDArray[Any]:
    low = 0 if code[0] == "u" else -900
    return np.random.default_rng(8).integers(low, 250, SHAPE).astype(code)


def nrrd(folder: Path, data: bytes, code: str, encoding: str, endian: str, extra: str = "", end: str = "\n") -> Path:
    lines = ["NRRD0005", "# comment: of no use", f"type: {NRRD_TYPES[code]}", "dimension: 3", "sizes: 7 6 5"]
    lines += ["spacings: 0.5 0.75 2", f"encoding: {encoding}", "encoding:=raw", *filter(None, [endian, extra])]
    (folder / "v.nrrd").write_bytes((end.join(lines) + 2 * end).encode() + data)
    return folder / "v.nrrd"


def meta(folder: Path, data: bytes, code: str, packed: bool, big: bool, extra: str = "", end: str = "\n") -> Path:
    lines = ["ObjectType = Image", "NDims = 3", "BinaryData = True", f"BinaryDataByteOrderMSB = {big}", extra]
    lines += [f"CompressedData = {packed}", "ElementSpacing = 0.5 0.75 2", "DimSize = 7 6 5"]
    lines += [f"ElementType = MET_{META_TYPES[code]}", "ElementDataFile = LOCAL"]
    (folder / "v.mha").write_bytes(end.join([*filter(None, lines), ""]).encode() + data)
    return folder / "v.mha"


def assert_read_as_by_itk(path: Path, streamed: bool = True) -> None:
    info = scan(path).series[0]
    reader = info.source.open()
    assert isinstance(reader, StreamReader) is streamed
    reader.close()
    loaded = load(info)
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    assert expected.std() > 50 and np.array_equal(loaded.volume.array, expected)
    assert thumbnail(info, 20).max() > 0


@pytest.mark.parametrize("code", NRRD_TYPES)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
def test_nrrd_is_read_in_every_type_and_byte_order(code: str, order: str, packed: bool, tmp_path: Path) -> None:
    data = voxels(code).astype(order + code).tobytes()
    endian = {"<": "endian: little", ">": "endian: big"}[order]
    path = nrrd(tmp_path, gzip.compress(data) if packed else data, code, "gzip" if packed else "raw", endian)
    assert_read_as_by_itk(path)


@pytest.mark.parametrize("code", META_TYPES)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
def test_metaimage_is_read_in_every_type_and_byte_order(code: str, order: str, packed: bool, tmp_path: Path) -> None:
    data = voxels(code).astype(order + code).tobytes()
    extra = f"CompressedDataSize = {len(zlib.compress(data))}" if packed else ""
    assert_read_as_by_itk(meta(tmp_path, zlib.compress(data) if packed else data, code, packed, order == ">", extra))


def test_headers_with_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    data = voxels("i2").tobytes()
    assert_read_as_by_itk(meta(tmp_path, data, "i2", False, False, end="\r\n"))
    loaded = load(scan(nrrd(tmp_path, data, "i2", "raw", "endian: little", end="\r\n")).series[0])
    assert np.array_equal(loaded.volume.array, voxels("i2"))


def test_what_is_unusual_is_left_to_itk(tmp_path: Path) -> None:
    data = voxels("i2").tobytes()
    skipping = nrrd(tmp_path, b"12345678" + data, "i2", "raw", "endian: little", "byte skip: 8")
    assert_read_as_by_itk(skipping, streamed=False)
    text = " ".join(str(value) for value in voxels("i2").ravel()).encode()
    assert_read_as_by_itk(nrrd(tmp_path, text, "i2", "ascii", ""), streamed=False)


@pytest.mark.parametrize("suffix", ["nhdr", "mhd"])
def test_detached_voxels_are_read_from_their_own_file(suffix: str, tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(voxels("i2"))
    sitk.WriteImage(image, str(tmp_path / f"v.{suffix}"))
    assert_read_as_by_itk(tmp_path / f"v.{suffix}")


@pytest.mark.parametrize("kind", ["cut", "cut and packed", "damaged", "not packed at all"])
@pytest.mark.parametrize("suffix", ["nrrd", "mha"])
def test_damage_is_one_sentence(kind: str, suffix: str, tmp_path: Path) -> None:
    data, packed = voxels("i2").tobytes(), kind != "cut"
    if packed and kind != "not packed at all":
        data = gzip.compress(data) if suffix == "nrrd" else zlib.compress(data)
    if kind == "damaged":
        data = data[:40] + bytes(value ^ 0x5A for value in data[40:80]) + data[80:]
    elif kind.startswith("cut"):
        data = data[: len(data) * 2 // 3]
    if suffix == "nrrd":
        path = nrrd(tmp_path, data, "i2", "gzip" if packed else "raw", "endian: little")
    else:
        path = meta(tmp_path, data, "i2", packed, False, f"CompressedDataSize = {len(data)}" if packed else "")
    with pytest.raises(SeriesError, match=r"^v\.(nrrd|mha) is [a-z ]+; get it again\.$"):
        load(scan(path).series[0])
