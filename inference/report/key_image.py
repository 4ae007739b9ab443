"""``key-image.png``: the slice with the largest infected area, annotated, in the radiological convention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.findings import Findings
from inference.io.export_files import replacing
from inference.io.study import Identity
from inference.labels import INFECTED, Lesion
from inference.report import wording
from inference.report.annotations import (
    DIM,
    VERDICT_COLOURS,
    EdgeLetters,
    LabelStyle,
    Rgb,
    blend,
    draw_legend,
    draw_orientation_letters,
    draw_scale_bar,
    draw_text,
    edge_letters,
    label_styles,
    windowed,
    wrapped,
)
from inference.report.fonts import printable
from inference.software import NAME, NOTICE, version
from inference.verdict import Verdict
from inference.volume import LabelMap, Reorientation, Units, Volume

LUNG_WINDOW = (1500.0, -600.0)
GREY_WINDOW = (255.0, 127.5)
_LONGER_SIDE_PX = 960
_NARROWEST_PX = 640
_TEXT_PX = 17
_SOFT_TISSUE_HU = -300
_BODY_MARGIN_MM = 15.0
_AS_STORED = Reorientation((0, 1, 2), (False, False, False))


@dataclass(frozen=True, eq=False)
class KeySlice:
    """One axial slice about the body, turned so that columns run to the patient's left and rows to the back.

    Where no orientation is known it is as stored, ``letters`` is None and ``z_mm`` too. ``row_mm`` and ``column_mm``
    are the distances of rows and of columns. ``number`` counts from 1 at the head.
    """

    pixels: NDArray[np.int16]
    lungs: NDArray[np.uint8]
    lesions: NDArray[np.uint8]
    letters: EdgeLetters | None
    row_mm: float
    column_mm: float
    number: int
    count: int
    z_mm: float | None
    spacing_known: bool
    units: Units

    @property
    def percent(self) -> float | None:
        """Infected share of the lung on this slice."""
        lung = self.lungs > 0
        total = int(lung.sum())
        return 100.0 * int((np.isin(self.lesions, INFECTED) & lung).sum()) / total if total else None

    @property
    def window(self) -> tuple[float, float]:
        """Width and level that suit the units."""
        return GREY_WINDOW if self.units is Units.GREY8 else LUNG_WINDOW


def key_slice(volume: Volume, lungs: LabelMap, lesions: LabelMap) -> KeySlice:
    """The slice with the largest infected area; without any, with the most effusion; without any, the most lung."""
    known = volume.geometry.orientation_known
    turn = volume.geometry.orientation if known else _AS_STORED
    geometry = volume.geometry.reoriented(turn)
    lung, lesion = turn.apply(lungs.array), turn.apply(lesions.array)
    k = _most_telling(lung, lesion)
    count, rows, columns = geometry.shape
    _, row_mm, column_mm = geometry.spacing_mm
    directions = geometry.affine[:3, :3]
    middle = geometry.to_patient((k, (rows - 1) / 2, (columns - 1) / 2))
    pixels = np.asarray(turn.apply(volume.array)[k])
    shown = _body(pixels, row_mm, column_mm) if volume.units is Units.HU else np.s_[:, :]
    return KeySlice(
        pixels=pixels[shown],
        lungs=np.asarray(lung[k])[shown],
        lesions=np.asarray(lesion[k])[shown],
        letters=edge_letters(directions[:, 0], directions[:, 1]) if known else None,
        row_mm=row_mm,
        column_mm=column_mm,
        number=count - k if known else k + 1,
        count=count,
        z_mm=float(middle[2]) if known else None,
        spacing_known=geometry.spacing_known,
        units=volume.units,
    )


def _body(pixels: NDArray[np.int16], row_mm: float, column_mm: float) -> tuple[slice, slice]:
    """The rows and columns that hold the body with a margin; all of them where no body stands out."""
    from scipy.ndimage import find_objects, label

    parts, count = label(pixels > _SOFT_TISSUE_HU)
    if not count:
        return np.s_[:, :]
    largest = int(np.argmax(np.bincount(parts.ravel())[1:]))
    box = []
    for found, size, step in zip(find_objects(parts)[largest], pixels.shape, (row_mm, column_mm), strict=True):
        margin = round(_BODY_MARGIN_MM / step)
        box.append(slice(max(found.start - margin, 0), min(found.stop + margin, size)))
    return box[0], box[1]


def _most_telling(lungs: NDArray[np.uint8], lesions: NDArray[np.uint8]) -> int:
    areas = np.zeros((3, len(lungs)), dtype=np.int64)
    for k, (lung, lesion) in enumerate(zip(lungs, lesions, strict=True)):
        areas[:, k] = (
            np.count_nonzero((lesion != 0) & (lesion != Lesion.EFFUSION) & (lung != 0)),
            np.count_nonzero(lesion == Lesion.EFFUSION),
            np.count_nonzero(lung),
        )
    deciding = next((row for row in areas if row.any()), None)
    return int(np.argmax(deciding)) if deciding is not None else len(lungs) // 2


def draw_slice(
    one: KeySlice, longer_side_px: int = _LONGER_SIDE_PX, text_px: int = _TEXT_PX
) -> tuple[Image.Image, float]:
    """The slice with overlays, letters and scale bar, in true proportions. Returns it and its mm per pixel."""
    height_mm, width_mm = one.pixels.shape[0] * one.row_mm, one.pixels.shape[1] * one.column_mm
    mm_per_pixel = max(height_mm, width_mm) / longer_side_px
    size = max(1, round(width_mm / mm_per_pixel)), max(1, round(height_mm / mm_per_pixel))
    grey = np.asarray(Image.fromarray(windowed(one.pixels, *one.window)).resize(size, Image.Resampling.BICUBIC))
    outline = max(1, round(text_px / 14))
    styles = label_styles()
    picture = grey
    for name, mask in (("lungs", one.lungs), ("lesions", one.lesions)):
        labels = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
        shown = [style for style in styles if style.mask == name]
        picture = blend(picture, labels, shown, outline_px=outline, fill=name == "lesions")
    image = Image.fromarray(picture)
    if one.letters:
        draw_orientation_letters(image, (0, 0, *size), one.letters, size=round(text_px * 1.3))
    if one.spacing_known:
        draw_scale_bar(image, (0, 0, *size), mm_per_pixel, size=text_px)
    return image, mm_per_pixel


def present_styles(one: KeySlice) -> list[LabelStyle]:
    """The styles of the labels that this slice shows, for its legend."""
    masks = {"lungs": one.lungs, "lesions": one.lesions}
    return [style for style in label_styles() if (masks[style.mask] == style.code).any()]


def caption(one: KeySlice, modality: Literal["ct", "xray"] = "ct") -> str:
    """Window, slice, position and the infected share of the slice, in one line; of a film the window alone."""
    if modality == "xray":
        return wording.window(*one.window)
    parts = [wording.window(*one.window), f"slice {one.number}/{one.count}"]
    if one.z_mm is not None:
        parts.append(wording.position(one.z_mm))
    if one.units is not Units.HU:
        parts.append("no Hounsfield units")
    if one.percent is not None:
        parts.append(f"{wording.percent(one.percent)} of the lung on this slice infected")
    return " · ".join(parts)


def key_image(findings: Findings, volume: Volume, verdict: Verdict, identity: Identity | None = None) -> Image.Image:
    """The annotated key image. ``identity`` is drawn only if given."""
    output = findings.output
    one = key_slice(volume, output.lungs, output.lesions)
    picture, _ = draw_slice(one)
    above = [(f"{NAME} {version()} · {wording.origin(findings)} · {NOTICE}", DIM)]
    if identity is not None:
        above.insert(0, (identity_line(identity), DIM))
    above.append((f"Geometry {verdict.sentence()}", VERDICT_COLOURS[verdict.colour.word]))
    below = [(caption(one, output.modality), DIM), (wording.summary(findings), DIM)]
    below += [(text, VERDICT_COLOURS["amber"]) for text in wording.alarms(findings)]
    below += [(f"Limits: {text}", DIM) for text in wording.limits(findings)[:2]]
    return framed(picture, above, below, present_styles(one))


def framed(
    picture: Image.Image,
    above: Sequence[tuple[str, Rgb]],
    below: Sequence[tuple[str, Rgb]],
    legend: Sequence[LabelStyle],
    text_px: int = _TEXT_PX,
) -> Image.Image:
    """``picture`` on black with lines of text above, a legend and lines below; nothing covers it, nothing overflows."""
    width, margin, line = max(picture.width, _NARROWEST_PX), int(text_px * 0.7), int(text_px * 1.5)
    room = width - 2 * margin
    top = [(text, fill) for long, fill in above for text in wrapped(long, room, size=text_px, most_lines=4)]
    foot = [(text, fill) for long, fill in below for text in wrapped(long, room, size=text_px, most_lines=2)]
    head_height = len(top) * line + 2 * margin if top else 0
    scratch = Image.new("RGB", (width, width))
    legend_height = draw_legend(scratch, (0, 0), legend, room, size=text_px)
    page = Image.new("RGB", (width, head_height + picture.height + legend_height + len(foot) * line + 2 * margin))
    _draw_lines(page, top, margin, margin, text_px)
    page.paste(picture, ((width - picture.width) // 2, head_height))
    y = head_height + picture.height + margin
    draw_legend(page, (margin, y), legend, room, size=text_px)
    _draw_lines(page, foot, margin, y + legend_height, text_px)
    return page


def _draw_lines(page: Image.Image, lines: Sequence[tuple[str, Rgb]], x: int, y: int, text_px: int) -> None:
    for number, (text, fill) in enumerate(lines):
        draw_text(page, (x, y + number * int(text_px * 1.5)), text, size=text_px, anchor="la", fill=fill)


def identity_line(identity: Identity) -> str:
    """Who the patient is, in one printable line."""
    parts = (
        identity.name.replace("^", " "),
        identity.patient_id,
        identity.birth_date,
        identity.sex,
        identity.accession,
    )
    return printable(" · ".join(part.strip() for part in parts if part.strip()) or "No identity in the file")


def write_key_image(
    path: Path, findings: Findings, volume: Volume, verdict: Verdict, identity: Identity | None = None
) -> None:
    """Write the key image as PNG, whole or not at all. Raises ExportError if it cannot be written."""
    image = key_image(findings, volume, verdict, identity)
    with replacing(path) as beside:
        image.save(beside, format="PNG", optimize=False)
