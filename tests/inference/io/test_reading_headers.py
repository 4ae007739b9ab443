"""The fast walk over a header finds what pydicom finds, and gives way to it where it must."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydicom.data
import pytest

from inference.errors import SeriesError
from inference.io import dicom_elements, dicom_header
from inference.io.dicom_dataset import NotDicom, read_by_pydicom
from inference.io.dicom_elements import RawHeader
from inference.io.dicom_header import read_header
from inference.io.dicom_images import read_file
from inference.io.dicom_walk import walk
from inference.io.open import scan
from inference.io.proposal import kernel_kind
from inference.io.sources import DiskFile, natural
from tests.helpers.phantoms import write_dicom
from tests.helpers.reading_cases import marked

FILES = Path(pydicom.data.__file__).parent / "test_files"


def walked_and_read(path: Path) -> tuple[RawHeader, RawHeader]:
    file = DiskFile(path)
    data = path.read_bytes()
    return walk(data), read_by_pydicom(file, data)


@pytest.mark.parametrize(
    "file_name",
    [
        "CT_small",
        "MR_small",
        "MR_small_implicit",
        "MR_small_RLE",
        "J2K_pixelrep_mismatch",
        "693_J2KI",
        "examples_overlay",
        "rtdose",
        "SC_rgb_dcmtk_+eb+cr",
        "JPEG2000",
        "badVR",
    ],
)
def test_fast_walk_finds_the_elements_and_the_pixels_that_pydicom_finds(file_name: str) -> None:
    fast, slow = walked_and_read(FILES / f"{file_name}.dcm")
    trim = {tag: value.rstrip(b"\0 ") for tag, value in slow.elements.items()}
    assert {tag: fast.elements.get(tag, b"").rstrip(b"\0 ") for tag in trim} == trim
    for name in ("pixel_offset", "pixel_bytes", "has_pixels", "transfer_syntax", "little_endian", "derivation_codes"):
        assert getattr(fast, name) == getattr(slow, name), name


def test_codes_in_sequences_are_found_in_every_length_encoding(tmp_path: Path) -> None:
    def derived(undefined: bool) -> Any:
        def edit(data: Any, k: int) -> None:
            from pydicom.dataset import Dataset
            from pydicom.sequence import Sequence

            for name, codes in (("DerivationCode", ("113040", "113072")), ("ContrastBolusAgent", ("7140000",))):
                items = []
                for code in codes:
                    item = Dataset()
                    item.CodeValue, item.CodingSchemeDesignator = code, "DCM"
                    item.is_undefined_length_sequence_item = undefined
                    items.append(item)
                setattr(data, f"{name}Sequence", Sequence(items))
                data[f"{name}Sequence"].is_undefined_length = undefined

        return edit

    for undefined in (True, False):
        path = write_dicom(marked().volume, tmp_path / str(undefined), skip=range(1, 22), edit=derived(undefined))[0]
        assert [header.derivation_codes for header in walked_and_read(path)] == [("113040", "113072")] * 2
        assert [header.contrast_codes for header in walked_and_read(path)] == [("7140000",)] * 2


def test_a_contrast_agent_that_only_a_code_names_is_one(tmp_path: Path) -> None:
    def coded(data: Any, k: int) -> None:
        from pydicom.dataset import Dataset
        from pydicom.sequence import Sequence

        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "7140000", "SCT", "Iopamidol"
        data.ContrastBolusAgentSequence = Sequence([item])

    for name, edit in (("coded", coded), ("plain", None)):
        write_dicom(marked().volume, tmp_path / name, edit=edit)
        reasons = {reason.code for reason in scan(tmp_path / name).series[0].verdict.reasons}
        assert ("contrast_enhanced" in reasons) == (name == "coded")


def test_header_longer_than_the_first_read_is_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_dicom(marked().volume, tmp_path, skip=range(1, 22))[0]
    whole = read_header(DiskFile(path))
    monkeypatch.setattr(dicom_header, "_FIRST_READ", 200)
    again = read_header(DiskFile(path))
    assert again.elements == whole.elements and again.pixel_offset == whole.pixel_offset
    assert again.dataset is None, "without falling back"


def test_names_are_decoded_in_the_files_own_character_set() -> None:
    folder = FILES.parent / "charset_files"
    names = {name: read_header(DiskFile(folder / f"{name}.dcm")).text(0x00100010) for name in ("chrGerm", "chrRuss")}
    assert names == {"chrGerm": "Äneas^Rüdiger", "chrRuss": "Люкceмбypг"}


@pytest.mark.parametrize("raw", [b"", b"abc", b"1e400", b"nan", b"1\\x", b"inf"])
def test_numbers_that_are_none_are_absent(raw: bytes) -> None:
    assert dicom_elements._floats(raw) == ()


def test_text_and_noise_are_no_dicom(tmp_path: Path) -> None:
    for content in (b"", b"short", b"A letter. " * 50, bytes(500)):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(NotDicom):
            read_header(DiskFile(tmp_path / "file"))


def test_image_without_size_is_refused(tmp_path: Path) -> None:
    path = write_dicom(marked().volume, tmp_path, skip=range(1, 22), tags={"Rows": None})[0]
    with pytest.raises(SeriesError, match="rows and columns"):
        read_file(DiskFile(path))


@pytest.mark.parametrize("broken", [{"ImagePositionPatient": None}, {"PixelSpacing": [0, 0]}, {"SliceThickness": 0}])
def test_values_that_cannot_be_are_taken_as_absent(broken: dict[str, Any], tmp_path: Path) -> None:
    path = write_dicom(marked().volume, tmp_path, skip=range(1, 22), tags=broken)[0]
    header = read_file(DiskFile(path)).images[0].header
    absent = {"ImagePositionPatient": "position", "PixelSpacing": "pixel_spacing", "SliceThickness": "thickness_mm"}
    assert getattr(header, absent[next(iter(broken))]) is None


def test_energy_of_a_virtual_monoenergetic_image_is_read_from_its_description(tmp_path: Path) -> None:
    tags = {"SeriesDescription": "Thorax MonoE 55 keV"}
    path = write_dicom(marked().volume, tmp_path, skip=range(1, 22), tags=tags)[0]
    assert read_file(DiskFile(path)).images[0].header.kev == 55.0


@pytest.mark.parametrize(
    ("kernel", "kind"),
    [
        ("B60f", "lung"),
        ("B31f", "standard"),
        ("D40s", "standard"),
        ("Bl57d\\3", "lung"),
        ("Br40d", "standard"),
        ("B80s", "edge"),
        ("LUNG", "lung"),
        ("CHST", "lung"),
        ("STANDARD", "standard"),
        ("SOFT", "standard"),
        ("BONEPLUS", "edge"),
        ("FC51", "lung"),
        ("FC13", "standard"),
        ("FC81", "edge"),
        ("YC", "lung"),
        ("B", "standard"),
        ("", ""),
        ("mystery", ""),
    ],
)
def test_kernels_of_every_maker_are_recognised(kernel: str, kind: str) -> None:
    assert kernel_kind(kernel) == kind


def test_nine_sorts_before_ten() -> None:
    assert sorted(["IM10", "im9", "IM1"], key=natural) == ["IM1", "im9", "IM10"]
