"""Files that lie about themselves: refused in one sentence, before time or memory goes into them."""

from __future__ import annotations

import bz2
import os
import shutil
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from inference.commands.info import describe
from inference.errors import SeriesError
from inference.io import deflated
from inference.io.open import load, scan
from inference.verdict import Colour
from inference.volume import VolumeGeometry
from tests.helpers.phantoms import write_dicom
from tests.helpers.reading_cases import Marked, assert_points_found, marked, open_only, texts


def test_number_of_frames_that_no_file_could_hold_is_refused_at_once(tmp_path: Path) -> None:
    paths = write_dicom(marked().volume, tmp_path, skip=range(1, 22))
    data = pydicom.dcmread(paths[0])
    data.compress(RLELossless)
    data.NumberOfFrames = 2_000_000_000
    data.save_as(paths[0])
    with pytest.raises(SeriesError, match="cut short"):
        scan(tmp_path)


def test_compressed_frames_at_one_position_are_told_apart_by_one_look_at_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_dicom(marked().volume, tmp_path, skip=range(1, 22))
    data = pydicom.dcmread(paths[0])
    data.compress(RLELossless)
    data.NumberOfFrames = 60
    data.save_as(paths[0])
    from inference.io.dicom_fingerprint import FramePixels

    read: list[int] = []
    look = FramePixels._hash
    monkeypatch.setattr(FramePixels, "_hash", lambda self, *where: read.append(1) or look(self, *where))
    assert "position_conflict" in {reason.code for reason in scan(tmp_path).series[0].verdict.reasons}
    assert len(read) == 1


def _widened(data: bytearray, syntax: str) -> None:
    if syntax == JPEG2000Lossless:
        start = data.index(b"\xff\x4f\xff\x51")
        struct.pack_into(">II", data, start + 8, 40000, 40000)
        struct.pack_into(">II", data, start + 24, 40000, 40000)
    else:
        struct.pack_into(">HH", data, data.index(b"\xff\xf7") + 5, 60000, 60000)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless])
def test_codestream_larger_than_its_header_says_never_reaches_a_decoder(
    syntax: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_dicom(marked().volume, tmp_path, edit=lambda data, k: data.compress(syntax))
    for path in paths:
        data = bytearray(path.read_bytes())
        _widened(data, syntax)
        path.write_bytes(data)

    def decode(*_: Any) -> None:
        raise AssertionError("a decoder was asked")

    monkeypatch.setattr("inference.io.dicom_read.Decoder.read", decode)
    study = scan(tmp_path)
    with pytest.raises(SeriesError, match="another size than its header names"):
        load(study.series[0])


def test_deflated_file_that_unfolds_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deflate(data: Any, k: int) -> None:
        data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    case = marked()
    paths = write_dicom(case.volume, tmp_path / "ct", edit=deflate)
    assert_points_found(open_only(tmp_path / "ct"), case)
    whole = paths[0].read_bytes()
    meta = 144 + int.from_bytes(whole[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(struct.pack("<HH2sHI", 9, 16, b"OB", 0, 1 << 26) + bytes(1 << 26)) + packer.flush()
    (tmp_path / "bomb.dcm").write_bytes(whole[:meta] + body)
    monkeypatch.setattr(deflated, "SUSPECT_BYTES", 1 << 22)
    with pytest.raises(SeriesError, match="unfold"):
        scan(tmp_path / "bomb.dcm")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SeriesError, match="neither a file nor a folder"):
        scan(tmp_path / "pipe")


def _film(folder: Path) -> Path:
    tags = {"Modality": "DX", "ImagePositionPatient": None, "ImageOrientationPatient": None, "RescaleIntercept": None}
    return write_dicom(marked().volume, folder, skip=range(1, 22), tags=tags)[0]


def test_film_and_its_copy_are_one_film(tmp_path: Path) -> None:
    film = _film(tmp_path)
    shutil.copy(film, tmp_path / "copy of it.dcm")
    study = scan(tmp_path)
    assert [info.slices for info in study.series] == [1]
    assert "exact copy" in texts(study)


def test_parts_of_a_folder_that_lies_there_twice_stay_one_stack(tmp_path: Path) -> None:
    case = marked()
    write_dicom(case.volume, tmp_path / "ct")
    shutil.copytree(tmp_path / "ct", tmp_path / "copy")
    assert_points_found(open_only(tmp_path), case)


def test_member_of_an_archive_that_cannot_be_unpacked_is_told_without_its_name_in_a_list(tmp_path: Path) -> None:
    write_dicom(marked().volume, tmp_path / "ct")
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        for path in (tmp_path / "ct").iterdir():
            archive.write(path, path.name)
        archive.writestr("PX-4471.dcm", (tmp_path / "ct" / "I00003.dcm").read_bytes())
    data = bytearray((tmp_path / "study.zip").read_bytes())
    data[data.index(b"PX-4471.dcm") + 900] ^= 255
    (tmp_path / "study.zip").write_bytes(data)
    said = describe(scan(tmp_path / "study.zip"))["problems"]
    assert len(said) == 1 and "4471" not in said[0]


@pytest.mark.parametrize("slope", ["0", "nan", "2,5", "one"])
def test_slope_that_is_no_number_leaves_no_hounsfield_units(slope: str, tmp_path: Path) -> None:
    paths = write_dicom(marked().volume, tmp_path, tags={"RescaleSlope": "7.777"})
    for path in paths:
        path.write_bytes(path.read_bytes().replace(b"7.777 ", slope.encode().ljust(6)))
    verdict = scan(tmp_path).series[0].verdict
    assert verdict.colour is Colour.RED
    assert "no_rescale" in {reason.code for reason in verdict.reasons}


def test_damaged_picture_is_refused_though_it_can_be_decoded(tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 50), np.uint8)).save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(SeriesError, match="damaged"):
        open_only(tmp_path / "a.png")


