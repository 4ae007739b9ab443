"""Functional groups of multi-frame objects (Enhanced CT and its like): one header per frame.

DICOM PS3.3 C.7.6.16: a value stands in the frame's own group, else in the shared one, else at the top level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from inference.io.slices import SliceHeader
from inference.io.study import WindowLevel

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Lookup = Callable[[str, str], Any]


def frame_headers(dataset: Dataset | None, top: SliceHeader, frames: int) -> list[SliceHeader]:
    """The headers of ``frames`` frames; ``top`` is what the top level says."""
    if dataset is None:
        return [replace(top, instance_number=n + 1) for n in range(frames)] if frames > 1 else [top]
    shared = _first(dataset, "SharedFunctionalGroupsSequence")
    own = list(dataset.get("PerFrameFunctionalGroupsSequence", None) or ())
    units = _mapped_units(dataset, shared) or top.units
    headers = []
    for n in range(frames):
        header = _frame_header(replace(top, units=units), _lookup(own[n] if n < len(own) else None, shared))
        headers.append(replace(header, instance_number=n + 1) if frames > 1 else header)
    return headers


def frame_windows(
    dataset: Dataset, kernel: tuple[str, ...], body_part: str, windows: tuple[WindowLevel, ...]
) -> tuple[tuple[str, ...], str, tuple[WindowLevel, ...]]:
    """Kernel, body part and windows of the first frame where the top level lacks them."""
    from inference.io.dicom_images import make_windows

    own = list(dataset.get("PerFrameFunctionalGroupsSequence", None) or ())
    get = _lookup(own[0] if own else None, _first(dataset, "SharedFunctionalGroupsSequence"))
    if not windows:
        windows = make_windows(
            _numbers(get("FrameVOILUTSequence", "WindowCenter")),
            _numbers(get("FrameVOILUTSequence", "WindowWidth")),
            _words(get("FrameVOILUTSequence", "WindowCenterWidthExplanation")),
            str(get("FrameVOILUTSequence", "VOILUTFunction") or "").upper(),
        )
    region = get("FrameAnatomySequence", "AnatomicRegionSequence")
    meaning = str(region[0].get("CodeMeaning", "") or "") if region else ""
    return kernel or _words(get("CTReconstructionSequence", "ConvolutionKernel")), body_part or meaning, windows


def _frame_header(top: SliceHeader, get: Lookup) -> SliceHeader:
    position = _numbers(get("PlanePositionSequence", "ImagePositionPatient"))
    orientation = _numbers(get("PlaneOrientationSequence", "ImageOrientationPatient"))
    spacing = _numbers(get("PixelMeasuresSequence", "PixelSpacing"))
    thickness = _numbers(get("PixelMeasuresSequence", "SliceThickness"))
    slope = _numbers(get("PixelValueTransformationSequence", "RescaleSlope"))
    intercept = _numbers(get("PixelValueTransformationSequence", "RescaleIntercept"))
    kind = _words(get("CTImageFrameTypeSequence", "FrameType")) or _words(get("MRImageFrameTypeSequence", "FrameType"))
    frame_of_reference = str(get("", "FrameOfReferenceUID") or "")
    tilt = _numbers(get("CTAcquisitionDetailsSequence", "GantryDetectorTilt"))
    return replace(
        top,
        position=(position[0], position[1], position[2]) if len(position) == 3 else top.position,
        orientation=orientation if len(orientation) == 6 else top.orientation,
        pixel_spacing=(spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else top.pixel_spacing,
        thickness_mm=thickness[0] if thickness and thickness[0] > 0 else top.thickness_mm,
        rescale_slope=slope[0] if slope else top.rescale_slope,
        rescale_intercept=intercept[0] if intercept else top.rescale_intercept,
        rescale_type=str(get("PixelValueTransformationSequence", "RescaleType") or "") or top.rescale_type,
        image_type=kind or top.image_type,
        frame_of_reference_uid=frame_of_reference or top.frame_of_reference_uid,
        gantry_tilt_degrees=tilt[0] if tilt else top.gantry_tilt_degrees,
    )


def _lookup(own: Dataset | None, shared: Dataset | None) -> Lookup:
    def get(sequence: str, keyword: str) -> Any:
        for group in (own, shared):
            item = _first(group, sequence) if group is not None and sequence else group
            value = item.get(keyword, None) if item is not None else None
            if value is not None and value != "":
                return value
        return None

    return get


def _first(dataset: Dataset, sequence: str) -> Dataset | None:
    items: Any = dataset.get(sequence, None)
    return items[0] if items is not None and len(items) else None


def _mapped_units(dataset: Dataset, shared: Dataset | None) -> str:
    """The unit of a real-world value map (iodine maps carry mg/ml here), "" without one."""
    for group in (dataset, shared):
        value_map = _first(group, "RealWorldValueMappingSequence") if group is not None else None
        code = _first(value_map, "MeasurementUnitsCodeSequence") if value_map is not None else None
        if code is not None:
            return str(code.get("CodeValue", "") or "")
    return ""


def _numbers(value: Any) -> tuple[float, ...]:
    if value is None or value == "":
        return ()
    values = value if not isinstance(value, str | float | int) else (value,)
    try:
        return tuple(float(number) for number in values)
    except (TypeError, ValueError):
        return ()


def _words(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    return (str(value),) if isinstance(value, str) else tuple(str(word) for word in value)
