"""Annotated pictures: what they hold, and what they leave out."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage

from inference.errors import ExportError
from inference.verdict import Colour, Reason, Verdict
from tests.helpers.fake_jobs import FakeJobs
from tests.helpers.severity_session import analysed
from viewer.rendering.caption import Caption, caption_of_slice, caption_of_volume
from viewer.rendering.slice_scene import SliceScene
from viewer.state.session import Layout, Projection, Slab
from viewer.widgets.centre import Centre
from viewer.widgets.exports import save_png
from viewer.widgets.picture_sheet import Choices, Pane, _above, _below, _legend, sheet

RED = Verdict((Reason("gap", Colour.RED, "6 slices are missing"),))
AMBER = Verdict((Reason("thick", Colour.AMBER, "slices of 5 mm"),))


@pytest.fixture
def session():
    session = analysed(AMBER)
    session.selected.value = session.loaded.value.info
    return session


def caption(session, plane="axial", name=None):
    scene = SliceScene(session, plane, name or plane)
    return caption_of_slice(scene, scene.frame(400, 300))


def words(lines):
    return " ".join(line.text for line in lines)


def pane(colour, width=40, height=30):
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    return image


def pixels(image):
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    view = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return view[:, : image.width()] & 0xFFFFFF


def test_panes_stand_where_they_stand_on_the_screen_and_keep_every_pixel(qtbot, session):
    panes = [
        Pane(QRect(0, 0, 40, 30), pane("#ff0000"), caption(session)),
        Pane(QRect(42, 10, 40, 30), pane("#00ff00"), caption(session, "coronal")),
    ]
    found = pixels(sheet(panes, (82, 60), session, Choices()))
    for colour, left in ((0xFF0000, 0), (0x00FF00, 42)):
        rows, columns = np.nonzero(found == colour)
        assert len(rows) == 40 * 30 and columns.min() == left and columns.max() == left + 39
    red_top = np.nonzero(found == 0xFF0000)[0].min()
    assert np.nonzero(found == 0x00FF00)[0].min() == red_top + 10


def test_scale_enlarges_the_whole_sheet(qtbot, session):
    small, large = (
        sheet(
            [Pane(QRect(0, 0, 400, 300), pane("#ff0000", 400 * n, 300 * n), caption(session))],
            (400, 300), session, Choices(scale=float(n)),
        )
        for n in (1, 2)
    )  # fmt: skip
    assert large.width() == 2 * small.width()
    assert (pixels(large) == 0xFF0000).sum() == 4 * (pixels(small) == 0xFF0000).sum()


def test_identity_is_written_only_when_ticked(session):
    shown = [caption(session)]
    assert "Ottoline" not in words(_above(shown, Choices())) and "PX-4471" not in words(_above(shown, Choices()))
    assert "Ottoline" in words(_above(shown, Choices(identity=True)))


def test_verdict_window_position_system_and_notice_are_always_there(session):
    shown = [caption(session)]
    above, below = words(_above(shown, Choices())), words(_below(shown, session))
    assert "amber" in above and "slices of 5 mm" in above
    assert "W 1500  L −600" in below and "densitometry 1.0.0" in below and "Groundglass" in below
    assert "Research use only, not for diagnosis" in below
    assert "S " in below or "I " in below


def test_legend_names_only_what_is_shown(session):
    for group in session.layers.by_group:
        session.layers.change(group, available=group in ("lungs", "ground_glass", "effusion"))
    session.layers.change("effusion", visible=False)
    assert [name for name, _ in _legend(session)] == ["Right lung", "Left lung", "Ground-glass"]
    session.layers.all_hidden.value = True
    assert _legend(session) == []


def test_further_entries_of_the_legend_are_drawn_if_there_is_one(qtbot, session):
    panes = [Pane(QRect(0, 0, 400, 30), pane("#000000", 400), caption(session))]
    colour = (1, 255, 254)
    drawn = pixels(sheet(panes, (400, 30), session, Choices(), [("Infection in 3D", colour)]))
    assert (drawn == 0x01FFFE).sum() > 20
    without = pixels(sheet(panes, (400, 30), session, Choices(legend=False), [("Infection in 3D", colour)]))
    assert not (without == 0x01FFFE).any()


def test_description_that_repeats_the_patients_name_does_not_smuggle_it_out(session):
    assert "Quillfeather" in session.selected.value.description
    assert "Quillfeather" not in words(_above([caption(session)], Choices()))


def test_png_is_whole_or_absent(qtbot, tmp_path):
    save_png(pane("#123456"), tmp_path / "a.png")
    assert QImage(str(tmp_path / "a.png")).pixelColor(3, 3) == QColor("#123456")
    with pytest.raises(ExportError):
        save_png(pane("#123456"), tmp_path / "missing" / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.fixture
def two(session):
    """Another series beside the open one, with a verdict and a window of its own."""
    other = replace(session.loaded.value.info, description="soft tissue 5 mm", kernel="B31f")
    session.beside.value = replace(session.loaded.value, info=other, verdict=RED)
    session.layout.value = Layout.SIDE_BY_SIDE
    return session


def test_a_picture_of_the_second_series_tells_of_the_second_series(two):
    beside = caption(two, name="beside")
    above, below = words(_above([beside], Choices())), words(_below([beside], two))
    assert "soft tissue 5 mm" in above and "B31f" in above and "red" in above
    assert "amber" not in above and "B70f" not in above
    assert "W 400  L 40" in below and "1500" not in below
    assert "densitometry" not in below, "nothing of the analysis lies over it"
    lone = sheet([Pane(QRect(0, 0, 400, 30), pane("#000000", 400), beside)], (400, 30), two, Choices(legend=True))
    bare = sheet([Pane(QRect(0, 0, 400, 30), pane("#000000", 400), beside)], (400, 30), two, Choices(legend=False))
    assert lone == bare


def test_a_picture_of_both_series_tells_of_each(two):
    both = [caption(two), caption(two, name="beside")]
    above = [line.text for line in _above(both, Choices(identity=True))]
    assert above[0].startswith("Quillfeather Ottoline") and len(above) == 5, "one patient, two series, two verdicts"
    assert above[1].startswith("First view: CT") and above[3].startswith("Second view: CT · soft tissue 5 mm")
    below = [line.text for line in _below(both, two)]
    assert below[0].startswith("First view: W 1500") and below[1].startswith("Second view: W 400")


@pytest.mark.parametrize(
    ("plane", "component", "letters"), [("axial", 2, "IS"), ("coronal", 1, "AP"), ("sagittal", 0, "RL")]
)
def test_the_position_is_that_of_the_pictured_plane(session, plane, component, letters):
    below = words(_below([caption(session, plane)], session))
    value = session.crosshair.value[component]
    letter, position = letters[int(value >= 0)], below.split(f"{plane} ")[1].split(" mm")[0]
    assert position.split()[0] == letter and abs(int(position.split()[1]) - abs(value)) <= 2


def test_a_whole_layout_tells_every_position_once(session):
    below = [
        line.text for line in _below([caption(session, plane) for plane in ("axial", "coronal", "sagittal")], session)
    ]
    assert all(plane in below[0] for plane in ("axial", "coronal", "sagittal")) and below[0].count("W 1500") == 1


def test_a_slab_is_told_and_the_3d_view_has_no_window(session):
    session.slab.value = Slab(Projection.MIP, 10.0)
    assert "MIP 10 mm" in words(_below([caption(session)], session))
    volume = caption_of_volume(session)
    assert volume == Caption(session.loaded.value.info, AMBER)
    assert words(_below([volume], session)).startswith("densitometry 1.0.0")


def test_the_view_beside_is_pictured_with_its_own_words(qtbot, two):
    centre = Centre(two, FakeJobs(two))
    qtbot.addWidget(centre)
    centre.resize(600, 400)
    centre.show()
    two.active_view.value = "beside"
    panes, _ = centre.panes(False, 1.0, False)
    assert [pane.caption.info.kernel for pane in panes] == ["B31f"]
    assert [pane.caption.second for pane in centre.panes(True, 1.0, False)[0]] == [False, True]
