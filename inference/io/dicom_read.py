"""A DICOM series: its sorted images, its grid, and the reader that fills a volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import SeriesError
from inference.io.dicom_codestream import contradicts
from inference.io.dicom_dataset import read_dataset
from inference.io.dicom_images import Image
from inference.io.dicom_pixels import Decoder, read_direct
from inference.io.dicom_values import Scale, ValueMap, padding_hu, scale_of
from inference.io.reader import SliceDamaged
from inference.io.slices import Arrangement, SliceHeader, arrange
from inference.io.verdict import from_headers
from inference.verdict import Verdict
from inference.volume import Units, VolumeGeometry

JPEG_FAMILY = "1.2.840.10008.1.2.4."
"""Transfer syntaxes that ITK decodes well; on a damaged RLE image it dwells for seconds."""
MAX_SHEAR_DEGREES = 45.0
"""Slices further askew are no tilted gantry's (which ends at 30); they are shown as a plain stack, and refused."""


@dataclass(frozen=True, eq=False)
class DicomSource:
    """The images of one stack, in the order they were found; ``arrangement`` sorts them."""

    images: tuple[Image, ...]
    arrangement: Arrangement
    scale: Scale
    geometry: VolumeGeometry
    _slots: dict[int, Image] = field(repr=False)

    @property
    def missing(self) -> tuple[int, ...]:
        """Slices of the grid that no file holds."""
        return self.arrangement.missing

    @property
    def patient_position(self) -> str:
        """(0018,5100)."""
        return self.images[0].header.patient_position

    @property
    def padding_hu(self) -> int | None:
        """(0028,0120) after rescale, where no tissue can have it."""
        first = self.images[self.arrangement.order[0]]
        return padding_hu(first, self.scale.map_of(first))

    @cached_property
    def header_verdict(self) -> Verdict:
        """The verdict from headers alone."""
        return from_headers([image.header for image in self.images], self.arrangement)

    def verdict(self, units: Units, lost: tuple[int, ...] = ()) -> Verdict:
        """The verdict from headers alone; slices ``lost`` make a gap."""
        if not lost:
            return self.header_verdict
        kept = [n for n, slot in enumerate(self.arrangement.slots) if slot not in lost]
        arrangement = replace(
            self.arrangement,
            order=tuple(self.arrangement.order[n] for n in kept),
            slots=tuple(self.arrangement.slots[n] for n in kept),
            missing=tuple(sorted({*self.arrangement.missing, *lost})),
        )
        return from_headers([image.header for image in self.images], arrangement)

    def image(self, k: int) -> Image | None:
        """The image at slice ``k``; None in a gap."""
        return self._slots.get(k)

    def open(self) -> DicomReader:
        """Begin to read."""
        return DicomReader(self)

    def tags(self, k: int) -> Mapping[str, Any] | None:
        """The data set of the file that holds slice ``k``, without pixels."""
        image = self.image(k)
        if image is None:
            return None
        with image.file.open() as stream:
            return read_dataset(stream)[0]  # type: ignore[return-value]


def source_of(images: tuple[Image, ...]) -> DicomSource:
    """Arrange the images of one stack.

    Raises
    ------
    InputShapeError
        If the headers make no grid.
    """
    arrangement = arrange([image.header for image in images])
    first = images[arrangement.order[0]]
    thick = arrangement.spacing_mm is not None or first.header.thickness_mm is not None
    geometry = VolumeGeometry(
        shape=(arrangement.slices, first.header.rows, first.header.columns),
        affine=_affine(arrangement, first.header),
        frame_of_reference_uid=first.header.frame_of_reference_uid,
        orientation_known=arrangement.positions_known,
        spacing_known=first.header.pixel_spacing is not None and thick,
    )
    slots = {slot: images[index] for slot, index in zip(arrangement.slots, arrangement.order, strict=True)}
    return DicomSource(images, arrangement, scale_of(images), geometry, slots)


def _affine(arrangement: Arrangement, first: SliceHeader) -> NDArray[np.float64]:
    """The arrangement's affine; where its slices make no volume (mixed planes), a plain stack to page through."""
    if arrangement.shear_degrees <= MAX_SHEAR_DEGREES and not arrangement.mixed_orientation:
        return arrangement.affine
    affine = np.array(arrangement.affine)
    affine[:3, 2] = np.array(arrangement.normal) * (arrangement.spacing_mm or first.thickness_mm or 1.0)
    return affine


class DicomReader:
    """Reads slices from any thread."""

    parallel = True

    def __init__(self, source: DicomSource) -> None:
        self._source = source
        self._decoder = Decoder()
        self._through_itk = False

    def read(self, k: int, out: NDArray[np.int16]) -> None:
        """Fill ``out`` with slice ``k``. Raises SeriesError."""
        image = self._source.image(k)
        assert image is not None, "gaps are filled by the caller"
        value_map = self._source.scale.map_of(image)
        if image.coding.direct and out.flags.c_contiguous:
            read_direct(image, value_map, out)
        elif image.coding.transfer_syntax.startswith(JPEG_FAMILY) and _contradicts(image):
            raise SliceDamaged(f"{image.file.name} is damaged: its image has another size than its header names.")
        elif not (self._through_itk and _by_itk(image, out)):
            self._decode(image, value_map, out)

    def _decode(self, image: Image, value_map: ValueMap, out: NDArray[np.int16]) -> None:
        """By pydicom; what it cannot decode ITK perhaps can, which applies the rescale itself."""
        same_values = image.table is None and (self._source.scale.units is Units.HU or value_map == ValueMap())
        try:
            self._decoder.read(image, value_map, out)
        except SeriesError:
            if not (same_values and image.coding.samples == 1 and _by_itk(image, out)):
                raise

    def settle(self, k: int, pixels: NDArray[np.int16]) -> None:
        """Decode in ITK from now on if it gives the same Hounsfield units for slice ``k``."""
        image = self._source.image(k)
        many = len(self._source.images) > 2
        linear = image is not None and image.table is None
        if many and image is not None and linear and self._source.scale.units is Units.HU and not image.coding.direct:
            again = np.empty_like(pixels)
            self._through_itk = _by_itk(image, again) and np.array_equal(again, pixels)

    def units(self) -> Units:
        """What the numbers mean."""
        return self._source.scale.units

    def close(self) -> None:
        """Nothing stays open."""


def _contradicts(image: Image) -> bool:
    try:
        return contradicts(image)
    except OSError as error:
        raise SeriesError(f"{image.file.name} cannot be read any more; is its disk still there?") from error


def _by_itk(image: Image, out: NDArray[np.int16]) -> bool:
    """Decode a single-frame file in ITK; False where it cannot."""
    from inference.io.itk import decode_dicom

    if image.file.path is None or image.coding.frames > 1 or not image.coding.transfer_syntax.startswith(JPEG_FAMILY):
        return False
    try:
        frames = decode_dicom(image.file.path)
    except RuntimeError:
        return False
    if frames.shape != (1, *out.shape):
        return False
    out[...] = frames[0] if frames.dtype == np.int16 else np.rint(np.clip(frames[0], -32768, 32767))
    return True
