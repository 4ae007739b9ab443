"""The key image shows the patient as radiologists look at him: his right on the left of the screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.report.annotations import label_styles
from inference.report.key_image import caption, draw_slice, key_image, key_slice, write_key_image
from inference.verdict import Colour, Reason, Verdict
from inference.volume import LabelMap, Units, Volume, VolumeGeometry
from tests.helpers.analysed import AMBER, PATIENT, findings_of
from tests.helpers.phantoms import Chest, chest

SMALL: dict[str, Any] = {"shape": (30, 48, 64), "spacing_mm": (10.0, 6.4, 6.0)}
GEOMETRIES: dict[str, dict[str, Any]] = {
    "HFS": {"position": "HFS"},
    "HFP": {"position": "HFP"},
    "FFS": {"position": "FFS"},
    "FFP": {"position": "FFP"},
    "oblique": {"oblique_deg": (6.0, -9.0, 12.0)},
    "NIfTI RAS": {"code": "RAS"},
    "sagittal": {"code": "PSL"},
}


def colour_of(key: str) -> np.ndarray:
    return np.array(next(style.colour for style in label_styles() if style.key == key))


def centre_of(picture: Image.Image, colour: np.ndarray) -> tuple[float, float]:
    """Mean (x, y) of the pixels of exactly that colour."""
    y, x = np.nonzero((np.asarray(picture) == colour).all(axis=2))
    assert len(x), "the colour is not in the picture"
    return float(x.mean()), float(y.mean())


@pytest.mark.parametrize("name", GEOMETRIES)
def test_disease_of_the_right_lung_is_on_the_left_of_the_screen(name: str) -> None:
    case = chest(disease="right", **SMALL, **GEOMETRIES[name])
    one = key_slice(
        case.volume, LabelMap(case.lungs, case.volume.geometry), LabelMap(case.lesions, case.volume.geometry)
    )
    picture, _ = draw_slice(one)
    x, _ = centre_of(picture, colour_of("ground_glass"))
    right_x, _ = centre_of(picture, colour_of("right_lung"))
    left_x, _ = centre_of(picture, colour_of("left_lung"))
    assert x < picture.width / 2
    assert right_x < picture.width / 2 < left_x
    assert one.letters is not None
    assert (one.letters.left[0], one.letters.right[0]) == ("R", "L")
    assert (one.letters.top[0], one.letters.bottom[0]) == ("A", "P")


def test_disease_of_the_left_lung_is_on_the_right_of_the_screen() -> None:
    case = chest(disease="left", **SMALL)
    one = key_slice(
        case.volume, LabelMap(case.lungs, case.volume.geometry), LabelMap(case.lesions, case.volume.geometry)
    )
    picture, _ = draw_slice(one)
    assert centre_of(picture, colour_of("ground_glass"))[0] > picture.width / 2


@pytest.mark.parametrize("position", ["HFS", "FFP"])
def test_slice_is_the_one_with_most_infected_area(position: str) -> None:
    case = chest(disease="both", position=position, **SMALL)
    geometry = case.volume.geometry
    one = key_slice(case.volume, LabelMap(case.lungs, geometry), LabelMap(case.lesions, geometry))
    infected = ((case.lesions > 0) & (case.lesions != 3) & (case.lungs > 0)).sum(axis=(1, 2))
    k = int(np.argmax(infected))
    assert ((one.lesions > 0) & (one.lungs > 0)).sum() == infected.max()
    assert one.z_mm == pytest.approx(float(geometry.to_patient((k, 0, 0))[2]))


def test_slices_count_from_the_head() -> None:
    case = chest(**SMALL)
    lungs = np.zeros_like(case.lungs)
    lungs[-1, 20:30, 20:30] = 1
    geometry = case.volume.geometry
    one = key_slice(case.volume, LabelMap(lungs, geometry), LabelMap(np.zeros_like(lungs), geometry))
    assert (one.number, one.count) == (1, 30)


def test_proportions_are_the_patients_when_voxels_are_not_square() -> None:
    array = np.full((3, 40, 20), -800, np.int16)
    geometry = VolumeGeometry(array.shape, np.diag([4.0, 1.0, 5.0, 1.0]))
    labels = LabelMap(np.zeros(array.shape, np.uint8), geometry)
    picture, mm = draw_slice(key_slice(Volume(array, geometry), labels, labels), 800)
    assert picture.size == (800, 400)
    assert mm == pytest.approx(0.1)


def test_picture_shows_the_body_and_not_the_air_around_it() -> None:
    array = np.full((3, 200, 240), -1000, np.int16)
    array[:, 60:140, 30:150] = 40
    array[:, 180:183, 10:230] = 40  # the table
    geometry = VolumeGeometry(array.shape, np.diag([2.0, 1.0, 5.0, 1.0]))
    labels = LabelMap(np.zeros(array.shape, np.uint8), geometry)
    one = key_slice(Volume(array, geometry), labels, labels)
    margin_mm = 15
    assert one.pixels.shape == (80 + 2 * margin_mm, 120 + 2 * round(margin_mm / 2))
    assert one.lungs.shape == one.lesions.shape == one.pixels.shape


def without_sides(case: Chest) -> Chest:
    return replace(case, lungs=np.where(case.lungs > 0, 3, 0).astype(np.uint8))


def test_no_letters_and_no_position_when_the_orientation_is_unknown() -> None:
    case = without_sides(chest(code="", **SMALL))
    geometry = case.volume.geometry
    one = key_slice(case.volume, LabelMap(case.lungs, geometry), LabelMap(case.lesions, geometry))
    assert one.letters is None
    assert "mm" not in caption(one)


def test_caption_gives_window_slice_position_and_share() -> None:
    case = chest(disease="right", **SMALL)
    geometry = case.volume.geometry
    one = key_slice(case.volume, LabelMap(case.lungs, geometry), LabelMap(case.lesions, geometry))
    text = caption(one)
    assert text.startswith("W 1500 L -600 · slice ")
    assert f"I {-one.z_mm:.0f} mm" in text
    assert f"{one.percent:.1f} %" in text


def test_grey_pictures_use_their_own_window_and_say_so() -> None:
    case = chest(**SMALL)
    grey = np.clip((case.volume.array + 1350) / 6, 0, 255).astype(np.int16)
    volume = replace(case.volume, array=grey, units=Units.GREY8)
    geometry = volume.geometry
    text = caption(key_slice(volume, LabelMap(case.lungs, geometry), LabelMap(case.lesions, geometry)))
    assert "no Hounsfield units" in text
    assert "W 255" in text


def test_a_film_is_no_slice() -> None:
    case = chest(**SMALL)
    geometry = case.volume.geometry
    one = key_slice(case.volume, LabelMap(case.lungs, geometry), LabelMap(case.lesions, geometry))
    assert "slice" in caption(one) and caption(one).startswith(caption(one, "xray"))
    assert "slice" not in caption(one, "xray")


def test_image_grows_with_its_text_and_never_beyond_its_width(tmp_path: Path) -> None:
    case = chest(disease="right", **SMALL)
    findings = findings_of(case)
    long = Verdict(tuple(Reason(f"r{n}", Colour.AMBER, "word " * 30 + "x" * 300) for n in range(5)))
    short_image = key_image(findings, case.volume, AMBER)
    long_image = key_image(findings, case.volume, long, PATIENT)
    assert long_image.width == short_image.width
    assert short_image.height < long_image.height < short_image.height + 300
    edge = np.asarray(long_image)[:, -3:].max(axis=(1, 2))
    assert edge[:60].max() == 0, "text ran into the margin"


def test_same_findings_give_the_same_file(tmp_path: Path) -> None:
    case = chest(disease="right", **SMALL)
    findings = findings_of(case)
    for name in ("one.png", "other.png"):
        write_key_image(tmp_path / name, findings, case.volume, AMBER)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
