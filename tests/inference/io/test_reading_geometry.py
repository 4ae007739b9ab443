"""A point of the patient keeps its value through every format, orientation, order of files, tilt and gap."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.errors import SeriesError
from inference.io.open import load, scan, thumbnail
from inference.io.reader import PADDING_HU
from inference.io.study import FirstImage
from inference.verdict import Colour
from inference.volume import LabelMap, Units, VolumeGeometry
from tests.helpers.phantoms import AXIAL_CODES, write_dicom
from tests.helpers.reading_cases import FRAME, Marked, assert_points_found, marked, open_only

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def write_nifti(case: Marked, path: Path, *, qform: int = 1, sform: int = 1, slope: float | None = None) -> Path:
    import nibabel as nib

    array = case.volume.array.transpose(2, 1, 0)
    image: Any = nib.Nifti1Image(array, LPS_TO_RAS @ case.volume.geometry.affine)
    image.set_qform(image.affine, qform)
    image.set_sform(image.affine, sform)
    if slope is not None:
        image.header.set_slope_inter(slope, -5.0)
    nib.save(image, path)
    return path


def write_itk(case: Marked, path: Path) -> Path:
    import SimpleITK as sitk

    image: Any = sitk.GetImageFromArray(case.volume.array)
    affine = case.volume.geometry.affine
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    image.SetSpacing([float(v) for v in spacing])
    image.SetDirection([float(v) for v in (affine[:3, :3] / spacing).ravel()])
    image.SetOrigin([float(v) for v in affine[:3, 3]])
    sitk.WriteImage(image, str(path), path.suffix in (".nrrd", ".mha"))
    return path


@pytest.mark.parametrize("position", ["HFS", "HFP", "FFS", "FFP"])
@pytest.mark.parametrize("oblique", [(0.0, 0.0, 0.0), (12.0, -9.0, 6.0)], ids=["straight", "oblique"])
def test_dicom_keeps_every_point_with_names_and_numbers_shuffled(
    position: str, oblique: tuple[float, float, float], tmp_path: Path
) -> None:
    case = marked(AXIAL_CODES[position], oblique_deg=oblique, position=position)
    write_dicom(case.volume, tmp_path, shuffle_names=True, shuffle_instance_numbers=True)
    loaded = open_only(tmp_path)
    assert_points_found(loaded, case)
    assert loaded.volume.geometry.frame_of_reference_uid == FRAME
    assert loaded.volume.patient_position == position
    assert loaded.source_geometry == loaded.volume.geometry and loaded.restore is None


@pytest.mark.parametrize("code", ["LPS", "RAS", "LAS", "RPI", "PSL", "SLA"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha", ".mhd", ".nhdr"])
def test_volume_files_keep_every_point_and_their_own_array_order(code: str, suffix: str, tmp_path: Path) -> None:
    case = marked(code)
    path = tmp_path / f"volume{suffix}"
    (write_nifti if "nii" in suffix else write_itk)(case, path)
    loaded = open_only(path)
    assert np.array_equal(loaded.volume.array, case.volume.array)
    assert loaded.volume.units is Units.HU and loaded.volume.geometry.orientation_known
    assert_points_found(loaded, case)


def test_nifti_without_codes_has_no_sides_but_its_spacing(tmp_path: Path) -> None:
    loaded = open_only(write_nifti(marked("RAS"), tmp_path / "bare.nii.gz", qform=0, sform=0))
    assert not loaded.volume.geometry.orientation_known
    assert loaded.volume.geometry.spacing_mm == pytest.approx((2.5, 1.5, 0.75))
    assert any("orientation" in reason.code for reason in loaded.verdict.reasons)


def test_nifti_prefers_the_sform_and_takes_the_qform_without_one(tmp_path: Path) -> None:
    import nibabel as nib

    case = marked("RAS")
    path = write_nifti(case, tmp_path / "q.nii", qform=1, sform=0)
    assert_points_found(open_only(path), case)
    image: Any = nib.load(path)
    image.set_sform(np.diag([3.0, 3.0, 3.0, 1.0]), 2)
    nib.save(image, tmp_path / "both.nii")
    assert open_only(tmp_path / "both.nii").volume.geometry.spacing_mm == (3.0, 3.0, 3.0)


def test_nifti_scale_is_applied_and_fractions_are_rounded(tmp_path: Path) -> None:
    case = marked("LAS")
    loaded = open_only(write_nifti(case, tmp_path / "scaled.nii.gz", slope=0.5))
    assert np.array_equal(loaded.volume.array, np.rint(case.volume.array * 0.5 - 5.0))


def test_what_is_no_number_becomes_padding_and_infinity_does_not_spread(tmp_path: Path) -> None:
    import nibabel as nib

    values = np.full((6, 5, 4), -999.6, np.float32)
    values[0, 0, 0], values[1, 0, 0], values[2, 0, 0], values[3, 0, 0] = np.nan, np.inf, -np.inf, 1e9
    nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / "float.nii")
    array = open_only(tmp_path / "float.nii").volume.array
    assert array[0, 0].tolist() == [PADDING_HU, PADDING_HU, PADDING_HU, 32767, -1000, -1000]
    assert (array[1:] == -1000).all()


@pytest.mark.parametrize("suffix", ["nii.gz", "nrrd"])
def test_a_time_series_is_refused_in_one_sentence(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"four.{suffix}"
    if suffix == "nii.gz":
        import nibabel as nib

        nib.save(nib.Nifti1Image(np.zeros((4, 5, 6, 7), np.int16), np.eye(4)), path)
    else:
        import SimpleITK as sitk

        frames = [sitk.GetImageFromArray(np.zeros((4, 5, 6), np.int16)) for _ in range(3)]
        sitk.WriteImage(sitk.JoinSeries(frames), str(path))
    with pytest.raises(SeriesError, match="4 dimensions"):
        scan(path)


def test_nrrd_and_metaimage_that_state_no_orientation_have_no_sides(tmp_path: Path) -> None:
    raw = np.zeros((3, 4, 5), np.int16).tobytes()
    nrrd = b"NRRD0004\ntype: short\ndimension: 3\nsizes: 5 4 3\nspacings: 1 1 2\nencoding: raw\nendian: little\n\n"
    (tmp_path / "bare.nrrd").write_bytes(nrrd + raw)
    meta = b"ObjectType = Image\nNDims = 3\nDimSize = 5 4 3\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
    (tmp_path / "bare.mha").write_bytes(meta + raw)
    by_kind = {info.kind: load(info).volume.geometry for info in scan(tmp_path).series}
    assert not by_kind["nrrd"].orientation_known and by_kind["nrrd"].spacing_known
    assert not by_kind["metaimage"].orientation_known and not by_kind["metaimage"].spacing_known


def test_a_detached_header_may_not_name_voxels_outside_its_folder(tmp_path: Path) -> None:
    case = marked()
    (tmp_path / "inside").mkdir()
    path = write_itk(case, tmp_path / "inside" / "v.mhd")
    (tmp_path / "inside" / "v.raw").rename(tmp_path / "elsewhere.raw")
    path.write_text(path.read_text().replace("v.raw", "../elsewhere.raw"))
    with pytest.raises(SeriesError, match="beside it"):
        scan(path)


def write_tilted(case: Marked, folder: Path, degrees: float) -> VolumeGeometry:
    """The gantry leans by ``degrees``: planes turn about x, the table still moves along z. Returns the sheared grid."""
    affine = np.array(case.volume.geometry.affine)
    lean = np.radians(degrees)
    affine[:3, 1] = np.array([0.0, np.cos(lean), -np.sin(lean)]) * case.volume.geometry.spacing_mm[1]
    sheared = replace(case.volume.geometry, affine=affine)
    write_dicom(replace(case.volume, geometry=sheared), folder, thickness_mm=2.5)
    return sheared


@pytest.mark.parametrize("degrees", [15.0, -15.0])
def test_tilt_is_resampled_to_an_orthogonal_grid_and_masks_return_to_the_files_grid(
    degrees: float, tmp_path: Path
) -> None:
    case = marked()
    sheared = write_tilted(case, tmp_path, degrees)
    loaded = open_only(tmp_path)
    assert loaded.volume.geometry.is_orthogonal and not loaded.source_geometry.is_orthogonal
    assert loaded.source_geometry.same_grid(sheared, 0.01)
    assert loaded.verdict.colour is Colour.AMBER or not loaded.verdict.may_measure
    for kji, value in (((3, 2, 20), 700), ((17, 5, 4), 800), ((12, 15, 9), 900)):
        index = loaded.volume.geometry.to_index(sheared.to_patient(kji))
        k, j, i = (int(v) for v in np.rint(index))
        assert abs(index[0] - k) < 0.01 and abs(index[2] - i) < 0.01
        around = loaded.volume.array[k, max(0, j - 1) : j + 2, i]
        assert around.max() > (value - 850) / 2 - 425, "half of a voxel's brightness at least stays at its place"
    labels = np.zeros(loaded.volume.array.shape, np.uint8)
    labels[loaded.volume.array > -400] = 1
    back = loaded.to_source(LabelMap(labels, loaded.volume.geometry))
    assert back.geometry is loaded.source_geometry and back.array.shape == case.volume.array.shape
    for kji in ((3, 2, 20), (17, 5, 4), (12, 15, 9)):
        k, j, i = kji
        assert back.array[k, j - 1 : j + 2, i].any() and back.array.sum() <= 6


def test_mask_of_everything_returns_from_a_tilted_grid_without_a_hole(tmp_path: Path) -> None:
    case = marked()
    write_tilted(case, tmp_path, 20.0)
    loaded = open_only(tmp_path)
    inside = (loaded.volume.array > -1500).astype(np.uint8)
    assert loaded.to_source(LabelMap(inside, loaded.volume.geometry)).array.mean() > 0.97


def test_what_tilt_leaves_empty_is_padding_and_keeps_the_values_beside_it(tmp_path: Path) -> None:
    case = marked()
    write_tilted(case, tmp_path, 20.0)
    array = open_only(tmp_path).volume.array
    assert array.shape[1] > case.volume.array.shape[1]
    assert ((array == PADDING_HU) | (array >= -900)).all()


def test_first_image_of_a_tilted_series_is_the_slice_that_the_volume_will_hold(tmp_path: Path) -> None:
    write_tilted(marked(), tmp_path, 15.0)
    first: list[FirstImage] = []
    loaded = open_only(tmp_path, on_first_image=first.append)
    assert first[0].geometry == loaded.volume.geometry
    assert np.array_equal(first[0].pixels, loaded.volume.array[first[0].k])


def test_gap_keeps_the_grid_uniform_and_holds_air(tmp_path: Path) -> None:
    case = marked()
    write_dicom(case.volume, tmp_path, skip=(8, 9))
    loaded = open_only(tmp_path)
    assert loaded.volume.missing_slices == (8, 9)
    assert (loaded.volume.array[8:10] == -1024).all()
    assert_points_found(loaded, case)
    assert any("gap" in reason.code or "missing" in reason.code for reason in loaded.verdict.reasons)


def test_gap_in_feet_first_files_lies_at_the_same_place_in_the_patient(tmp_path: Path) -> None:
    case = marked(AXIAL_CODES["FFS"], position="FFS")
    write_dicom(case.volume, tmp_path, skip=(6,))
    volume = open_only(tmp_path).volume
    lost = case.volume.geometry.to_patient((6, 0, 0))
    assert volume.missing_slices == (round(float(volume.geometry.to_index(lost)[0])),)


def test_exact_duplicates_are_dropped_though_their_headers_differ(tmp_path: Path) -> None:
    import pydicom

    case = marked()
    paths = write_dicom(case.volume, tmp_path)
    data = pydicom.dcmread(paths[7])
    data.InstanceNumber, data.SOPInstanceUID = 999, "1.2.3.99"
    data.file_meta.MediaStorageSOPInstanceUID = "1.2.3.99"
    data.save_as(tmp_path / "again.dcm")
    loaded = open_only(tmp_path)
    assert loaded.volume.array.shape == case.volume.array.shape
    assert_points_found(loaded, case)
    assert "duplicate" in loaded.verdict.sentence().lower()


def test_mixed_planes_can_be_paged_through_but_not_measured(tmp_path: Path) -> None:
    write_dicom(marked("LPS").volume, tmp_path / "a", skip=range(4, 22))
    write_dicom(marked("LSA").volume, tmp_path / "b", skip=range(5, 22))
    loaded = open_only(tmp_path)
    assert loaded.volume.array.shape[0] >= 4 and loaded.volume.geometry.is_orthogonal
    assert not loaded.verdict.may_measure


def test_slices_without_positions_can_be_seen_but_have_no_orientation(tmp_path: Path) -> None:
    write_dicom(marked().volume, tmp_path, tags={"ImagePositionPatient": None, "ImageOrientationPatient": None})
    loaded = open_only(tmp_path)
    assert not loaded.volume.geometry.orientation_known and not loaded.verdict.may_measure


def write_enhanced(case: Marked, path: Path, *, syntax: str = "ExplicitVRLittleEndian") -> list[int]:
    """Enhanced CT with its frames shuffled; returns the slice of each frame."""
    import pydicom.uid
    from pydicom.dataset import Dataset

    folder = path.parent / "parts"
    part = pydicom.dcmread(write_dicom(case.volume, folder)[0])
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    order = [int(k) for k in np.random.default_rng(1).permutation(case.volume.array.shape[0])]
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        del part[keyword]
    for keyword in ("RescaleSlope", "RescaleIntercept", "RescaleType", "ConvolutionKernel"):
        del part[keyword]
    part.SOPClassUID = part.file_meta.MediaStorageSOPClassUID = pydicom.uid.EnhancedCTImageStorage
    affine, spacing = case.volume.geometry.affine, case.volume.geometry.spacing_mm

    def group(**values: Any) -> list[Dataset]:
        item = Dataset()
        for keyword, value in values.items():
            setattr(item, keyword, value)
        return [item]

    shared = Dataset()
    shared.PixelMeasuresSequence = group(PixelSpacing=[spacing[1], spacing[2]], SliceThickness=spacing[0])
    cosines = [*(affine[:3, 0] / spacing[2]), *(affine[:3, 1] / spacing[1])]
    shared.PlaneOrientationSequence = group(ImageOrientationPatient=[float(v) for v in cosines])
    shared.CTReconstructionSequence = group(ConvolutionKernel="Bl57d")
    shared.FrameVOILUTSequence = group(WindowCenter=-600, WindowWidth=1500)
    part.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for k in order:
        frame = Dataset()
        point = [float(v) for v in case.volume.geometry.to_patient((k, 0, 0))]
        frame.PlanePositionSequence = group(ImagePositionPatient=point)
        frame.PixelValueTransformationSequence = group(RescaleIntercept=-1024 - k, RescaleSlope=1, RescaleType="HU")
        frame.CTImageFrameTypeSequence = group(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])
        frames.append(frame)
    part.PerFrameFunctionalGroupsSequence = frames
    part.NumberOfFrames = len(order)
    values = np.stack([case.volume.array[k].astype(np.int32) + 1024 + k for k in order])
    part.PixelData = values.astype("<i2").tobytes()
    if syntax != "ExplicitVRLittleEndian":
        part.compress(getattr(pydicom.uid, syntax), generate_instance_uid=False)
    part.save_as(path, enforce_file_format=True)
    return order


@pytest.mark.parametrize("syntax", ["ExplicitVRLittleEndian", "RLELossless"])
def test_enhanced_ct_is_one_volume_sorted_by_its_frames_positions(syntax: str, tmp_path: Path) -> None:
    case = marked("RAS")
    order = write_enhanced(case, tmp_path / "enhanced.dcm", syntax=syntax)
    assert order != sorted(order)
    loaded = open_only(tmp_path / "enhanced.dcm")
    assert np.array_equal(loaded.volume.array, case.volume.array)
    assert_points_found(loaded, case)
    assert loaded.volume.units is Units.HU
    assert loaded.info.kernel == "Bl57d" and loaded.info.windows[0].level == -600
    assert loaded.info.thickness_mm == pytest.approx(2.5)


def test_thumbnail_of_a_small_mask_is_white_on_black(tmp_path: Path) -> None:
    import nibabel as nib

    mask = np.zeros((40, 40, 5), np.uint8)
    mask[10, 12, :] = 1
    nib.save(nib.Nifti1Image(mask, np.diag([-1.0, -1.0, 2.0, 1.0])), tmp_path / "mask.nii.gz")
    picture = thumbnail(scan(tmp_path / "mask.nii.gz").series[0], 40)
    assert picture[12, 10] == 255 and np.count_nonzero(picture) == 1


def test_thumbnail_shows_the_front_up_and_the_right_on_the_left_whatever_the_storage(tmp_path: Path) -> None:
    pictures = []
    for code in ("LPS", "RAS", "LAI"):
        case = marked(code, shape=(20, 30, 40), spacing_mm=(2.0, 1.0, 1.0))
        array, turn = case.volume.canonical()[0].array.copy(), case.volume.canonical()[1]
        array[:] = -900
        array[:, 2:8, 4:12] = 500
        case.volume.array[...] = turn.invert(array)
        path = write_nifti(case, tmp_path / f"{code}.nii.gz")
        pictures.append(thumbnail(scan(path).series[0], 40))
    assert all(picture.shape == (30, 40) and picture.dtype == np.uint8 for picture in pictures)
    assert all(np.array_equal(pictures[0], picture) for picture in pictures[1:])
    assert pictures[0][5, 8] == 255 and pictures[0][25, 35] < 128
