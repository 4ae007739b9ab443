"""An export that is cancelled leaves the folder as it was: nothing half-written, nothing new beside the old."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from inference.errors import Cancelled
from inference.io import export, export_nifti
from inference.pipeline.cancellation import CancellationToken
from inference.report import pdf
from tests.helpers.fake_jobs import FakeJobs
from tests.helpers.severity_session import analysed
from viewer.operations import exporting
from viewer.operations.surfaces import surfaces_of
from viewer.rendering.mesh_export import write_stl
from viewer.widgets.exports import save_png

OLD = b"what was there before"


class CancelledJobs(FakeJobs):
    """Runs a job at once, on a token that ``when`` may set."""

    def __init__(self, session, token):
        super().__init__(session)
        self.token, self.endings = token, []

    def run(self, title, function, on_done=None, *, on_stopped=None, **_):
        try:
            function(lambda fraction: self.token.check(), self.token)
            self.token.check()
        except Cancelled as stopped:
            self.endings.append("cancelled")
            on_stopped(stopped)
        else:
            self.endings.append("done")
            on_done(None)
        return 1


def cancelling(function, token, *, before=True):
    """The function, which cancels when it is called: before its work, or as soon as that is done."""

    def called(*arguments, **options):
        if before:
            token.cancel()
        result = function(*arguments, **options)
        token.cancel()
        return result

    return called


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "results"
    made.mkdir()
    for name in (*exporting.MASK_FILES, *exporting.TABLE_FILES, "findings.json", "report.pdf", "other.txt"):
        (made / name).write_bytes(OLD)
    return made


def run(export_one, *arguments, token):
    session = analysed()
    jobs = CancelledJobs(session, token)
    export_one(session, jobs, *arguments)
    return jobs.endings


@pytest.mark.parametrize("before", [True, False])
def test_masks_cancelled_in_the_first_or_in_between_leave_the_old_ones(before, folder, monkeypatch):
    token, was = CancellationToken(), everything(folder.parent)
    monkeypatch.setattr(export, "write_label_map", cancelling(export.write_label_map, token, before=before))
    assert run(exporting.export_masks, folder, token=token) == ["cancelled"]
    assert everything(folder.parent) == was


def test_a_mask_is_given_up_between_two_slices(folder, monkeypatch):
    token, was, written = CancellationToken(), everything(folder.parent), []
    plain = export_nifti.gzip.GzipFile.write

    def write(self, data):
        written.append(len(data))
        if len(written) == 5:
            token.cancel()
        return plain(self, data)

    monkeypatch.setattr(export_nifti.gzip.GzipFile, "write", write)
    assert run(exporting.export_masks, folder, token=token) == ["cancelled"]
    assert len(written) == 5 and everything(folder.parent) == was


def test_tables_cancelled_after_the_first_leave_the_old_ones(folder, monkeypatch):
    token, was = CancellationToken(), everything(folder.parent)
    monkeypatch.setattr(export, "write_severity", cancelling(export.write_severity, token, before=False))
    assert run(exporting.export_tables, folder, token=token) == ["cancelled"]
    assert everything(folder.parent) == was


@pytest.mark.parametrize("step", ["_heading", "_picture", "_footer"])
def test_a_report_cancelled_while_it_is_drawn_leaves_the_old_one(step, folder, monkeypatch):
    token, was = CancellationToken(), everything(folder.parent)
    monkeypatch.setattr(pdf, step, cancelling(getattr(pdf, step), token))
    assert run(exporting.export_report, folder / "report.pdf", False, token=token) == ["cancelled"]
    assert everything(folder.parent) == was


def test_figures_cancelled_before_they_are_written_leave_the_old_ones(folder, monkeypatch):
    token, was = CancellationToken(), everything(folder.parent)
    monkeypatch.setattr(export, "findings_json", cancelling(export.findings_json, token))
    assert run(exporting.export_json, folder / "findings.json", False, token=token) == ["cancelled"]
    assert everything(folder.parent) == was


def test_a_picture_cancelled_while_it_is_saved_leaves_the_old_one(folder, qapp):
    token, was = CancellationToken(), everything(folder.parent)
    image = QImage(20, 20, QImage.Format.Format_RGB32)
    image.fill(0)
    token.cancel()
    with pytest.raises(Cancelled):
        save_png(image, folder / "report.pdf", token)
    assert everything(folder.parent) == was


def test_a_cancel_that_comes_when_all_is_written_is_told_what_was(folder, monkeypatch):
    session, token, told = analysed(), CancellationToken(), []
    session.notice.connect(lambda notice: told.append(notice.text))
    monkeypatch.setattr(export, "write_json", cancelling(export.write_json, token, before=False))
    jobs = CancelledJobs(session, token)
    exporting.export_json(session, jobs, folder / "findings.json", False)
    assert jobs.endings == ["cancelled"] and told == ["Figures written: findings.json."]
    assert (folder / "findings.json").read_bytes() != OLD


def test_surfaces_cancelled_between_two_files_leave_the_folder_as_it_was(folder, monkeypatch, qapp):
    token, was = CancellationToken(), everything(folder.parent)
    surfaces = surfaces_of(analysed().findings.value, lambda fraction: None)
    assert len(surfaces) > 2
    with pytest.raises(Cancelled), exporting.all_at_once(folder, ["report.pdf"], token) as stage:
        write_stl(surfaces[:1], stage, token.check)
        token.cancel()
        write_stl(surfaces[1:], stage, token.check)
    assert everything(folder.parent) == was


def test_what_is_not_cancelled_replaces_the_old_files_and_no_others(folder):
    masks = partial(run, exporting.export_masks, folder)
    assert masks(token=CancellationToken()) == ["done"]
    now = everything(folder.parent)
    assert {name for name, content in now.items() if content != OLD} == {
        f"results/{name}" for name in exporting.MASK_FILES
    }
    assert now["results/other.txt"] == OLD


def test_an_older_agreement_map_stays_where_no_new_one_is_written(folder):
    (folder / exporting.AGREEMENT_FILE).write_bytes(OLD)
    assert analysed().findings.value.output.agreement is None
    run(exporting.export_masks, folder, token=CancellationToken())
    assert (folder / exporting.AGREEMENT_FILE).read_bytes() == OLD
