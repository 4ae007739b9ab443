"""NIfTI volumes. RAS millimetres become LPS here and nowhere else.

The array keeps the file's own order: its last axis, which varies slowest in the file, is ``k``.
"""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import numpy as np

from inference.errors import InputShapeError, SeriesError
from inference.io.sources import FileSource
from inference.io.stream import Layout, StreamReader, unpacked
from inference.io.study import SeriesInfo
from inference.io.volume_source import HeaderlessSource, volume_info
from inference.volume import VolumeGeometry

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_MILLIMETRES = {"meter": 1000.0, "micron": 0.001}


class NiftiSource(HeaderlessSource):
    """A NIfTI file and what its header says."""

    kind = "nifti"

    def __init__(self, file: FileSource, header: Any, packed: bool) -> None:
        super().__init__(file, _geometry(file, header), np.dtype(header.get_data_dtype()))
        slope, intercept = header.get_slope_inter()
        self.layout = Layout(
            file,
            self.stored,
            skip=int(header.get_data_offset()) or int(header.single_vox_offset),
            packed=packed,
            slope=float(slope) if slope is not None and np.isfinite(slope) and slope != 0 else 1.0,
            intercept=float(intercept) if intercept is not None and np.isfinite(intercept) else 0.0,
        )

    def open(self) -> StreamReader:
        """Begin to read."""
        return StreamReader(self.layout)


def scan_nifti(index: int, file: FileSource) -> SeriesInfo:
    """The series of a NIfTI file.

    Raises
    ------
    SeriesError
        If it is no NIfTI file, is damaged or cut short, or has more than three dimensions.
    OSError
        If it cannot be read.
    """
    from nibabel import Nifti1Header, Nifti2Header
    from nibabel.spatialimages import HeaderDataError

    with file.open() as stream:
        content = unpacked(stream)
        packed = content is not stream
        try:
            start = content.read(540)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise SeriesError(f"{file.name} is damaged; get it again.") from error
    for header_class, size in ((Nifti1Header, 348), (Nifti2Header, 540)):
        if size in (int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big")) and len(start) >= size:
            try:
                header = header_class(start[:size])
                source = NiftiSource(file, header, packed)
            except (HeaderDataError, ValueError, InputShapeError, KeyError) as error:
                raise SeriesError(f"{file.name} has a damaged NIfTI header ({error}).") from error
            _refuse_cut_short(source)
            return volume_info(index, source, "NIfTI")
    raise SeriesError(f"{file.name} is no NIfTI file, or is cut short.")


def _refuse_cut_short(source: NiftiSource) -> None:
    name = source.file.name
    if source.stored.kind not in "iuf":
        raise SeriesError(f"{name} holds colours or complex numbers, not one grey value for each voxel.")
    needed = source.layout.skip + int(np.prod(source.geometry.shape)) * source.stored.itemsize
    if not source.layout.packed and source.file.size < needed:
        raise SeriesError(f"{name} is cut short: {source.file.size} of {needed} bytes are there. Get it again.")


def _geometry(file: FileSource, header: Any) -> VolumeGeometry:
    shape = [int(n) for n in header.get_data_shape()]
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    if len(shape) > 3:
        raise SeriesError(f"{file.name} has {len(shape)} dimensions (a time series?); save one of its volumes alone.")
    if not shape:
        raise SeriesError(f"{file.name} holds no volume.")
    shape += [1] * (3 - len(shape))
    sform, sform_code = header.get_sform(coded=True)
    qform, qform_code = header.get_qform(coded=True)
    known = bool(sform_code or qform_code)
    ras = sform if sform_code else qform if qform_code else header.get_base_affine()
    unit = _MILLIMETRES.get(header.get_xyzt_units()[0], 1.0)
    affine = RAS_TO_LPS @ np.diag([unit, unit, unit, 1.0]) @ np.asarray(ras, dtype=np.float64)
    i, j, k = shape
    return VolumeGeometry((k, j, i), affine, orientation_known=known)
