"""The tag viewer: search, slices, and whose name is not shown."""

from dataclasses import replace

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from PySide6.QtWidgets import QWidget

from tests.helpers.slices import asymmetric, session_on
from viewer.widgets.identifying_tags import names_someone
from viewer.widgets.tag_viewer import HIDDEN, TagViewer


def tags(k):
    dataset = Dataset()
    dataset.PatientName = "Quillfeather^Ottoline"
    dataset.PatientID = "PX-4471-QQ"
    dataset.PatientWeight = "71"
    dataset.InstitutionName = "Saint Elsewhere"
    dataset.ConvolutionKernel = "B41f"
    dataset.SliceLocation = str(10 * k)
    dataset.StudyDate = "20200412"
    dataset.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    inner = Dataset()
    inner.CodeMeaning = "chest"
    inner.OperatorsName = "Nightingale"
    dataset.ProcedureCodeSequence = Sequence([inner])
    dataset.add_new(0x00290010, "LO", "Vendor Quillfeather")
    return dataset


@pytest.fixture
def viewer(qtbot):
    session = session_on(asymmetric())
    session.loaded.value = replace(session.loaded.value, tags=tags)
    window = QWidget()
    qtbot.addWidget(window)
    dialog = TagViewer(session, window)
    dialog.show()
    dialog.session = session
    yield dialog
    dialog.close()


def cells(model, parent=None):
    parent = parent or model.invisibleRootItem()
    for row in range(parent.rowCount()):
        items = [parent.child(row, column) for column in range(parent.columnCount())]
        yield [item.text() if item is not None else "" for item in items]
        yield from cells(model, items[0])


def value_of(dialog, name):
    return next(row[3] for row in cells(dialog.model) if len(row) > 1 and row[1] == name)


def test_every_element_is_listed_with_its_value_and_sequences_unfold(viewer):
    assert value_of(viewer, "Convolution Kernel") == "B41f"
    assert value_of(viewer, "Patient's Name") == "Quillfeather^Ottoline"
    assert value_of(viewer, "Code Meaning") == "chest"


def test_slice_one_is_at_the_head_as_in_the_views(viewer):
    viewer.slice.setValue(1)
    assert float(value_of(viewer, "Slice Location")) == 40
    viewer.slice.setValue(5)
    assert float(value_of(viewer, "Slice Location")) == 0


def test_it_opens_on_the_slice_that_the_reader_looks_at(viewer):
    assert viewer.slice.value() == 3 and float(value_of(viewer, "Slice Location")) == 20


def test_search_finds_names_tags_and_values_of_any_depth(viewer):
    for text, expected in (("kernel", 1), ("0018,1210", 1), ("nightingale", 1), ("no such thing", 0)):
        viewer.search.setText(text)
        assert viewer.tree.model().rowCount() == expected, text


def test_hidden_identity_hides_people_places_dates_and_private_elements_everywhere(viewer):
    viewer.session.identity_hidden.value = True
    text = "\n".join(" ".join(row) for row in cells(viewer.model))
    for secret in ("Quillfeather", "PX-4471", "Elsewhere", "20200412", "Nightingale"):
        assert secret not in text
    assert value_of(viewer, "Patient's Name") == HIDDEN
    assert value_of(viewer, "Convolution Kernel") == "B41f" and "71" in value_of(viewer, "Patient's Weight")
    viewer.session.identity_hidden.value = False
    assert value_of(viewer, "Patient's Name") == "Quillfeather^Ottoline"


@pytest.mark.parametrize(
    ("tag", "vr", "hidden"),
    [
        (0x00100010, "PN", True), (0x00104000, "LT", True), (0x00101010, "AS", False), (0x00080080, "LO", True),
        (0x00081048, "PN", True), (0x00201206, "IS", False), (0x00280010, "US", False), (0x00080060, "CS", False),
        (0x00091001, "LO", True), (0x00400244, "DA", True), (0x00204000, "LT", True), (0x0020000D, "UI", True),
    ],
)  # fmt: skip
def test_which_elements_name_someone(tag, vr, hidden):
    assert names_someone(tag, vr) is hidden


def test_series_without_tags_says_so(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    dialog = TagViewer(session_on(asymmetric()), window)
    assert dialog.model.rowCount() == 0 and "no DICOM tags" in dialog._count.text()
    dialog.close()


def test_several_values_stand_as_they_do_in_the_file(viewer):
    assert value_of(viewer, "Image Type") == "DERIVED\\PRIMARY\\AXIAL"
