"""What is kept of a picture is what would be painted anew, and lies where an independent reckoning puts each voxel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage, QPainter
from scipy.ndimage import map_coordinates

from inference.io.study import WindowLevel
from inference.labels import Lesion
from tests.helpers.slices import asymmetric, session_on
from viewer.rendering.camera import Camera
from viewer.rendering.kept_picture import KeptPicture
from viewer.rendering.paint import paint_picture
from viewer.rendering.slice_scene import SliceScene
from viewer.state.layers import HEATMAP
from viewer.state.session import Projection, Slab, ViewTransform

SHAPE, SPACING = (7, 9, 11), (5.0, 1.3, 0.7)
SIZE = (171, 133)
CAMERAS = [Camera(), Camera(1.7, (2.9, 8.1)), Camera(6.3, (5.05, 4.4)), Camera(0.4)]
TRANSFORMS = [
    ViewTransform(across, down, turns) for across in (False, True) for down in (False, True) for turns in range(4)
]


def marked(**layers):
    """A volume in which no voxel is like the next, a lesion in one corner of it, the lungs round that."""
    values = np.random.default_rng(5).permutation(np.prod(SHAPE)).reshape(SHAPE).astype(np.int16)
    volume = replace(asymmetric(SHAPE, SPACING), array=values)
    k, j, i = np.indices(SHAPE)
    lesions = np.where((k >= 2) & (j < 3) & (i < 5 - j), np.uint8(Lesion.CONSOLIDATION), np.uint8(0))
    lungs = np.where((k >= 1) & (j < 6) & (i < 7), np.uint8(1), np.uint8(0))
    session = session_on(volume, lungs, lesions)
    session.window.value = WindowLevel(700, 346)
    session.interpolate.value = False
    for group, changes in layers.items():
        session.layers.change(group, **changes)
    return session


def scene_of(session, plane, camera=CAMERAS[0]):
    scene = SliceScene(session, plane, plane)
    scene.camera.value = camera
    return scene


def pixels(image: QImage) -> NDArray[np.int64]:
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4)[..., 2::-1].astype(int)


def painted(paint, scene, smooth=False, scale=1.0, offset=(0.0, 0.0)):
    image = QImage(int(SIZE[0] * scale) + 3, int(SIZE[1] * scale) + 3, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.translate(*offset)
    painter.scale(scale, scale)
    paint(painter, scene.frame(*SIZE), scene.picture(), smooth)
    painter.end()
    return pixels(image)


def painted_anew_and_kept(kept, scene, smooth=False):
    """The second painting of two: the first is straight, the second is kept."""
    straight, again = (painted(kept.paint, scene, smooth) for _ in range(2))
    assert np.abs(straight - again).max() <= smooth
    return again


def turned(plane, transform):
    """A slice as the reader asked to see it: clockwise quarter turns, then the flips of what is seen."""
    plane = np.rot90(plane, -transform.quarter_turns)
    plane = plane[:, ::-1] if transform.flip_horizontal else plane
    return plane[::-1] if transform.flip_vertical else plane


def reference(session, plane, camera, transform):
    """Colour of every view pixel by nearest neighbour from the arrays themselves, and where that is beyond doubt."""
    volume, masks = session.loaded.value.volume, session.masks.value
    axis = {"axial": 0, "coronal": 1, "sagittal": 2}[plane]
    place = SHAPE[axis] // 2
    arrays = [np.take(array, place, axis=axis) for array in (volume.array, masks.lungs, masks.lesions)]
    millimetres = [SPACING[n] for n in range(3) if n != axis]
    if plane != "axial":
        arrays = [array[::-1] for array in arrays]  # the head is on top
    values, lungs, lesions = (turned(array, transform) for array in arrays)
    high, wide = millimetres[::-1] if transform.quarter_turns % 2 else millimetres
    extent = values.shape[1] * wide, values.shape[0] * high
    scale = min(SIZE[0] / extent[0], SIZE[1] / extent[1]) * camera.zoom
    centre = camera.centre or (extent[0] / 2, extent[1] / 2)
    x, y = (((np.arange(n) + 0.5 - n / 2) / scale + c) for n, c in zip(SIZE, centre, strict=True))
    column, row = np.meshgrid(x / wide, y / high)
    sure = (np.abs(column - np.rint(column)) > 0.02) & (np.abs(row - np.rint(row)) > 0.02)
    inside = (column >= 0) & (row >= 0) & (column < values.shape[1]) & (row < values.shape[0])
    at = tuple(np.where(inside, np.floor(places), 0).astype(int) for places in (row, column))
    window = session.window.value
    share = (values[at] - (window.level - 0.5)) / (window.width - 1) + 0.5
    colour = np.repeat(np.clip(share, 0, 1)[..., None] * 255, 3, axis=-1)
    for mask, code, group in ((lungs, 1, "lungs"), (lesions, Lesion.CONSOLIDATION, "consolidation")):
        layer = session.layers.by_group[group].value
        shown = (mask[at] == code)[..., None] * layer.visible * layer.opacity
        colour = colour * (1 - shown) + np.array(layer.colour) * shown
    return np.where(inside[..., None], colour, 0), sure


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("camera", CAMERAS)
def test_every_pixel_is_its_nearest_voxel_under_its_own_label(qapp, plane, camera):
    session = marked(lungs={"visible": True, "opacity": 0.3}, consolidation={"opacity": 0.6})
    for transform in TRANSFORMS:
        session.transforms[plane].value = transform
        wanted, sure = reference(session, plane, camera, transform)
        got = painted(KeptPicture().paint, scene_of(session, plane, camera))[: SIZE[1], : SIZE[0]]
        assert sure.mean() > 0.5 and len(np.unique(wanted.reshape(-1, 3), axis=0)) > 4
        assert np.abs(got - wanted)[sure].max() <= 2, transform


@pytest.mark.parametrize("plane", ["axial", "sagittal"])
@pytest.mark.parametrize("camera", CAMERAS)
def test_interpolation_runs_between_the_centres_of_the_voxels(qapp, plane, camera):
    scene = scene_of(marked(lungs={"visible": False}, consolidation={"visible": False}), plane, camera)
    x, y = scene.frame(*SIZE).to_slice(*(np.arange(n) + 0.5 for n in SIZE))
    column, row = np.meshgrid(x, y)
    image = (scene.picture().image & 255).astype(float)
    inside = (column > 0.02) & (row > 0.02) & (column < image.shape[1] - 0.02) & (row < image.shape[0] - 0.02)
    wanted = map_coordinates(image, [row - 0.5, column - 0.5], order=1, mode="nearest")
    got = painted(KeptPicture().paint, scene, smooth=True)[: SIZE[1], : SIZE[0], 0]
    assert np.abs(got - wanted)[inside].max() < 5
    assert np.abs(got[:, 1:] - wanted[:, :-1])[inside[:, 1:] & inside[:, :-1]].max() > 5 * (camera.zoom < 2)


def test_the_reference_would_notice_a_flip_and_half_a_voxel():
    session = marked(consolidation={"opacity": 0.6})
    plain, sure = reference(session, "axial", Camera(), ViewTransform())
    for other in (ViewTransform(True), ViewTransform(False, True), ViewTransform(quarter_turns=2)):
        assert np.abs(reference(session, "axial", Camera(), other)[0] - plain).max() > 50
    moved = reference(session, "axial", Camera(1.0, (11 * 0.7 / 2 + 0.35, 9 * 1.3 / 2)), ViewTransform())[0]
    assert np.abs(moved - plain)[sure].max() > 50


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1.25, 2.0])
@pytest.mark.parametrize("offset", [(0.0, 0.0), (1.4, 0.7)])
def test_what_is_kept_equals_what_is_painted_straight(qapp, camera, smooth, scale, offset):
    scene = scene_of(marked(), "coronal", camera)
    kept, straight = KeptPicture(), painted(paint_picture, scene, smooth, scale, offset)
    inside = np.s_[2 : int(SIZE[1] * scale), 2 : int(SIZE[0] * scale)]
    for _ in range(3):  # straight, kept, copied
        difference = np.abs(painted(kept.paint, scene, smooth, scale, offset) - straight)[inside]
        assert difference.max() <= smooth  # interpolation is reckoned in fixed point, from where the drawing begins


CHANGES = {
    "slice": lambda session: session.look_at_slice(4),
    "window": lambda session: setattr(session.window, "value", WindowLevel(300, 200)),
    "inversion": lambda session: setattr(session.inverted, "value", True),
    "slab": lambda session: setattr(session.slab, "value", Slab(Projection.MIP, 20.0)),
    "flip": lambda session: setattr(session.transforms["axial"], "value", ViewTransform(True)),
    "turn": lambda session: setattr(session.transforms["axial"], "value", ViewTransform(quarter_turns=1)),
    "opacity": lambda session: session.layers.change("consolidation", opacity=0.9),
    "outline": lambda session: session.layers.change("consolidation", outline=True),
    "hidden": lambda session: setattr(session.layers.all_hidden, "value", True),
    "heat": lambda session: session.layers.change(HEATMAP, visible=True, opacity=0.8),
    "masks": lambda session: session.show_masks(None, np.roll(session.masks.value.lesions, 2, axis=2)),
    "another study": lambda session: setattr(
        session.loaded, "value", replace(session.loaded.value, volume=asymmetric(SHAPE, (5.0, 0.9, 1.1)))
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_stale_is_shown_after_a_change_of(qapp, change):
    session = marked()
    masks = session.masks.value
    session.show_masks(masks.lungs, masks.lesions, np.linspace(0, 1, 7 * 9 * 11, dtype=np.float32).reshape(SHAPE))
    scene, kept = scene_of(session, "axial"), KeptPicture()
    before = painted_anew_and_kept(kept, scene)
    CHANGES[change](session)
    after = painted_anew_and_kept(kept, scene)
    assert not np.array_equal(after, before)
    assert np.array_equal(after, painted(KeptPicture().paint, scene))


def test_nothing_stale_is_shown_after_zoom_interpolation_or_without_labels(qapp):
    scene, kept = scene_of(marked(), "axial"), KeptPicture()
    first = painted_anew_and_kept(kept, scene)
    assert not np.array_equal(painted_anew_and_kept(kept, scene, smooth=True), first)
    scene.camera.value = Camera(0.5)
    small = painted_anew_and_kept(kept, scene)
    assert np.array_equal(small, painted(KeptPicture().paint, scene)) and not small[0].any()
    plain = scene.picture(overlays=False)
    for _ in range(2):
        bare = painted(lambda painter, frame, _, smooth: kept.paint(painter, frame, plain, smooth), scene)
        assert np.ptp(small, axis=-1).any() and not np.ptp(bare, axis=-1).any()


def test_a_part_is_painted_from_what_is_kept_and_nothing_beside_it(qapp):
    scene, kept = scene_of(marked(), "axial"), KeptPicture()
    whole = painted(kept.paint, scene)

    def part(painter, *rest):
        painter.setClipRect(10, 20, 30, 40)
        kept.paint(painter, *rest)

    got, inside = painted(part, scene), np.s_[20:60, 10:40]
    np.testing.assert_array_equal(got[inside], whole[inside])
    untouched = painted(lambda *_: None, scene)
    untouched[inside] = got[inside]
    np.testing.assert_array_equal(got, untouched)
