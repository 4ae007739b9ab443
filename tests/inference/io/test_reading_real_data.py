"""Real series: other people's decoders and headers are the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.io import dicom_read
from inference.io.open import load, scan, thumbnail
from inference.verdict import Colour
from inference.volume import Units
from tests.helpers.reading_cases import open_only
from tests.helpers.shared_data import shared_data


def relinked(source: Path, folder: Path, step: int = 1) -> list[Path]:
    """Every ``step``-th slice from head to feet under names that tell nothing; the files by their slice."""
    from pydicom import dcmread

    def height(path: Path) -> float:
        header = dcmread(path, stop_before_pixels=True, specific_tags=["ImagePositionPatient"])
        return -float(header.ImagePositionPatient[2])

    paths = sorted(source.iterdir(), key=height)[::step]
    folder.mkdir(parents=True)
    for path, name in zip(paths, np.random.default_rng(8).permutation(len(paths)), strict=True):
        (folder / f"{name:04d}.dcm").symlink_to(path)
    return paths


def hounsfield(path: Path) -> np.ndarray:
    from pydicom import dcmread

    data = dcmread(path)
    return np.asarray(data.pixel_array.astype(int) * int(data.RescaleSlope) + int(data.RescaleIntercept))


@pytest.mark.parametrize(("name", "step"), [("covid-P001", 3), ("normal-001", 3), ("cap-001", 6)])
def test_compressed_series_is_sorted_by_position_with_the_decoders_own_values(
    name: str, step: int, tmp_path: Path
) -> None:
    paths = relinked(shared_data() / "covid-ct-md" / name, tmp_path / "ct", step)
    loaded = open_only(tmp_path / "ct")
    array = loaded.volume.array
    assert array.shape == (len(paths), 512, 512) and loaded.volume.units is Units.HU
    for n in (0, 5, len(paths) // 2, len(paths) - 1):
        assert np.array_equal(array[len(paths) - 1 - n], hounsfield(paths[n])), "slice 0 lies at the feet"
    assert loaded.volume.geometry.spacing_mm[0] == pytest.approx(2.0 * step)
    assert [window.level for window in loaded.info.windows] == [50, -600]


def test_fast_and_slow_decoder_agree_on_jpeg_lossless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    relinked(shared_data() / "covid-ct-md" / "covid-P001", tmp_path / "ct", 12)
    calls: list[Path] = []
    plain = dicom_read._by_itk
    monkeypatch.setattr(dicom_read, "_by_itk", lambda image, out: (calls.append(image.file.path), plain(image, out))[1])
    fast = open_only(tmp_path / "ct").volume.array
    assert len(calls) > 3, "ITK was taken"
    monkeypatch.setattr(dicom_read, "_by_itk", lambda image, out: False)
    assert np.array_equal(fast, open_only(tmp_path / "ct").volume.array)


def test_decoder_that_gives_other_pixels_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = relinked(shared_data() / "covid-ct-md" / "covid-P001", tmp_path / "ct", 24)

    def wrong(image: object, out: np.ndarray) -> bool:
        out[...] = 7
        return True

    monkeypatch.setattr(dicom_read, "_by_itk", wrong)
    array = open_only(tmp_path / "ct").volume.array
    assert np.array_equal(array[-1], hounsfield(paths[0]))


def test_whole_covid_folder_holds_three_chests_and_proposes_one(tmp_path: Path) -> None:
    study = scan(shared_data() / "covid-ct-md")
    assert sorted(info.slices for info in study.series) == [148, 154, 168] and study.proposed is not None
    assert all("thin 2 mm" in info.reason and "chest" in info.reason for info in study.series)
    assert study.series[study.proposed].verdict.colour is Colour.GREEN
    assert thumbnail(study.series[study.proposed]).shape == (96, 96)


def test_nifti_chest_and_its_mask_lie_in_the_patient_where_nibabel_puts_them() -> None:
    import nibabel as nib

    folder = shared_data() / "plethora-effusion"
    for name in ("LUNG1-005_ct.nii.gz", "LUNG1-005_effusion.nii.gz"):
        image = nib.load(folder / name)
        values = np.asarray(image.dataobj)
        volume = load(scan(folder / name).series[0]).volume
        for ijk in ((10, 200, 3), (128, 60, 45), (201, 140, 80)):
            ras = image.affine @ [*ijk, 1.0]
            k, j, i = np.rint(volume.geometry.to_index([-ras[0], -ras[1], ras[2]])).astype(int)
            assert volume.array[k, j, i] == values[ijk]
        assert volume.units is (Units.HU if "_ct" in name else Units.GREY8)


def test_mask_beside_a_nifti_chest_is_not_proposed() -> None:
    study = scan(shared_data() / "plethora-effusion")
    assert len(study.series) == 14 and study.proposed is not None
    assert study.series[study.proposed].identity.name.endswith("_ct")
    masks = [info for info in study.series if info.identity.name.endswith("_effusion")]
    assert len(masks) == 7 and all("probably a mask" in info.reason for info in masks)
