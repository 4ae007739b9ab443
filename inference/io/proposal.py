"""Which series a reader wants first: a thin, non-contrast chest CT in a lung or standard kernel, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from inference.io.contrast import described_as_enhanced
from inference.io.dicom_images import PROJECTIONS
from inference.io.study import SeriesInfo, Study
from inference.verdict import Colour

KernelKind = Literal["lung", "standard", "edge", ""]

_CHEST = re.compile(r"chest|thor|lung|pulm", re.IGNORECASE)
_OTHER_PART = re.compile(r"head|brain|skull|abdom|pelvi|spine|neck|knee|foot|hand|liver|card|heart", re.IGNORECASE)
_REFORMATTED = ("MIP", "MINIP", "MPR", "REFORMATTED", "SCREEN SAVE", "CSA MPR", "CSA 3D", "VOLREN")
_STANDARD_NAMES = re.compile(r"stand|soft|detail|^stnd|smooth|medi", re.IGNORECASE)
_LUNG_NAMES = re.compile(r"lung|chst|pulm", re.IGNORECASE)
_MASK_NAMES = re.compile(r"mask|lung|lesion|label|classes|segment|heart|finding", re.IGNORECASE)
_EDGE_NAMES = re.compile(r"bone|edge|sharp|ultra", re.IGNORECASE)


def kernel_kind(kernel: str) -> KernelKind:
    """What a convolution kernel's name stands for, by maker: B60f, Bl57d, FC51, YC, LUNG ... "" where unknown."""
    name = kernel.split("\\")[0].strip()
    if _LUNG_NAMES.search(name):
        return "lung"
    if _STANDARD_NAMES.search(name):
        return "standard"
    if _EDGE_NAMES.search(name):
        return "edge"
    if re.match(r"bl\d", name, re.IGNORECASE):
        return "lung"
    if toshiba := re.fullmatch(r"FC(\d+)", name, re.IGNORECASE):
        number = int(toshiba[1])
        return "standard" if number < 30 else "edge" if number < 50 else "lung" if number < 60 else "edge"
    if siemens := re.match(r"[A-Z][a-z]?(\d{2})", name):
        number = int(siemens[1])
        return "standard" if number < 50 else "lung" if number <= 70 else "edge"
    philips: dict[str, KernelKind] = {"A": "standard", "B": "standard", "C": "standard", "D": "edge", "E": "edge"}
    philips |= {"L": "lung", "YA": "lung", "YB": "lung", "YC": "lung", "YD": "lung"}
    return philips.get(name.upper(), "")


def judge(info: SeriesInfo) -> SeriesInfo:
    """The series with its score (higher fits better, below 0 does not fit) and the reason in a few words."""
    if not info.loadable:
        return replace(info, score=-1000.0)
    score, words = 0.0, []
    for points, word in (_modality(info), _slices(info), _kernel(info), _place(info), _kind_of_image(info)):
        score += points
        words += [word] if word else []
    score += {Colour.GREEN: 5.0, Colour.AMBER: 0.0, Colour.RED: -40.0}[info.verdict.colour]
    return replace(info, score=score, reason=", ".join(words))


def propose(series: Sequence[SeriesInfo]) -> int | None:
    """Index of the series to open first, None where none can be opened."""
    fitting = [n for n, info in enumerate(series) if info.loadable and not info.is_localizer]
    fitting = fitting or [n for n, info in enumerate(series) if info.loadable]
    return max(fitting, key=lambda n: (series[n].score, -n), default=None)


def partner(study: Study, info: SeriesInfo) -> SeriesInfo | None:
    """The same scan in the other kernel (lung beside soft): one study, one frame of reference, the same slices."""
    kind = kernel_kind(info.kernel)
    for other in study.series:
        same = other.study_uid == info.study_uid and other.frame_of_reference_uid == info.frame_of_reference_uid
        named = bool(info.frame_of_reference_uid and info.study_uid)
        if other is info or not (same and named) or {kind, kernel_kind(other.kernel)} - {""} == {kind}:
            continue
        if other.loadable and not other.is_localizer and kernel_kind(other.kernel) and _overlap(info, other) > 0.8:
            return other
    return None


