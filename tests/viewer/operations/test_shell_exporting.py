"""Exports start from the session and write what they say."""

import csv
import json

import nibabel
import numpy as np
import pytest

from tests.helpers.fake_jobs import FakeJobs
from tests.helpers.severity_session import analysed, case, opened
from viewer.operations import exporting


@pytest.fixture
def told():
    return []


def exported(told, export, *arguments):
    session = analysed()
    session.notice.connect(lambda notice: told.append(notice.text))
    jobs = FakeJobs(session)
    export(session, jobs, *arguments)
    return jobs


def test_masks_come_back_voxel_for_voxel_on_the_affine_of_the_files(tmp_path, told):
    exported(told, exporting.export_masks, tmp_path)
    image = nibabel.load(tmp_path / "lesions.nii.gz")
    truth = case()
    assert np.array_equal(np.asanyarray(image.dataobj).transpose(2, 1, 0), truth.lesions)
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0])
    assert np.allclose(to_lps @ image.affine, truth.volume.geometry.affine, atol=1e-4)
    assert "read back" in told[0]


def test_tables_are_three_and_name_their_columns(tmp_path, told):
    exported(told, exporting.export_tables, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(exporting.TABLE_FILES)
    with (tmp_path / "slices.csv").open() as stream:
        rows = list(csv.reader(stream))
    assert rows[0][0] == "index" and len(rows) == case().volume.geometry.shape[0] + 1


def test_json_holds_the_patient_only_when_asked(tmp_path, told):
    for name, with_identity in (("without.json", False), ("with.json", True)):
        exported(told, exporting.export_json, tmp_path / name, with_identity)
    assert "Quillfeather" not in (tmp_path / "without.json").read_text()
    assert "Quillfeather" in (tmp_path / "with.json").read_text()
    assert json.loads((tmp_path / "without.json").read_text())["schema_version"] == 1


def test_report_is_a_pdf(tmp_path, told):
    exported(told, exporting.export_report, tmp_path / "report.pdf", False)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF") and told == ["Report written: report.pdf."]


def test_folder_that_is_gone_is_a_failure_and_no_success_is_told(tmp_path, told):
    jobs = exported(told, exporting.export_masks, tmp_path / "gone")
    assert len(jobs.failures) == 1 and told == []


def test_nothing_is_exported_before_an_analysis(tmp_path, told):
    session = opened()
    session.notice.connect(lambda notice: told.append(notice.text))
    jobs = FakeJobs(session)
    exporting.export_masks(session, jobs, tmp_path)
    assert not jobs.calls and "Analyse" in told[0] and not list(tmp_path.iterdir())
