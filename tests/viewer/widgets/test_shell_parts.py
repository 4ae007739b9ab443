"""The parts of the window's frame, each on its own."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from inference.io.study import LoadedSeries, Study
from inference.verdict import Colour, Reason, Verdict
from inference.volume import Units, Volume, VolumeGeometry
from tests.helpers.fake_jobs import FakeJobs
from tests.helpers.severity_session import found
from tests.helpers.slices import asymmetric, loaded
from viewer.operations.analysing import CANCELLING
from viewer.operations.opening import step_series
from viewer.settings import Settings
from viewer.shortcuts import commands, gestures
from viewer.state.observable import Value
from viewer.state.session import JobState, Notice, Session
from viewer.state.studies import date_words
from viewer.widgets.held_key import HeldKey
from viewer.widgets.help_sheet import HelpSheet, section_html, spelled
from viewer.widgets.job_bar import JobBar, sentence
from viewer.widgets.notices import NoticeLine
from viewer.widgets.preferences import KeyEditor
from viewer.widgets.series_list import draw_verdict, facts, title
from viewer.widgets.study_browser import StudyBrowser, person

INFO = loaded(asymmetric()).info
AMBER = Verdict((Reason("thick", Colour.AMBER, "slices of 5 mm"),))


# the held key -----------------------------------------------------------------------------------------------------


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def held(qtbot):
    window, clock, value = QWidget(), Clock(), Value(False)
    qtbot.addWidget(window)
    key = HeldKey(window, value, lambda: ("O",), clock)
    key.clock = clock
    key.value = value
    return key


def tap(key, seconds=0.05):
    key.press()
    key.clock.now += seconds
    key.release()


def test_overlays_are_hidden_only_while_the_key_is_down(held):
    held.press()
    assert held.value.value
    held.clock.now += 3
    held.release()
    assert not held.value.value


def test_double_tap_keeps_overlays_hidden_until_the_next_double_tap(held):
    for expected in (True, False):
        held.clock.now += 5
        tap(held)
        tap(held)
        assert held.value.value is expected


def test_two_slow_taps_are_no_double_tap(held):
    tap(held)
    held.clock.now += 1
    tap(held)
    assert not held.value.value


def test_holding_while_hidden_for_good_shows_nothing_again_until_double_tapped(held):
    tap(held)
    tap(held)
    held.clock.now += 5
    tap(held, seconds=2)
    assert held.value.value


def test_key_reaches_it_through_the_window_but_not_from_a_text_field(held, qtbot):
    window = held.parent()
    field = QLineEdit(window)
    for widget, expected in ((field, False), (window, True)):
        for kind, after in ((QEvent.Type.KeyPress, expected), (QEvent.Type.KeyRelease, False)):
            QApplication.sendEvent(widget, QKeyEvent(kind, Qt.Key.Key_O, Qt.KeyboardModifier.NoModifier, "o"))
            assert held.value.value is after
    assert field.text() == "o"


def test_losing_the_window_releases_the_key(held):
    held.press()
    QApplication.sendEvent(held.parent(), QEvent(QEvent.Type.WindowDeactivate))
    assert not held.value.value


# job bar and notices ----------------------------------------------------------------------------------------------


@pytest.fixture
def bar(qtbot):
    session = Session()
    jobs = FakeJobs(session)
    widget = JobBar(session, jobs)
    qtbot.addWidget(widget)
    widget.resize(1200, 32)
    widget.show()
    widget.session, widget.jobs = session, jobs
    return widget


def test_job_line_tells_stage_percentage_and_time_left():
    job = JobState(1, "Consensus", detail="lesion", fraction=0.62, seconds_left=14.2)
    assert sentence(job) == "Consensus · lesions 62 % · 14 s left"
    assert sentence(replace(job, ending="cancelled")) == "Consensus · cancelled"
    assert sentence(JobState(1, "Scan")) == "Scan"


def test_cancel_button_cancels_the_job_on_show_and_waits(bar):
    number = bar.jobs.board.start("Loading images")
    bar.button.click()
    assert bar.jobs.named("cancel") == [number] and CANCELLING in bar.text and not bar.button.isEnabled()
    bar.jobs.board.end(number, "cancelled")
    assert "cancelled" in bar.text and not bar.button.isVisible()


def retryable(bar):
    number = bar.jobs.board.start("Densitometry")
    bar.jobs.board.update(number, can_retry=True)
    return number


def test_dead_worker_offers_retry_and_its_message_stays_until_mended(bar):
    number = retryable(bar)
    bar.jobs.board.end(number, "failed", "The analysis stopped.")
    bar.session.notice.emit(Notice("The analysis stopped.", "error"))
    assert bar.button.isVisible() and bar.button.text() == "Retry"
    bar.button.click()
    assert bar.jobs.named("retry") == [None]
    assert bar.findChild(NoticeLine).text == "The analysis stopped."
    retryable(bar)
    assert bar.findChild(NoticeLine).text == "" and bar.button.text() == "Cancel"


def test_failure_that_cannot_be_retried_offers_no_retry(bar):
    number = bar.jobs.board.start("Export")
    bar.jobs.board.end(number, "failed", "The disk is full.")
    assert not bar.button.isVisible()


def test_a_refused_study_is_not_called_a_failure_and_offers_no_retry(bar):
    number = retryable(bar)
    bar.jobs.board.end(number, "refused", "Not measured. Only 12 slices.")
    assert bar.text == "Densitometry · not measured" and not bar.button.isVisible()


def test_what_ended_well_goes_sooner_than_what_did_not(bar):
    waits = {}
    for ending in ("done", "cancelled", "failed"):
        bar.jobs.board.end(bar.jobs.board.start("Loading images"), ending)
        waits[ending] = bar._timer.interval()
    assert waits["done"] < waits["cancelled"] == waits["failed"]


def test_the_foot_names_a_device_only_after_an_analysis_and_the_one_it_ran_on(bar):
    known = ("CPU", "GPU", "CUDA", "MPS")
    assert not any(device in bar.standing for device in known)
    for device, words in (("cuda", "GPU (CUDA)"), ("mps", "GPU (MPS)"), ("cpu", "CPU"), ("", "")):
        output = replace(found().output, provenance=replace(found().output.provenance, device=device))
        bar.session.findings.value = replace(found(), output=output)
        assert [name for name in known if name in bar.standing] == [name for name in known if name in words]
        bar.session.findings.value = None
        assert words in bar.standing, "another series is open: what is known of the machine stays"


def test_several_jobs_are_counted(bar):
    bar.jobs.board.start("first")
    bar.jobs.board.start("second")
    assert bar.text == "second  (+1 more)"


@pytest.fixture
def line(qtbot):
    session = Session()
    widget = NoticeLine(session)
    qtbot.addWidget(widget)
    widget.resize(200, 30)
    widget.show()
    widget.session = session
    return widget


def test_long_error_is_elided_on_the_line_and_copied_whole(line):
    text = "The folder cannot be written: " + "words " * 60
    line.session.notice.emit(Notice(text, "error"))
    assert line._label.text().endswith("…")
    line.copy()
    assert QGuiApplication.clipboard().text() == text


def test_information_goes_by_itself_and_errors_stay(line):
    line.session.notice.emit(Notice("Picture saved."))
    assert line._timer.isActive()
    line.session.notice.emit(Notice("The disk is full.", "error"))
    assert not line._timer.isActive() and line.text == "The disk is full."


# study browser ----------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(qtbot):
    session = Session()
    widget = StudyBrowser(session, FakeJobs(session))
    qtbot.addWidget(widget)
    widget.resize(280, 500)
    widget.show()
    widget.session = session
    return widget


def test_series_appear_one_by_one_while_headers_are_read(browser):
    browser.session.scanning.value = True
    for n in range(3):
        browser.session.series_found.emit(replace(INFO, index=n, uid=str(n)))
        assert browser.model.rowCount() == n + 1
    assert browser._who.text() == "Reading headers…" and browser._what.text() == "3 series so far"


def test_series_that_is_told_again_replaces_itself(browser):
    browser.session.series_found.emit(replace(INFO, slices=3))
    browser.session.series_found.emit(replace(INFO, slices=9))
    assert browser.model.rowCount() == 1 and browser.model.at(browser.model.index(0)).slices == 9


def test_list_tells_name_slices_spacing_kernel_and_verdict(browser):
    info = replace(INFO, verdict=AMBER, reason="thin, lung kernel")
    browser.session.series_found.emit(info)
    tip = browser.model.data(browser.model.index(0), Qt.ItemDataRole.ToolTipRole)
    assert tip.splitlines() == ["chest 2 mm", "5 slices × 4 mm · B41f", AMBER.sentence(), "thin, lung kernel"]


def test_open_series_shows_the_verdict_of_its_images_not_of_its_headers(browser):
    browser.session.study.value = Study(INFO.source, (INFO,), 0)
    browser.session.selected.value = INFO
    assert browser.model.verdict(INFO).colour is Colour.GREEN
    browser.session.verdict.value = AMBER
    assert browser.model.verdict(INFO) is AMBER


def test_a_picture_is_called_an_x_ray_once_it_is_known_to_be_one_and_not_before(browser, monkeypatch):
    from inference.io.image import SINGLE
    from inference.pipeline import xray

    plain = replace(INFO, kind="image", modality="", description=SINGLE, reason=SINGLE, slices=1)
    browser.session.study.value = Study(INFO.source, (plain,), 0)

    def tip():
        return browser.model.data(browser.model.index(0), Qt.ItemDataRole.ToolTipRole).splitlines()

    assert tip()[0] == "8-bit image" and tip()[-1] == "8-bit image"
    volume = Volume(np.zeros((1, 8, 9), np.int16), VolumeGeometry((1, 8, 9), np.eye(4)), Units.GREY8)
    loaded = LoadedSeries(plain, volume, volume.geometry, AMBER, 0.0)
    for looks, words in ((False, "8-bit image"), (True, "X-ray image (8-bit)")):
        monkeypatch.setattr(xray, "_looks", lambda volume, looks=looks: looks)
        browser.session.loaded.value = xray.recognised(loaded)
        assert tip()[0] == words and tip()[-1] == words
    other = replace(plain, index=1, uid="another")
    assert browser.model.shown(other) is other
    browser.session.study.value = None
    browser.session.study.value = Study(INFO.source, (plain,), 0)
    assert tip()[0] == "8-bit image", "the next study's first picture is not yet known"


def test_click_opens_a_series(browser, qtbot):
    browser.session.study.value = Study(INFO.source, (INFO, replace(INFO, index=1, uid="9")), None)
    place = browser.list.visualRect(browser.model.index(1)).center()
    qtbot.mouseClick(browser.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert [info.uid for info in browser._jobs.named("load")] == ["9"]


def test_hidden_identity_hides_the_person_and_pictures_that_may_show_a_name(browser):
    others = [
        replace(INFO, modality="OT"),
        replace(INFO, modality="CR", is_xray=True),
        replace(INFO, modality="", kind="image"),
        replace(INFO, verdict=Verdict((Reason("derived", Colour.RED, "Derived images"),))),
        replace(INFO, verdict=Verdict((Reason("positions_missing", Colour.RED, "1 slice without a position"),))),
        replace(INFO, modality="", kind="nifti", verdict=Verdict((Reason("eight_bit", Colour.AMBER, "8-bit"),))),
    ]
    slices = [INFO, replace(INFO, verdict=AMBER), replace(INFO, modality="", kind="nifti")]
    everything = [replace(info, index=n, uid=str(n)) for n, info in enumerate([*slices, *others])]
    browser.session.study.value = Study(INFO.source, tuple(everything), None)
    for info in everything:
        browser.model.set_picture(info, np.full((4, 6), 90, np.uint8))
    assert "2020-04-12" in browser._what.text()
    browser.session.identity_hidden.value = True
    assert browser._who.text() == "Identity hidden" and "2020" not in browser._what.text()
    shown = [browser.model.picture(info) is not None for info in everything]
    assert shown == [True] * len(slices) + [False] * len(others)


PRIOR = replace(INFO, study_uid="8", study_date="20190301", index=2, uid="12")
OTHER = replace(INFO, study_uid="9", identity=replace(INFO.identity, name="Brook^A", patient_id="7"), index=4, uid="14")
SECOND = replace(INFO, kernel="B70f", index=3, uid="13")
MASK = replace(INFO, study_uid="", kind="nifti", index=5, uid="15", identity=type(INFO.identity)(name="lungs"))


def headings(browser):
    return [browser.model.heading(row) for row in range(browser.model.rowCount())]


def test_series_of_several_studies_stand_under_a_heading_of_each(browser):
    browser.session.study.value = Study(INFO.source, (INFO, PRIOR, SECOND, OTHER, MASK), 0)
    assert [browser.model.at(browser.model.index(row)) for row in range(5)] == [INFO, SECOND, PRIOR, OTHER, MASK]
    assert headings(browser) == [
        "2020-04-12 · Quillfeather Ottoline", "", "2019-03-01 · Quillfeather Ottoline", "2020-04-12 · Brook A",
        "Files without DICOM header",
    ]  # fmt: skip
    assert browser._heading.text() == "STUDIES" and browser._what.text() == "3 studies · 5 series"
    tip = browser.model.data(browser.model.index(1), Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("2020-04-12 · Quillfeather Ottoline\n")
    rows = [browser.list.visualRect(browser.model.index(row)).height() for row in range(5)]
    assert rows[0] == rows[2] > rows[1], "room for the heading"
    browser.session.identity_hidden.value = True
    assert headings(browser) == ["Study 1", "", "Study 2", "Study 3", "Files without DICOM header"]
    tip = browser.model.data(browser.model.index(1), Qt.ItemDataRole.ToolTipRole)
    assert "2020" not in tip and "Quillfeather" not in tip


def test_one_study_has_no_heading_nor_has_one_with_masks_beside_it(browser):
    for series in ((INFO, SECOND), (INFO, SECOND, MASK), (MASK,)):
        browser.session.study.value = Study(INFO.source, series, 0)
        assert headings(browser) == [""] * len(series) and browser._heading.text() == "STUDY"


def test_series_that_are_found_late_join_their_study(browser):
    for info in (INFO, PRIOR, SECOND):
        browser.session.series_found.emit(info)
    assert [browser.model.at(browser.model.index(row)) for row in range(3)] == [INFO, SECOND, PRIOR]
    assert [bool(words) for words in headings(browser)] == [True, False, True]


def test_two_studies_of_one_day_are_told_apart(browser):
    browser.session.study.value = Study(INFO.source, (INFO, replace(PRIOR, study_date=INFO.study_date)), 0)
    assert len(set(headings(browser))) == 2


def test_page_keys_go_through_the_series_as_they_are_listed(browser):
    session, jobs = browser.session, FakeJobs(browser.session)
    session.study.value = Study(INFO.source, (INFO, PRIOR, SECOND), 0)
    session.selected.value = INFO
    for expected in (SECOND, PRIOR):
        step_series(session, jobs, 1)
        assert session.selected.value is expected


def test_words_of_a_series_without_a_description():
    assert title(replace(INFO, description="", is_localizer=True)) == "Localizer series 1"
    assert facts(replace(INFO, slices=1, spacing_mm=None, kernel="")) == "8 × 6 pixels"
    assert person(INFO, hidden=False) == "Quillfeather Ottoline, PX-4471-QQ, F"
    assert date_words("20200412") == "2020-04-12" and date_words("spring") == "spring"


def test_verdict_marks_differ_in_shape_as_well_as_colour(qtbot):
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QImage, QPainter

    areas = {}
    for colour in Colour:
        image = QImage(20, 20, QImage.Format.Format_RGB32)
        image.fill(QColor(0, 0, 0))
        painter = QPainter(image)
        draw_verdict(painter, colour, QRectF(2, 2, 16, 16))
        painter.end()
        areas[colour] = sum(image.pixelColor(x, y).lightness() > 60 for x in range(20) for y in range(20))
    assert areas[Colour.AMBER] < areas[Colour.GREEN] < areas[Colour.RED]


# help and keys ----------------------------------------------------------------------------------------------------


def test_sheet_lists_every_command_with_a_key_and_every_gesture(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    sheet = HelpSheet(Settings(), window)
    present = commands()
    sections = {command.section for command in present} | {"Mouse"}
    text = "".join(section_html(section, present) for section in sections)
    for command in present:
        assert not command.keys or (command.label in text.replace("&#x27;", "'") and spelled(command.keys) in text)
    assert all(gesture.gesture in text for gesture in gestures())
    from PySide6.QtWidgets import QLabel

    shown = "".join(label.text() for label in sheet.findChildren(QLabel))
    assert all(section.upper() in shown for section in sections if section_html(section, present))
    sheet.close()


def test_sheet_shows_the_readers_own_key():
    assert "Shift + V" in section_html("Slices", commands({"cine": ("Shift+V",)}))


@pytest.fixture
def editor(qtbot):
    settings = Settings()
    widget = KeyEditor(settings)
    qtbot.addWidget(widget)
    widget.settings = settings
    return widget


def test_editor_gives_a_command_a_new_key_and_takes_it_back(editor):
    editor.choose("cine")
    editor.edit.setKeySequence(QKeySequence("Shift+V"))
    editor.assign()
    assert editor.settings.shortcuts.value == {"cine": ("Shift+V",)}
    editor.restore()
    assert editor.settings.shortcuts.value == {}


@pytest.mark.parametrize(("key", "why"), [("W", "Window and level"), ("Ctrl+Z", "editing")])
def test_editor_refuses_keys_that_are_taken_or_reserved(editor, key, why):
    editor.choose("cine")
    editor.edit.setKeySequence(QKeySequence(key))
    editor.assign()
    assert editor.settings.shortcuts.value == {} and why in editor.problem.text()


def test_editor_does_not_restore_a_key_that_another_command_took_meanwhile(editor):
    editor.settings.shortcuts.value = {"cine": ("Shift+C",), "invert": ("C",)}
    editor.choose("cine")
    editor.restore()
    assert editor.settings.shortcuts.value["cine"] == ("Shift+C",) and "Invert" in editor.problem.text()