def with_partners(study: Study) -> Study:
    """The study with the partner kernel named in each reason."""
    series = []
    for info in study.series:
        other = partner(study, info) if info.kind == "dicom" and info.loadable and not info.is_localizer else None
        if other is not None:
            link = f"same scan as series {other.index} in a {kernel_kind(other.kernel)} kernel"
            info = replace(info, reason=f"{info.reason}, {link}")
        series.append(info)
    return replace(study, series=tuple(series))


def _overlap(one: SeriesInfo, other: SeriesInfo) -> float:
    """Share of the shorter stack's extent along its normal that the other covers too."""
    a, b = one.source.geometry, other.source.geometry
    normal = np.array(one.source.arrangement.normal)
    ends = []
    for geometry in (a, b):
        points = geometry.to_patient([(0, 0, 0), (geometry.shape[0] - 1, 0, 0)]) @ normal
        ends.append((float(points.min()), float(points.max())))
    shared = min(ends[0][1], ends[1][1]) - max(ends[0][0], ends[1][0])
    return shared / max(1e-3, min(ends[0][1] - ends[0][0], ends[1][1] - ends[1][0]))


def _modality(info: SeriesInfo) -> tuple[float, str]:
    if info.is_localizer:
        return -100.0, "localizer"
    if info.kind == "image":
        words = "8-bit image" if info.slices == 1 else "8-bit images stacked by their numbers, spacing unknown"
        is_mask = _MASK_NAMES.search(info.identity.name)
        return (-20.0, f"{words}, probably a mask") if is_mask else (0.0, words)
    if info.kind != "dicom":
        return (40.0, "volume without DICOM header") if not _is_mask(info) else (-20.0, "8-bit volume, probably a mask")
    if info.modality in ("CT", ""):
        return 60.0 if info.modality else 30.0, "" if info.modality else "no modality stated"
    return -10.0 if info.modality in PROJECTIONS else -20.0, f"{info.modality}, not CT"


def _is_mask(info: SeriesInfo) -> bool:
    return info.description.endswith("8-bit")


def _slices(info: SeriesInfo) -> tuple[float, str]:
    if info.kind == "image":
        return 0.0, ""
    if info.slices < 20:
        return -30.0, f"{info.slices} slice{'s' * (info.slices != 1)} only"
    between = info.spacing_mm[0] if info.spacing_mm else None
    size = max(filter(None, (info.thickness_mm, between)), default=None)
    if size is None:
        return 0.0, "thickness unknown"
    if size <= 3:
        return 20.0 - 2.0 * abs(size - 1.25), f"thin {size:g} mm"
    return max(-10.0, 10.0 - 2.5 * size), f"thick {size:g} mm"


def _kernel(info: SeriesInfo) -> tuple[float, str]:
    kind = kernel_kind(info.kernel)
    points = {"lung": 10.0, "standard": 10.0, "edge": 3.0, "": 4.0}[kind]
    name = info.kernel.replace("\\", " ")
    return points, f"{kind} kernel {name}".strip() if kind else ""


def _place(info: SeriesInfo) -> tuple[float, str]:
    words = f"{info.body_part} {info.description}"
    if _CHEST.search(words):
        return 15.0, "chest"
    if other := _OTHER_PART.search(words):
        return -30.0, f"not chest ({other[0].lower()})"
    return 0.0, ""


def _kind_of_image(info: SeriesInfo) -> tuple[float, str]:
    if info.kind != "dicom":
        return 0.0, ""
    header = info.source.images[0].header
    types = " ".join(header.image_type).upper()
    points, words = 0.0, []
    if any(word in types for word in _REFORMATTED):
        points, words = points - 25.0, ["reformatted"]
    elif "DERIVED" in types and header.lossy is False:
        points, words = points - 15.0, ["derived"]
    if header.contrast_agent or described_as_enhanced(info.description):
        points, words = points - 8.0, [*words, "contrast"]
    return points, ", ".join(words)