def test_picture_of_endless_size_is_called_too_large(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    struct.pack_into(">II", data, 16, 60000, 60000)
    struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(SeriesError, match="more pixels than any"):
        scan(tmp_path / "a.png")


def test_nifti_whose_offset_was_left_0_begins_behind_its_header(tmp_path: Path) -> None:
    case = marked()
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ case.volume.geometry.affine
    nibabel.save(nibabel.Nifti1Image(case.volume.array.T, affine), tmp_path / "a.nii")
    data = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<f", data, 108, 0.0)
    (tmp_path / "a.nii").write_bytes(data)
    assert_points_found(open_only(tmp_path / "a.nii"), case)


def _nrrd(case: Marked, space: str, encoding: str, voxels: bytes) -> bytes:
    header = (
        f"NRRD0004\ntype: short\ndimension: 3\nsizes: {' '.join(str(n) for n in case.volume.array.shape[::-1])}\n"
        f"encoding: {encoding}\nendian: little\n{space}\n\n"
    )
    return header.encode() + voxels


def _directions(geometry: VolumeGeometry) -> str:
    columns = [f"({','.join(str(float(v)) for v in geometry.affine[:3, n])})" for n in range(4)]
    return f"space: left-posterior-superior\nspace directions: {' '.join(columns[:3])}\nspace origin: {columns[3]}"


def test_nrrd_packed_by_bzip2_is_read(tmp_path: Path) -> None:
    case = marked()
    packed = bz2.compress(case.volume.array.tobytes())
    (tmp_path / "a.nrrd").write_bytes(_nrrd(case, _directions(case.volume.geometry), "bzip2", packed))
    assert_points_found(open_only(tmp_path / "a.nrrd"), case)


def test_nrrd_that_names_a_space_but_no_directions_has_no_sides(tmp_path: Path) -> None:
    case = marked()
    data = _nrrd(case, "space: left-posterior-superior", "raw", case.volume.array.tobytes())
    (tmp_path / "a.nrrd").write_bytes(data)
    assert not open_only(tmp_path / "a.nrrd").source_geometry.orientation_known
