"""Label maps as NIfTI, proven by reading them back.

The only place where masks leave LPS: NIfTI's world is RAS, so x and y change sign here and nowhere else on the way
out. NIfTI indexes ``[i, j, k]``, our arrays ``[k, j, i]``.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np

from inference.errors import ExportError
from inference.io.export_files import replacing
from inference.pipeline.cancellation import CancellationToken
from inference.software import NOTICE
from inference.volume import LabelMap, VolumeGeometry

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_SCANNER = 1
_UNKNOWN = 0
_COMPRESSION = 4
_TOLERANCE_MM = 0.01
"""NIfTI keeps its affine in 32-bit floats, its qform as a quaternion of them."""


def write_label_map(path: Path, labels: LabelMap, *, cancel: CancellationToken | None = None) -> None:
    """Write ``labels`` as uint8 NIfTI (gzip), read it back, compare every voxel and every corner, then rename.

    Both qform and sform are set (code 1) where the orientation is known, the sform alone on a sheared grid, which a
    quaternion cannot hold; both codes are 0 where there is no orientation, so that no reader invents a right side.
    The bytes depend on the labels and the geometry only.

    Raises
    ------
    ExportError
        If the file cannot be written or does not read back as it was written; then nothing is left behind.
    Cancelled
        If ``cancel`` was set, looked at with every slice; then nothing is left behind either.
    """
    token = cancel or CancellationToken()
    with replacing(path) as beside:
        _write(beside, labels, token)
        problem = difference(beside, labels)
        if problem:
            raise ExportError(f"{path.name} did not read back as it was written ({problem}); nothing was kept.")
        token.check()


def difference(path: Path, labels: LabelMap) -> str:
    """What differs between the file and ``labels``, in a few words; empty when they are the same."""
    import nibabel
    from nibabel.filebasedimages import ImageFileError

    try:
        image = nibabel.load(path)
        stored = np.asanyarray(image.dataobj)
        header = image.header
    except (OSError, EOFError, ValueError, ImageFileError):
        return "it cannot be read"
    if stored.dtype != np.uint8 or stored.shape != labels.array.T.shape:
        return f"shape {stored.shape} of {stored.dtype}"
    if not np.array_equal(stored, labels.array.T):
        return "voxels differ"
    return _misplacement(header, labels.geometry)


def _write(path: Path, labels: LabelMap, token: CancellationToken) -> None:
    with path.open("wb") as raw, _Watched("", "wb", _COMPRESSION, raw, mtime=0) as stream:
        stream.token = token
        _image(labels).to_stream(stream)


class _Watched(gzip.GzipFile):
    """Compresses as long as nobody has cancelled; nibabel writes slice by slice."""

    token = CancellationToken()

    def write(self, data: Any) -> int:
        self.token.check()
        return super().write(data)


def _image(labels: LabelMap) -> Any:
    import nibabel

    geometry = labels.geometry
    image = nibabel.Nifti1Image(labels.array.T, None)
    k, j, i = geometry.spacing_mm
    image.header.set_zooms((i, j, k))
    image.header.set_xyzt_units("mm" if geometry.spacing_known else "unknown")
    image.header["cal_max"] = 4
    image.header["descrip"] = NOTICE
    ras = _LPS_TO_RAS @ geometry.affine
    known = geometry.orientation_known
    image.set_sform(ras if known else None, _SCANNER if known else _UNKNOWN)
    image.set_qform(ras if known else None, _SCANNER if known else _UNKNOWN)
    if known and not _lies_at(image.header.get_qform(), geometry):
        image.set_qform(None, _UNKNOWN)
    return image


def _lies_at(ras: Any, geometry: VolumeGeometry) -> bool:
    lps = np.asarray(_LPS_TO_RAS @ np.asarray(ras, dtype=np.float64))
    return VolumeGeometry(geometry.shape, lps).same_grid(geometry, _TOLERANCE_MM)


def _misplacement(header: Any, geometry: VolumeGeometry) -> str:
    qform, qform_code = header.get_qform(coded=True)
    sform, sform_code = header.get_sform(coded=True)
    if not geometry.orientation_known:
        zooms = np.array(header.get_zooms()[:3], dtype=np.float64)
        if qform_code or sform_code:
            return "an orientation appeared"
        return "" if np.allclose(zooms[::-1], geometry.spacing_mm, rtol=1e-5) else "spacing differs"
    if not sform_code:
        return "the orientation was lost"
    if not _lies_at(sform, geometry) or (qform_code and not _lies_at(qform, geometry)):
        return "voxels lie elsewhere in the patient"
    return ""
