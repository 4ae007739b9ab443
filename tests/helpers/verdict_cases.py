"""The verdict's cases: each changes a green series and names the rows that must apply, and no others.

:data:`CASES` are series; :data:`INPUTS` are folders and files that are hardly series at all.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.verdict import Colour
from tests.helpers.mutate import AXIAL, OTHER_FRAME_UID, Image, Images, write

Change = Callable[[Images], Images]
GREEN, AMBER, RED = Colour.GREEN, Colour.AMBER, Colour.RED


@dataclass(frozen=True)
class Case:
    """A change to a green series, and the verdict's codes, exactly these, once headers and voxels are judged.

    ``lung_rows`` are the codes once the lungs are known too; None: not tried (red before, or lungs not changed).
    """

    colour: Colour
    rows: tuple[str, ...]
    make: Change
    lung_rows: tuple[str, ...] | None = None


def _every(**tags: Any) -> Change:
    return lambda images: [image.tagged(**tags) for image in images]


def _values(change: Callable[[NDArray[np.int32]], NDArray[np.int32]]) -> Change:
    return lambda images: [replace(image, hu=change(image.hu)) for image in images]


def _one(share: float, change: Callable[[Image], Image]) -> Change:
    """Change the slice at a share of the stack."""

    def apply(images: Images) -> Images:
        chosen = int(share * len(images))
        return [change(image) if n == chosen else image for n, image in enumerate(images)]

    return apply


def _without(share: float, count: int) -> Change:
    """Leave out ``count`` slices from a share of the stack on."""

    def change(images: Images) -> Images:
        first = int(share * len(images))
        return images[:first] + images[first + count :]

    return change


def _then(*changes: Change) -> Change:
    def change(images: Images) -> Images:
        for one in changes:
            images = one(images)
        return images

    return change


def _shuffled(images: Images) -> Images:
    order = np.random.default_rng(11).permutation(len(images))
    numbers = np.random.default_rng(12).permutation(len(images))
    return [replace(images[n], number=int(number) + 1) for n, number in zip(order, numbers, strict=True)]


def _about_x(degrees: float) -> NDArray[np.float64]:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _turned(image: Image, turn: NDArray[np.float64]) -> Image:
    cosines = (*(turn @ np.array(AXIAL[:3])).tolist(), *(turn @ np.array(AXIAL[3:])).tolist())
    return replace(image, orientation=cosines)


def _gantry(degrees: float) -> Change:
    """Tilt each slice about its rows while the table still moves along z: a sheared stack.

    Thickness is measured along the slices' own normal, as the spacing is.
    """
    turn = _about_x(degrees)
    closer = float(np.cos(np.radians(degrees)))
    return lambda images: [
        _turned(image, turn).tagged(SliceThickness=image.tags["SliceThickness"] * closer) for image in images
    ]


def _oblique(degrees: float) -> Change:
    """Turn the whole stack about x."""
    turn = _about_x(degrees)

    def change(image: Image) -> Image:
        x, y, z = (turn @ np.array(image.position)).tolist()
        return replace(_turned(image, turn), position=(x, y, z))

    return lambda images: [change(image) for image in images]


def _doubled(change_pixels: int = 0) -> Change:
    """Three slices twice, the copies under UIDs and with header lengths of their own."""

    def change(images: Images) -> Images:
        chosen = [images[4], images[20], images[-5]]
        return images + [
            replace(image, uid=f"{image.uid}.77", hu=image.hu + change_pixels).tagged(ImageComments="a copy")
            for image in chosen
        ]

    return change


def _uneven(share: float) -> Change:
    """Move one slice by a share of the spacing."""
    return lambda images: _one(0.3, lambda image: image.moved(z=share * _spacing(images)))(images)


def _spacing(images: Images) -> float:
    return images[1].z - images[0].z


def _thickness(factor: float) -> Change:
    return lambda images: _every(SliceThickness=factor * _spacing(images))(images)


def _every_second(thickness_mm: float | None = None) -> Change:
    """Every second slice, as thick as the new spacing unless said."""
    return lambda images: _every(SliceThickness=thickness_mm or 2 * _spacing(images))(images[::2])


def _at_spacing(spacing_mm: float) -> Change:
    """The same slices at another spacing, as thick as that."""

    def change(images: Images) -> Images:
        first, step = images[0].z, _spacing(images)
        moved = [image.moved(z=(image.z - first) / step * (spacing_mm - step)) for image in images]
        return _every(SliceThickness=spacing_mm)(moved)

    return change


def _padded(hu: NDArray[np.int32]) -> NDArray[np.int32]:
    """-3024 outside the inscribed ellipse."""
    y, x = (np.linspace(-1, 1, n) for n in hu.shape)
    return np.where(np.hypot(y[:, None], x[None, :]) > 1, -3024, hu)


def _solid(hu: NDArray[np.int32]) -> NDArray[np.int32]:
    """Tissue instead of air everywhere but near the edge of the picture: a body without lungs."""
    y, x = (np.linspace(-1, 1, n) for n in hu.shape)
    return np.where((np.hypot(y[:, None] / 0.7, x[None, :] / 0.8) < 1) & (hu < -200), 40, hu)


def _cropped(images: Images) -> Images:
    """Only the middle columns: the field ends within both lungs."""
    left = cropped_columns(images)
    shift = left * images[0].pixel_spacing[1]
    return [replace(image.moved(x=shift), hu=image.hu[:, left:-left]) for image in images]


def cropped_columns(images: Images) -> int:
    """How many columns the case ``field_cuts_sides`` takes away on each side."""
    return int(images[0].hu.shape[1] * 0.3)


def _upper_part(images: Images) -> Images:
    return images[int(0.55 * len(images)) :]


def _sideways(by_mm: float) -> Change:
    """The middle third of the stack elsewhere within its planes."""
    return lambda images: [
        image.moved(x=by_mm) if 1 <= 3 * n // len(images) < 2 else image for n, image in enumerate(images)
    ]


_LOSSY = ["DERIVED", "PRIMARY", "AXIAL"]
_MPR = ["DERIVED", "SECONDARY", "AXIAL", "MPR"]
_IODINE = ["DERIVED", "PRIMARY", "AXIAL", "MAT_SPECIFIC", "IODINE"]
_VMI = ["DERIVED", "PRIMARY", "AXIAL", "VMI"]
_MIP = ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 MIP"]

CASES: Mapping[str, Case] = MappingProxyType(
    {
        "clean": Case(GREEN, (), lambda images: images, ()),
        "shuffled": Case(GREEN, (), _shuffled, ()),
        "tilt_20": Case(AMBER, ("tilt",), _gantry(20)),
        "tilt_29": Case(AMBER, ("tilt",), _gantry(-29)),
        "tilt_31": Case(RED, ("off_axial",), _gantry(31)),
        "oblique_12": Case(AMBER, ("tilt",), _oblique(-12)),
        "oblique_half_a_degree": Case(GREEN, (), _oblique(0.5)),
        "oblique_35": Case(RED, ("off_axial",), _oblique(-35)),
        "coronal": Case(RED, ("off_axial",), _oblique(90)),
        "tilt_named_only": Case(AMBER, ("tilt",), _every(GantryDetectorTilt=15)),
        "thickness_9_percent_off": Case(GREEN, (), _then(_at_spacing(2.0), _thickness(1.09))),
        "thickness_thin": Case(AMBER, ("thickness_not_spacing",), _thickness(0.5)),
        "overlap": Case(AMBER, ("thickness_not_spacing", "overlap"), _then(_at_spacing(2.0), _thickness(1.5))),
        "thickness_5_mm": Case(
            AMBER, ("thick_slices", "thickness_not_spacing", "overlap"), _then(_at_spacing(2.0), _thickness(2.5))
        ),
        "every_second_thick": Case(
            AMBER, ("thick_slices",), _then(_at_spacing(2.0), _every_second()), ("thick_slices",)
        ),
        "thickness_exactly_3_mm": Case(GREEN, (), _at_spacing(3.0)),
        "thickness_absent": Case(AMBER, ("thickness_unknown",), _every(SliceThickness=None)),
        "position_absent": Case(AMBER, ("position_unknown",), _every(PatientPosition=None)),
        "duplicated": Case(AMBER, ("duplicates_dropped",), _doubled(), ("duplicates_dropped",)),
        "duplicated_and_shuffled": Case(AMBER, ("duplicates_dropped",), _then(_doubled(), _shuffled)),
        "duplicated_other_pixels": Case(RED, ("position_conflict",), _doubled(7)),
        "dropped_in_lung": Case(AMBER, ("gap_outside_lung",), _without(0.5, 3), ("gap_in_lung",)),
        "dropped_outside_lung": Case(AMBER, ("gap_outside_lung",), _without(0.02, 2), ("gap_outside_lung",)),
        "dropped_and_uneven": Case(
            AMBER, ("gap_outside_lung", "spacing_varies"), _then(_without(0.02, 1), _uneven(0.05))
        ),
        "uneven_5_percent": Case(AMBER, ("spacing_varies",), _uneven(0.05), ("spacing_varies",)),
        "uneven_half_a_percent": Case(GREEN, (), _uneven(0.005)),
        "uneven_15_percent": Case(RED, ("spacing_irregular",), _uneven(0.15)),
        "uneven_10_percent": Case(RED, ("spacing_irregular",), _uneven(0.1)),
        "positions_missing": Case(
            RED, ("positions_missing",), lambda images: [replace(image, position=None) for image in images]
        ),
        "one_position_missing": Case(
            RED, ("positions_missing",), _one(0.4, lambda image: replace(image, position=None))
        ),
        "orientation_missing": Case(
            RED, ("positions_missing",), lambda images: [replace(image, orientation=None) for image in images]
        ),
        "mixed_orientation": Case(RED, ("mixed_orientation",), _one(0.4, lambda image: _turned(image, _about_x(25)))),
        "other_frame": Case(
            RED, ("mixed_frames",), _one(0.4, lambda image: image.tagged(FrameOfReferenceUID=OTHER_FRAME_UID))
        ),
        "shifted_sideways": Case(RED, ("mixed_sizes",), _sideways(8.0)),
        "shifted_by_half_a_millimetre": Case(GREEN, (), _one(0.5, lambda image: image.moved(x=0.5))),
        "no_rescale": Case(RED, ("no_rescale",), _every(RescaleIntercept=None, RescaleSlope=None)),
        "intercept_zero": Case(RED, ("not_hounsfield",), _every(RescaleIntercept=0)),
        "rescaled_twice": Case(RED, ("not_hounsfield",), _values(lambda hu: hu - 1024)),
        "padded_3024": Case(GREEN, (), _values(_padded), ()),
        "rescale_type_us": Case(RED, ("rescale_type",), _every(RescaleType="US")),
        "rescale_type_hu": Case(GREEN, (), _every(RescaleType="HU")),
        "other_units": Case(RED, ("rescale_type",), _every(Units="MGML")),
        "derived": Case(RED, ("derived",), _every(ImageType=_MPR)),
        "projection": Case(RED, ("derived",), _every(ImageType=_MIP)),
        "iodine": Case(RED, ("derived",), _every(ImageType=_IODINE)),
        "monoenergetic": Case(AMBER, ("monoenergetic",), _every(ImageType=_VMI)),
        "lossy": Case(AMBER, ("lossy",), _every(ImageType=_LOSSY, LossyImageCompression="01")),
        "derived_and_lossy": Case(RED, ("derived", "lossy"), _every(ImageType=_MPR, LossyImageCompression="01")),
        "derived_without_a_reason": Case(RED, ("derived",), _every(ImageType=_LOSSY)),
        "contrast": Case(AMBER, ("contrast_enhanced",), _every(ContrastBolusAgent="Iohexol")),
        "contrast_none": Case(GREEN, (), _every(ContrastBolusAgent="NONE")),
        "mr": Case(RED, ("not_ct",), _every(Modality="MR")),
        "no_modality": Case(GREEN, (), _every(Modality=None)),
        "no_modality_not_hounsfield": Case(RED, ("not_hounsfield",), _every(Modality=None, RescaleIntercept=0)),
        "nineteen_slices": Case(RED, ("few_slices",), lambda images: images[-60:-41]),
        "twenty_slices": Case(GREEN, (), lambda images: images[-60:-40]),
        "field_cuts_sides": Case(GREEN, (), _cropped),
        "field_cuts_ends": Case(GREEN, (), _upper_part, ("field_of_view",)),
        "no_lungs": Case(GREEN, (), _values(_solid), ("not_a_chest",)),
    }
)


def _truncated(images: Images, folder: Path) -> None:
    """One file ends in the middle of its pixels."""
    write(images, folder)
    victim = sorted(folder.iterdir())[7]
    victim.write_bytes(victim.read_bytes()[:-900])


def _text_file(images: Images, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "readme.dcm").write_text("This is a letter and no image.\n" * 40)


def _empty(images: Images, folder: Path) -> None:
    folder.mkdir(parents=True)


def _zip_bomb(images: Images, folder: Path) -> None:
    """A small archive that unfolds to 400 MB of zeros, a thousand times its size."""
    folder.mkdir(parents=True)
    block = bytes(1 << 20)
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for n in range(4):
            with archive.open(f"I{n}.dcm", "w", force_zip64=True) as member:
                for _ in range(96):
                    member.write(block)


def _many_files(images: Images, folder: Path) -> None:
    """3,000 slices in one folder: thirty series of one study, 8 by 10 pixels each, written once and given new UIDs."""
    own = b".0.10"
    tiny = [replace(image, hu=image.hu[::7, ::7], uid=f"{image.uid}{own.decode()}") for image in images[:100]]
    write(tiny, folder, names=range(len(tiny)), series=10)
    for number, path in enumerate(sorted(folder.iterdir())):
        data = path.read_bytes()
        for series in range(11, 40):
            (folder / f"I{100 * series + number:05d}.dcm").write_bytes(data.replace(own, b".0.%d" % series))


INPUTS: Mapping[str, Callable[[Images, Path], None]] = MappingProxyType(
    {
        "truncated": _truncated,
        "text_named_dcm": _text_file,
        "empty": _empty,
        "zip_bomb": _zip_bomb,
        "three_thousand_files": _many_files,
    }
)
"""Folders that hold no sound series, and one that holds a great many; ``INPUTS[name](images, folder)`` makes one."""
