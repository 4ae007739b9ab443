"""Pictures without Hounsfield units, orientation and spacing: what a view must not say, and what it must."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.io.open import load, scan
from inference.io.study import FirstImage
from inference.volume import Units
from tests.helpers.phantoms import write_dicom
from tests.helpers.reading_cases import marked
from tests.helpers.slices import asymmetric, session_on
from viewer.rendering.annotations import words
from viewer.rendering.furniture import Furniture, furniture_of
from viewer.rendering.plane import Letters
from viewer.rendering.slice_scene import SliceScene
from viewer.state.session import Session

NO_UNITS = "no Hounsfield units"


def picture(folder: Path, suffix: str, count: int) -> Path:
    for n in range(count):
        rows, columns = np.mgrid[:40, :56]
        Image.fromarray((3 * rows + columns + n).astype(np.uint8)).save(folder / f"case_{n:03d}.{suffix}")
    return folder if count > 1 else folder / f"case_000.{suffix}"


def film(folder: Path) -> Path:
    def edit(data: Any, k: int) -> None:
        data.Modality, data.PixelRepresentation, data.BitsStored, data.HighBit = "DX", 0, 12, 11
        for keyword in ("RescaleSlope", "RescaleIntercept", "RescaleType", "ImagePositionPatient"):
            del data[keyword]

    return write_dicom(marked().volume, folder, skip=range(1, 22), edit=edit)[0]


def shown(session: Session, size: tuple[int, int] = (900, 700)) -> Furniture:
    scene = SliceScene(session, "axial", "axial")
    frame = scene.frame(*size)
    assert frame is not None
    return furniture_of(scene, frame, identity_hidden=False, cursor=(size[0] / 2, size[1] / 2))


def opened(path: Path) -> tuple[Session, Furniture]:
    """The session with the file loaded, and what the view said when only its first image was there."""
    session = Session()
    early: list[Furniture] = []

    def first(image: FirstImage) -> None:
        session.selected.value = image.info
        session.first_image.value = image
        session.look_at(image.geometry.centre)
        session.crosshair.value = image.geometry.centre
        early.append(shown(session))

    study = scan(path)
    session.loaded.value = load(study.series[0], study=study, on_first_image=first)
    session.look_at(session.loaded.value.volume.geometry.centre)
    return session, early[0]


@pytest.mark.parametrize(("suffix", "count"), [("png", 1), ("png", 5), ("jpg", 1)])
@pytest.mark.parametrize("size", [(900, 700), (300, 240)])
def test_pictures_show_grey_values_and_neither_sides_nor_units(
    suffix: str, count: int, size: tuple[int, int], tmp_path: Path
) -> None:
    session, early = opened(picture(tmp_path, suffix, count))
    for words_on_view in (early, shown(session, size)):
        lines = " ".join((*words_on_view.top_left, *words_on_view.bottom_left))
        assert words_on_view.letters == Letters() and words_on_view.scale_bar is None
        assert not any(word in lines for word in ("HU", " mm", " ml", "Axial", "axial"))
        assert words_on_view.bottom_left[0].endswith(" grey")
        assert NO_UNITS in words_on_view.bottom_left


def test_x_ray_in_dicom_shows_grey_values_from_its_first_image_on(tmp_path: Path) -> None:
    session, early = opened(film(tmp_path))
    assert session.loaded.value is not None and session.loaded.value.volume.units is Units.UNKNOWN
    for words_on_view in (early, shown(session)):
        assert words_on_view.bottom_left[0].endswith(" grey"), words_on_view.bottom_left
        assert not any("HU" in line for line in words_on_view.bottom_left)
        assert NO_UNITS not in words_on_view.bottom_left, "nobody expects them of an X-ray"


def test_ct_that_is_no_hounsfield_scale_says_so_and_a_true_one_does_not() -> None:
    assert NO_UNITS in shown(session_on(replace(asymmetric(), units=Units.UNKNOWN))).bottom_left
    assert NO_UNITS not in shown(session_on(asymmetric())).bottom_left


def test_measurements_on_a_picture_are_in_pixels_and_grey_values(tmp_path: Path) -> None:
    session, _ = opened(picture(tmp_path, "png", 1))
    scene = SliceScene(session, "axial", "axial")
    assert scene.source is not None and scene.grid is not None
    points = tuple(scene.grid.point(0, x, y) for x, y in ((10.0, 10.0), (22.0, 26.0)))
    said = [line for kind in ("length", "ellipse") for line in words(scene.source, scene.grid, kind, points)]
    said += words(scene.source, scene.grid, "probe", points[:1])
    assert said[0] == "20 pixels" and any("grey" in line for line in said)
    assert not any(word in line for line in said for word in ("HU", "mm"))
