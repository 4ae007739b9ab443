"""Broken files, links, pictures, and a change of mind: one sentence each, or what can still be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.errors import Cancelled, SeriesError
from inference.io import scanning, sources
from inference.io.open import load, scan
from inference.io.study import FirstImage
from inference.pipeline.cancellation import CancellationToken
from inference.verdict import Colour
from inference.volume import Units
from tests.helpers.phantoms import write_dicom
from tests.helpers.reading_cases import assert_points_found, marked, open_only, texts

# broken things ------------------------------------------------------------------------------------------------------


def test_truncated_slice_is_named_and_leaves_a_gap(tmp_path: Path) -> None:
    case = marked()
    paths = write_dicom(case.volume, tmp_path)
    paths[8].write_bytes(paths[8].read_bytes()[:-700])
    study = scan(tmp_path)
    assert "cut short" in texts(study) and [problem.file for problem in study.problems] == [paths[8].name]
    loaded = load(study.series[0], study=study)
    assert loaded.volume.missing_slices == (8,)
    assert study.series[0].verdict.colour > Colour.GREEN


def test_truncated_compressed_slice_becomes_a_gap_when_it_is_decoded(tmp_path: Path) -> None:
    import pydicom.uid

    case = marked()
    jpeg_ls = pydicom.uid.JPEGLSLossless
    paths = write_dicom(case.volume, tmp_path, edit=lambda data, k: data.compress(jpeg_ls))
    middle = case.volume.array.shape[0] // 2
    paths[middle].write_bytes(paths[middle].read_bytes()[:-600])
    first: list[FirstImage] = []
    loaded = open_only(tmp_path, on_first_image=first.append)
    assert loaded.volume.missing_slices == (middle,) and first[0].k != middle
    assert (loaded.volume.array[middle] == -1024).all()
    assert loaded.verdict.colour > loaded.info.verdict.colour or not loaded.verdict.may_measure
    assert np.array_equal(loaded.volume.array[middle - 1], case.volume.array[middle - 1])


def test_series_of_damaged_slices_is_refused_in_one_sentence(tmp_path: Path) -> None:
    import pydicom.uid

    jpeg_ls = pydicom.uid.JPEGLSLossless
    for path in write_dicom(marked().volume, tmp_path, edit=lambda data, k: data.compress(jpeg_ls)):
        path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(SeriesError, match="cannot be decoded"):
        open_only(tmp_path)


def test_file_that_disappears_between_scan_and_load_is_one_sentence(tmp_path: Path) -> None:
    paths = write_dicom(marked().volume, tmp_path)
    info = scan(tmp_path).series[0]
    paths[2].unlink()
    with pytest.raises(SeriesError, match=paths[2].name):
        load(info)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("text.dcm", b"This is a letter, not an image. " * 20, "no image that Groundglass reads"),
        ("empty.dcm", b"", "no image that Groundglass reads"),
        ("note.txt", b"hello", "no image that Groundglass reads"),
        ("cut.nii.gz", b"\x1f\x8b\x08\x00\x00\x00", "damaged"),
        ("text.nii", b"no volume at all" * 40, "no NIfTI file"),
        ("text.nrrd", b"no volume at all", "damaged NRRD header"),
        ("text.mha", b"no volume at all", "damaged MetaImage header"),
        ("text.png", b"no picture", "no picture"),
        ("text.zip", b"no archive", "archive"),
        ("zeros", bytes(4000), "no image that Groundglass reads"),
    ],
)
def test_files_that_are_not_what_their_name_says_are_refused_in_one_sentence(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SeriesError, match=words) as told:
        scan(tmp_path / name)
    assert name in str(told.value) and "\n" not in str(told.value) and str(tmp_path) not in str(told.value)


def test_cut_nifti_is_refused_packed_and_plain(tmp_path: Path) -> None:
    import nibabel as nib

    image = nib.Nifti1Image(np.random.default_rng(0).integers(-900, 900, (20, 20, 20)).astype(np.int16), np.eye(4))
    for name in ("whole.nii", "whole.nii.gz"):
        nib.save(image, tmp_path / name)
        data = (tmp_path / name).read_bytes()
        cut = tmp_path / name.replace("whole", "cut")
        cut.write_bytes(data[: len(data) // 2])
        with pytest.raises(SeriesError, match="cut short"):
            open_only(cut)


def test_empty_folder_folder_without_images_and_no_folder_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SeriesError, match="empty is empty"):
        scan(tmp_path / "empty")
    (tmp_path / "empty" / "readme.txt").write_text("x")
    with pytest.raises(SeriesError, match="none of them an image"):
        scan(tmp_path / "empty")
    with pytest.raises(SeriesError, match="no file or folder named nowhere"):
        scan(tmp_path / "nowhere")


def test_folder_of_nothing_but_links_is_not_called_empty(tmp_path: Path) -> None:
    write_dicom(marked().volume, tmp_path / "real")
    links = tmp_path / "links"
    links.mkdir()
    (links / "one").symlink_to(tmp_path / "real", target_is_directory=True)
    with pytest.raises(SeriesError, match=r"^one is a link that leads to a folder and was not followed; open the "):
        scan(links)
    (links / "two").symlink_to(tmp_path / "real", target_is_directory=True)
    (links / "round").symlink_to(links, target_is_directory=True)
    with pytest.raises(SeriesError, match=r"^3 links \(the first: one\) lead to folders and were not followed; open "):
        scan(links)


def test_links_beside_images_are_named_and_links_to_files_are_read(tmp_path: Path) -> None:
    paths = write_dicom(marked().volume, tmp_path / "real")
    links = tmp_path / "links"
    links.mkdir()
    for path in paths:
        (links / path.name).symlink_to(path)
    (links / "gone.dcm").symlink_to(tmp_path / "nowhere")
    study = scan(links)
    assert study.series[0].slices == len(paths)
    assert [problem.text.split(";")[0] for problem in study.problems] == [
        "gone.dcm is a link that leads nowhere and was not followed"
    ]


def test_files_that_may_not_be_read_are_named_and_the_rest_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_dicom(marked().volume, tmp_path)
    plain = sources.DiskFile.open

    def guarded(self: sources.DiskFile) -> Any:
        if self.path == paths[5]:
            raise PermissionError(13, "Permission denied")
        return plain(self)

    monkeypatch.setattr(sources.DiskFile, "open", guarded)
    study = scan(tmp_path)
    assert study.series[0].slices == 21 and "permission denied" in texts(study)
    with pytest.raises(SeriesError, match="permission denied"):
        scan(paths[5])


def test_slow_disk_is_read_by_several_threads_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = marked()
    write_dicom(case.volume, tmp_path)
    (tmp_path / "text.dcm").write_text("no image")
    monkeypatch.setattr(scanning, "_SLOW_SECONDS", 0.0)
    study = scan(tmp_path)
    assert study.series[0].slices == 22 and "text.dcm" in texts(study)
    assert_points_found(load(study.series[0]), case)


# pictures -----------------------------------------------------------------------------------------------------------


def save_picture(path: Path, value: int, size: tuple[int, int] = (12, 10)) -> None:
    from PIL import Image

    Image.fromarray(np.full(size, value, np.uint8)).save(path)


def test_numbered_pictures_make_a_stack_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 9, 2, 1):
        save_picture(tmp_path / f"slice_{number}.png", 10 * number)
    loaded = open_only(tmp_path)
    assert loaded.volume.array[:, 0, 0].tolist() == [10, 20, 90, 100]
    assert loaded.volume.units is Units.GREY8
    assert not loaded.volume.geometry.spacing_known and not loaded.volume.geometry.orientation_known
    assert "spacing unknown" in loaded.info.reason and loaded.info.spacing_mm is None


def test_pictures_without_common_numbers_or_size_stay_single(tmp_path: Path) -> None:
    for name in ("film_a.png", "film_b.png", "film_c.png"):
        save_picture(tmp_path / name, 50)
    save_picture(tmp_path / "s1.png", 50)
    save_picture(tmp_path / "s2.png", 50)
    save_picture(tmp_path / "s3.png", 50, (13, 10))
    study = scan(tmp_path)
    assert [info.slices for info in study.series] == [1] * 6


def test_slices_and_their_masks_in_one_folder_are_stacks_of_their_own(tmp_path: Path) -> None:
    for number in range(4):
        save_picture(tmp_path / f"slice_{number}.png", 100 + number)
        save_picture(tmp_path / f"a_lung_{number}.png", 255)
    study = scan(tmp_path)
    assert [info.slices for info in study.series] == [4, 4]
    assert study.proposed is not None and study.series[study.proposed].identity.name == "slice_#.png"
    assert "probably a mask" in study.series[1 - study.proposed].reason


def test_colour_sixteen_bit_and_turned_pictures_become_upright_grey_bytes(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (4, 3), (255, 0, 0)).save(tmp_path / "colour.png")
    Image.fromarray(np.full((3, 4), 0xABCD, np.uint16)).save(tmp_path / "deep.png")
    turned = Image.fromarray(np.full((3, 4), 9, np.uint8))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif)
    arrays = {info.identity.name: load(info).volume.array[0] for info in scan(tmp_path).series}
    assert (arrays["colour"] == 76).all() and (arrays["deep"] == 0xAB).all()
    assert arrays["turned"].shape == (4, 3)


def test_a_picture_is_never_called_an_x_ray_by_its_looks(tmp_path: Path) -> None:
    save_picture(tmp_path / "film.png", 80)
    info = scan(tmp_path / "film.png").series[0]
    assert info.kind == "image" and not info.is_xray and info.modality == ""


# cancelling and telling ---------------------------------------------------------------------------------------------


def test_scan_stops_when_asked(tmp_path: Path) -> None:
    for n in (1, 2):
        write_dicom(marked().volume, tmp_path / str(n), series_uid=f"1.2.3.{n}")
    cancel = CancellationToken()
    with pytest.raises(Cancelled):
        scan(tmp_path, on_series=lambda _: cancel.cancel(), cancel=cancel)


def test_load_stops_at_the_next_slice_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from inference.io import dicom_read

    write_dicom(marked().volume, tmp_path)
    cancel, read = CancellationToken(), []
    plain = dicom_read.read_direct
    monkeypatch.setattr(dicom_read, "read_direct", lambda image, *rest: (read.append(image), plain(image, *rest)))
    with pytest.raises(Cancelled):
        open_only(tmp_path, on_first_image=lambda _: cancel.cancel(), cancel=cancel)
    assert len(read) == 1


def test_one_large_packed_slice_is_left_in_the_middle_when_asked(tmp_path: Path) -> None:
    import nibabel

    array = np.random.default_rng(3).integers(-1000, 400, (2048, 2048, 2), dtype=np.int16)
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), tmp_path / "case.nii.gz")

    class Impatient(CancellationToken):
        looks = 0

        def check(self) -> None:
            self.looks += 1
            if self.looks == 5:
                self.cancel()
            super().check()

    info, cancel = scan(tmp_path).series[0], Impatient()
    told: list[float] = []
    with pytest.raises(Cancelled):
        load(info, on_progress=told.append, cancel=cancel)
    assert told == [] and cancel.looks == 5, "stopped inside the first slice"
    assert np.array_equal(load(info).volume.array, array.T), "reading in pieces changes nothing"


def test_load_that_was_stopped_after_its_last_slice_gives_no_volume(tmp_path: Path) -> None:
    write_dicom(marked().volume, tmp_path)
    cancel = CancellationToken()

    def stop_at_the_end(fraction: float) -> None:
        if fraction == 1.0:
            cancel.cancel()

    with pytest.raises(Cancelled):
        load(scan(tmp_path).series[0], on_progress=stop_at_the_end, cancel=cancel)


def test_first_image_is_the_middle_slice_and_comes_before_all_progress(tmp_path: Path) -> None:
    case = marked()
    write_dicom(case.volume, tmp_path)
    told: list[FirstImage | float] = []
    loaded = open_only(tmp_path, on_first_image=told.append, on_progress=told.append)
    first = told[0]
    assert isinstance(first, FirstImage) and first.k == 11
    assert np.array_equal(first.pixels, case.volume.array[11]) and first.geometry == loaded.volume.geometry
    fractions = [value for value in told[1:] if isinstance(value, float)]
    assert len(fractions) == len(told) - 1 and fractions == sorted(fractions) and fractions[-1] == 1.0


def test_series_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    from dataclasses import replace

    write_dicom(marked().volume, tmp_path)
    info = replace(scan(tmp_path).series[0], loadable=False, reason="no grid")
    with pytest.raises(SeriesError, match="no grid"):
        load(info)
