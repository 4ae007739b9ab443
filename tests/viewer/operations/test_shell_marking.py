"""Key images."""

from tests.helpers.slices import asymmetric, session_on
from viewer.operations import looking, marking
from viewer.state.session import Session


def marked_on(*slices):
    session = session_on(asymmetric())
    for k in slices:
        session.look_at_slice(k)
        marking.toggle_key_image(session)
    return session


def axial_index(session):
    return round(float(session.loaded.value.volume.geometry.to_index(session.crosshair.value)[0]))


def test_space_visits_key_images_from_the_head_down_and_begins_again():
    session = marked_on(1, 4, 2)
    looking.go_to_end(session, last=False)
    seen = []
    for _ in range(4):
        marking.next_key_image(session)
        seen.append(axial_index(session))
    assert seen == [2, 1, 4, 2]


def test_space_goes_to_the_plane_on_which_the_image_was_marked():
    session = marked_on(2)
    session.active_view.value = "sagittal"
    marking.toggle_key_image(session)
    session.active_view.value = "axial"
    session.look_at_slice(0)
    marking.next_key_image(session)
    assert session.active_view.value == "sagittal"


def test_second_press_takes_the_mark_away():
    session = marked_on(2, 2)
    assert session.measurements.key_images.value == ()


def test_neighbouring_slices_are_marked_apart():
    assert len(marked_on(2, 3).measurements.key_images.value) == 2


def test_without_key_images_space_says_how_to_mark_one():
    session, told = session_on(asymmetric()), []
    session.notice.connect(told.append)
    before = session.crosshair.value
    marking.next_key_image(session)
    assert session.crosshair.value == before and "K marks" in told[0].text


def test_nothing_is_marked_without_a_series():
    session = Session()
    marking.toggle_key_image(session)
    assert session.measurements.key_images.value == ()


def test_deleting_measurements_keeps_key_images():
    session = marked_on(2)
    session.measurements.add("probe", "axial", ((0.0, 0.0, 0.0),))
    marking.delete_measurements(session)
    assert session.measurements.items.value == () and len(session.measurements.key_images.value) == 1
