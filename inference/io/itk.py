"""NRRD, MetaImage and single DICOM files through SimpleITK: the one module that touches its untyped calls."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import InputShapeError, SeriesError
from inference.io.reader import SliceReader
from inference.io.sources import FileSource, head, on_disk
from inference.io.stream import Layout, StreamReader
from inference.io.study import Kind, SeriesInfo
from inference.io.volume_source import HeaderlessSource, ValueRange, to_int16, volume_info
from inference.volume import Units, VolumeGeometry

_READERS: dict[Kind, str] = {"nrrd": "NrrdImageIO", "metaimage": "MetaImageIO"}
_NAMES: dict[Kind, str] = {"nrrd": "NRRD", "metaimage": "MetaImage"}


def decode_dicom(path: Path) -> NDArray[Any]:
    """All frames of a DICOM file, rescaled by its own slope and intercept; ``(frames, rows, columns)``.

    Leaves the interpreter free while it decodes, so threads gain from it.

    Raises
    ------
    RuntimeError
        If ITK cannot read it.
    """
    import SimpleITK as sitk  # noqa: N813

    image = _reader(path, "GDCMImageIO").Execute()
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise RuntimeError("more than one value per pixel")
    return np.asarray(sitk.GetArrayFromImage(image))


class ItkSource(HeaderlessSource):
    """An NRRD or MetaImage file (and the file of its voxels, where the header is detached).

    ``layout`` is known where the voxels are plain or packed in a common way: then no second copy of them is held.
    """

    def __init__(
        self, kind: Kind, files: tuple[FileSource, ...], geometry: VolumeGeometry, stored: Any, layout: Layout | None
    ) -> None:
        super().__init__(files[0], geometry, stored)
        self.kind = kind
        self.files = files
        self.layout = layout

    def open(self) -> SliceReader:
        """Begin to read."""
        return ItkReader(self) if self.layout is None else StreamReader(self.layout)


class ItkReader:
    """Reads the whole file when the first slice is asked for."""

    parallel = False

    def __init__(self, source: ItkSource) -> None:
        self._source = source
        self._range = ValueRange()
        self._voxels: NDArray[Any] | None = None
        self._image: Any = None

    def read(self, k: int, out: NDArray[np.int16]) -> None:
        """Fill ``out`` with slice ``k``. Raises SeriesError."""
        if self._voxels is None:
            self._voxels = self._all()
        to_int16(self._voxels[k], 1.0, 0.0, out)
        self._range.see(out)

    def _all(self) -> NDArray[Any]:
        import SimpleITK as sitk  # noqa: N813

        source = self._source
        try:
            with on_disk(*source.files) as paths:
                self._image = _reader(paths[0], _READERS[source.kind]).Execute()
        except (RuntimeError, OSError) as error:
            raise SeriesError(f"{source.file.name} is damaged or cut short; get it again.") from error
        return np.asarray(sitk.GetArrayViewFromImage(self._image)).reshape(source.geometry.shape)

    def settle(self, k: int, pixels: NDArray[np.int16]) -> None:
        """There is only one way to read."""

    def units(self) -> Units:
        """Judged by the values."""
        return self._range.units()

    def close(self) -> None:
        """Let the voxels go."""
        self._voxels = self._image = None


def scan_itk(index: int, file: FileSource, kind: Kind) -> SeriesInfo:
    """The series of an NRRD or MetaImage file.

    Raises
    ------
    SeriesError
        If it is none, is damaged, has not three dimensions, or its voxels lie outside its folder.
    OSError
        If it cannot be read.
    """
    text = head(file, 1 << 16).decode("latin-1")
    files = (file, *_detached(file, text, kind))
    try:
        with on_disk(*files) as paths:
            reader = _reader(paths[0], _READERS[kind])
            reader.ReadImageInformation()
    except RuntimeError as error:
        raise SeriesError(f"{file.name} has a damaged {_NAMES[kind]} header; get it again.") from error
    size = [int(n) for n in reader.GetSize()]
    if reader.GetNumberOfComponents() != 1:
        raise SeriesError(f"{file.name} holds several values for each voxel (colours, vectors), not one grey value.")
    if len(size) > 3 and any(n > 1 for n in size[3:]):
        raise SeriesError(f"{file.name} has {len(size)} dimensions (a time series?); save one of its volumes alone.")
    try:
        geometry = _geometry(reader, size, text, kind)
    except InputShapeError as error:
        raise SeriesError(f"{file.name} does not say where its voxels lie: {error}") from error
    stored = _stored(reader)
    layout = _layout(text, kind, files[-1], stored, detached=len(files) > 1)
    return volume_info(index, ItkSource(kind, files, geometry, stored, layout), _NAMES[kind])


def _reader(path: Path, name: str) -> Any:
    import SimpleITK as sitk  # noqa: N813

    reader: Any = sitk.ImageFileReader()
    reader.SetImageIO(name)
    reader.SetFileName(str(path))
    return reader


def _geometry(reader: Any, size: list[int], text: str, kind: Kind) -> VolumeGeometry:
    dimension = len(size)
    used = min(dimension, 3)
    direction = np.asarray(reader.GetDirection(), dtype=np.float64).reshape(dimension, dimension)[:used, :used]
    spacing = np.asarray(reader.GetSpacing(), dtype=np.float64)[:used]
    affine = np.eye(4)
    affine[:used, :used] = direction * spacing
    affine[:used, 3] = np.asarray(reader.GetOrigin(), dtype=np.float64)[:used]
    size = [*size[:3], *[1] * (3 - used)]
    return VolumeGeometry(
        (size[2], size[1], size[0]),
        affine,
        orientation_known=_states_orientation(text, kind),
        spacing_known=_states_spacing(text, kind),
    )


def _states_orientation(text: str, kind: Kind) -> bool:
    """Whether the header says how the grid lies in the patient, instead of the reader assuming it."""
    if kind == "nrrd":
        space = re.search(r"^space:\s*(\S+)", text, re.MULTILINE | re.IGNORECASE)
        directions = re.search(r"^space directions:", text, re.MULTILINE | re.IGNORECASE)
        if space is None or directions is None:
            return False
        return not space[1].lower().startswith(("scanner", "3d-"))
    return re.search(r"^(TransformMatrix|Orientation|Rotation)\s*=", text, re.MULTILINE) is not None


def _states_spacing(text: str, kind: Kind) -> bool:
    pattern = r"^(spacings|space directions):" if kind == "nrrd" else r"^Element(Spacing|Size)\s*="
    return re.search(pattern, text, re.MULTILINE | re.IGNORECASE) is not None


def _stored(reader: Any) -> np.dtype[Any]:
    import SimpleITK as sitk  # noqa: N813

    name = str(sitk.GetPixelIDValueAsString(reader.GetPixelID())).lower()
    if "float" in name:
        return np.dtype(np.float64 if "64" in name else np.float32)
    bits = re.search(r"(\d+)-bit", name)
    return np.dtype(f"{'u' if 'unsigned' in name else ''}int{bits[1] if bits else 16}")


def _layout(text: str, kind: Kind, voxels: FileSource, stored: np.dtype[Any], detached: bool) -> Layout | None:
    """Where the voxels lie, as far as the header tells it in a common way; None leaves them to ITK."""
    pattern = r"^([^#:\n]+?)\s*:(?!=)\s*(.*?)\s*$" if kind == "nrrd" else r"^(\w+)\s*=\s*(.*?)\s*$"
    end = re.search(r"\r?\n\r?\n" if kind == "nrrd" else r"^ElementDataFile\s*=.*\n", text, re.MULTILINE)
    if end is None and not detached:
        return None
    header = text if end is None else text[: end.end()]
    fields = {key.lower().replace(" ", ""): value.lower() for key, value in re.findall(pattern, header, re.MULTILINE)}
    if kind == "nrrd":
        packed, plain = (fields.get("encoding") in names for names in (("gzip", "gz", "bzip2", "bz2"), ("raw",)))
        unusual = any(fields.get(key, "0") != "0" for key in ("lineskip", "byteskip"))
        order = fields.get("endian", "" if stored.itemsize > 1 else "little")
    else:
        true = {key for key, value in fields.items() if value[:1] in ("t", "1")}
        packed, plain = "compresseddata" in true, "compresseddata" not in true
        unusual = "binarydata" not in true or fields.get("headersize", "0") != "0"
        order = "big" if true & {"binarydatabyteordermsb", "elementbyteordermsb"} else "little"
    if unusual or not (packed or plain) or order not in ("little", "big"):
        return None
    start = 0 if detached or end is None else end.end()
    return Layout(voxels, stored.newbyteorder("<" if order == "little" else ">"), start, packed=packed)


def _detached(file: FileSource, text: str, kind: Kind) -> tuple[FileSource, ...]:
    """The file of the voxels that a detached header names; () where they follow the header itself."""
    pattern = r"^data ?file:\s*(.+?)\s*$" if kind == "nrrd" else r"^ElementDataFile\s*=\s*(.+?)\s*$"
    named = re.search(pattern, text, re.MULTILINE | re.IGNORECASE)
    if named is None or named[1].upper() == "LOCAL":
        return ()
    if named[1].upper().startswith("LIST") or "%" in named[1]:
        raise SeriesError(f"{file.name} spreads its voxels over several files; save it as one file.")
    voxels = file.sibling(named[1])
    if voxels is None:
        raise SeriesError(f"{file.name} names a file with its voxels that does not lie beside it; put both together.")
    return (voxels,)
