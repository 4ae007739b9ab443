"""What people really open: mixed folders, archives and discs."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.errors import SeriesError
from inference.io import sources
from inference.io.open import load, scan
from inference.io.study import SeriesInfo
from tests.helpers.phantoms import write_dicom
from tests.helpers.reading_cases import assert_points_found, marked, open_only, texts


def mixed_study(folder: Path) -> None:
    """Two kernels of one chest, a scout, a thick abdomen, a report, notes and a picture, in nested folders."""
    case = marked()
    write_dicom(case.volume, folder / "ct" / "soft", tags={"ConvolutionKernel": "B31f", "SeriesNumber": 2})
    lung = {"ConvolutionKernel": "B60f", "SeriesNumber": 3}
    write_dicom(case.volume, folder / "ct" / "lung", series_uid="1.2.3.2", tags=lung)
    scout = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"], "SeriesDescription": "Topogram", "SeriesNumber": 1}
    write_dicom(case.volume, folder / "scout", skip=range(1, 22), series_uid="1.2.3.4", tags=scout)
    abdomen = {"SeriesDescription": "Abdomen", "BodyPartExamined": "ABDOMEN", "FrameOfReferenceUID": "1.2.9"}
    write_dicom(case.volume, folder / "other", series_uid="1.2.3.5", thickness_mm=5.0, tags=abdomen)
    report = {"Modality": "SR", "PixelData": None, "Rows": None, "Columns": None}
    write_dicom(case.volume, folder / "report", skip=range(1, 22), series_uid="1.2.3.6", tags=report)
    (folder / "notes.txt").write_text("nothing to see")
    (folder / "ct" / "broken.dcm").write_text("this is text")


def test_mixed_folder_gives_each_series_and_says_what_it_left_out(tmp_path: Path) -> None:
    mixed_study(tmp_path)
    told: list[SeriesInfo] = []
    study = scan(tmp_path, on_series=told.append)
    assert sorted((info.description, info.slices) for info in study.series) == [
        ("Abdomen", 22),
        ("Chest", 22),
        ("Chest", 22),
        ("Topogram", 1),
    ]
    assert [info.index for info in told] == [info.index for info in study.series] == [0, 1, 2, 3]
    assert "structured report" in texts(study) and "broken.dcm is named like a DICOM file" in texts(study)
    assert "notes" not in texts(study) and study.files_seen == 22 * 3 + 4


def test_chest_is_proposed_with_its_reason_and_its_other_kernel(tmp_path: Path) -> None:
    mixed_study(tmp_path)
    study = scan(tmp_path)
    assert study.proposed is not None
    proposed = study.series[study.proposed]
    assert proposed.kernel in ("B31f", "B60f")
    assert "thin 2.5 mm" in proposed.reason and "chest" in proposed.reason
    other = next(info for info in study.series if info.kernel in {"B31f", "B60f"} - {proposed.kernel})
    assert f"same scan as series {other.index}" in proposed.reason
    assert f"same scan as series {proposed.index}" in other.reason
    abdomen = next(info for info in study.series if info.description == "Abdomen")
    assert abdomen.score < proposed.score and "same scan" not in abdomen.reason and "not chest" in abdomen.reason


def test_scout_is_the_localizer_of_the_same_frame_of_reference_only(tmp_path: Path) -> None:
    mixed_study(tmp_path)
    study = scan(tmp_path)
    scouts = {info.description: load(info, study=study).scout for info in study.series}
    assert scouts["Chest"] is not None and scouts["Chest"].is_localizer
    assert scouts["Abdomen"] is None and scouts["Topogram"] is None


def test_everything_but_the_identity_is_free_of_the_patient_and_of_file_names(tmp_path: Path) -> None:
    mixed_study(tmp_path)
    for info in scan(tmp_path).series:
        public = " ".join(str(getattr(info, name)) for name in vars(info) if name not in ("identity", "source"))
        assert "PHANTOM" not in public and ".dcm" not in public and str(tmp_path) not in public
        assert info.identity.name == "PHANTOM^TEST" and "PHANTOM" not in repr(info).replace(repr(info.identity), "")


def test_series_spread_over_folders_is_one_series_and_is_told_again_when_it_grows(tmp_path: Path) -> None:
    case = marked()
    for number, path in enumerate(write_dicom(case.volume, tmp_path)):
        (tmp_path / str(number % 3)).mkdir(exist_ok=True)
        path.rename(tmp_path / str(number % 3) / path.name)
    told: list[SeriesInfo] = []
    study = scan(tmp_path, on_series=told.append)
    assert [info.slices for info in study.series] == [22]
    assert told[-1].slices == 22 and {info.uid for info in told} == {study.series[0].uid}
    assert_points_found(load(study.series[0]), case)


def test_one_file_of_a_series_is_that_file_alone(tmp_path: Path) -> None:
    paths = write_dicom(marked().volume, tmp_path)
    assert open_only(paths[4]).volume.array.shape[0] == 1


def test_tags_of_a_slice_come_from_that_slice_without_pixels(tmp_path: Path) -> None:
    case = marked()
    write_dicom(case.volume, tmp_path, shuffle_instance_numbers=True, skip=(5,))
    loaded = open_only(tmp_path)
    assert loaded.tags is not None
    for k in (0, 4, 6, 21):
        data: Any = loaded.tags(k)
        assert float(data.ImagePositionPatient[2]) == pytest.approx(case.volume.geometry.to_patient((k, 0, 0))[2])
        assert "PixelData" not in data
    assert not loaded.tags(5), "nothing is told of a slice that is missing"


# archives -----------------------------------------------------------------------------------------------------------


def zipped(folder: Path, path: Path, *, prefix: str = "export/") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, prefix + str(file.relative_to(folder)))
    return path


def test_zip_reads_like_its_folder_and_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    case = marked()
    write_dicom(case.volume, tmp_path / "in" / "deep")
    path = zipped(tmp_path / "in", tmp_path / "study.zip")
    before = sorted(tmp_path.rglob("*"))
    loaded = open_only(path)
    assert np.array_equal(loaded.volume.array, case.volume.array)
    assert loaded.tags is not None and "Rows" in loaded.tags(3)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("syntax", ["RLELossless", "JPEGLSLossless"])
def test_compressed_slices_are_decoded_from_a_zip(syntax: str, tmp_path: Path) -> None:
    import pydicom.uid

    case = marked()
    write_dicom(case.volume, tmp_path / "in", edit=lambda data, k: data.compress(getattr(pydicom.uid, syntax)))
    loaded = open_only(zipped(tmp_path / "in", tmp_path / "study.zip"))
    assert np.array_equal(loaded.volume.array, case.volume.array)


def test_volumes_and_pictures_in_a_zip_are_read(tmp_path: Path) -> None:
    import nibabel as nib
    import SimpleITK as sitk
    from PIL import Image

    folder = tmp_path / "in"
    folder.mkdir()
    values = np.arange(-1000, -880, dtype=np.int16).reshape(4, 5, 6)
    nib.save(nib.Nifti1Image(values.transpose(2, 1, 0), np.eye(4)), folder / "a.nii.gz")
    sitk.WriteImage(sitk.GetImageFromArray(values), str(folder / "b.mhd"))
    sitk.WriteImage(sitk.GetImageFromArray(values), str(folder / "c.nrrd"))
    Image.fromarray(np.full((9, 7), 77, np.uint8)).save(folder / "d.png")
    study = scan(zipped(folder, tmp_path / "study.zip"))
    loaded = {info.kind: load(info).volume for info in study.series}
    assert sorted(loaded) == ["image", "metaimage", "nifti", "nrrd"]
    assert all(np.array_equal(loaded[kind].array, values) for kind in ("metaimage", "nifti", "nrrd"))
    assert (loaded["image"].array == 77).all()


def member_bytes() -> bytes:
    from pydicom.data import get_testdata_file

    return Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()


@pytest.mark.parametrize("name", ["../evil.dcm", "a/../../evil.dcm", "/tmp/evil.dcm", "..\\evil.dcm", "C:\\evil.dcm"])
def test_names_that_lead_out_of_the_archive_are_left_out(name: str, tmp_path: Path) -> None:
    path = tmp_path / "box" / "study.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), member_bytes())
        archive.writestr("good.dcm", member_bytes())
    study = scan(path)
    assert [info.slices for info in study.series] == [1] and "leads out of the archive" in texts(study)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["study.zip"]


def test_zip_bomb_is_refused_before_anything_is_unfolded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "SUSPECT_BYTES", 1 << 20)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("a member was unfolded"))
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        monkeypatch.undo()
        archive.writestr("big.dcm", bytes(4 << 20))
    monkeypatch.setattr(sources, "SUSPECT_BYTES", 1 << 20)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("a member was unfolded"))
    with pytest.raises(SeriesError, match="would unfold"):
        scan(path)


def test_archive_that_is_too_large_or_holds_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5):
            archive.writestr(f"{number}.dcm", member_bytes())
    monkeypatch.setattr(sources, "MAX_MEMBERS", 4)
    with pytest.raises(SeriesError, match="5 files"):
        scan(path)
    monkeypatch.setattr(sources, "MAX_MEMBERS", 5)
    monkeypatch.setattr(sources, "MAX_TOTAL_BYTES", 100_000)
    with pytest.raises(SeriesError, match="would unfold"):
        scan(path)


def test_archive_in_an_archive_is_named_and_not_opened(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("hidden.dcm", member_bytes())
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("seen.dcm", member_bytes())
    study = scan(tmp_path / "outer.zip")
    assert len(study.series) == 1 and "inner.zip is an archive" in texts(study)


def test_damaged_archive_and_damaged_member_are_one_sentence(tmp_path: Path) -> None:
    write_dicom(marked().volume, tmp_path / "in")
    path = zipped(tmp_path / "in", tmp_path / "study.zip")
    data = bytearray(path.read_bytes())
    (tmp_path / "cut.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(SeriesError, match=r"cut\.zip"):
        scan(tmp_path / "cut.zip")
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    path.write_bytes(data)
    study = scan(path)
    assert study.series[0].slices < 22 and "cannot be read" in texts(study)


# discs --------------------------------------------------------------------------------------------------------------


def disc(folder: Path) -> Path:
    from pydicom.fileset import FileSet

    write_dicom(marked().volume, folder / "in", tags={"StudyID": "1", "StudyTime": "101010", "AccessionNumber": ""})
    files = FileSet()
    for path in (folder / "in").iterdir():
        files.add(path)
    files.write(folder / "disc")
    return folder / "disc" / "DICOMDIR"


def test_dicomdir_opens_the_files_it_names(tmp_path: Path) -> None:
    path = disc(tmp_path)
    loaded = open_only(path)
    assert_points_found(loaded, marked())
    assert_points_found(open_only(path.parent), marked())


def test_dicomdir_names_what_is_missing_and_finds_names_in_another_case(tmp_path: Path) -> None:
    path = disc(tmp_path)
    files = sorted(file for file in path.parent.rglob("*") if file.is_file() and file != path)
    files[3].unlink()
    files[4].rename(files[4].with_name(files[4].name.lower()))
    study = scan(path)
    assert study.series[0].slices == 21
    assert [problem.file for problem in study.problems] == [files[3].name]


def test_dicomdir_may_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    import pydicom

    path = disc(tmp_path)
    data = pydicom.dcmread(path)
    for record in data.DirectoryRecordSequence:
        if "ReferencedFileID" in record:
            record.ReferencedFileID = ["..", "in", "I00000.dcm"]
    data.save_as(path)
    with pytest.raises(SeriesError, match="outside the folder"):
        scan(path)
