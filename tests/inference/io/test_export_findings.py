"""findings.json and the tables: every key, strict JSON, and no patient unless asked for."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.findings import MANIFESTATIONS, ZONES
from inference.io.export import findings_json, write_findings, write_json, write_refusal
from inference.io.export_identity import redacted
from inference.io.export_json import plain
from inference.io.study import Identity
from inference.software import NOTICE
from inference.volume import VolumeGeometry
from tests.helpers.analysed import AMBER, PATIENT, RED, findings_of, info_of, loaded_of
from tests.helpers.phantoms import Chest, chest

TOP = {
    "schema_version", "notice", "software", "study", "geometry", "system", "thresholds", "sides_known", "recognition",
    "manifestations", "severity", "lesions", "slices", "agreement", "explanation", "warnings", "timing_s",
}  # fmt: skip
SEVERITY = {
    "percentage_of_infection", "mean_over_slices", "grade", "worse_lung", "per_lung", "per_zone", "zone_score", "pho",
    "compartments", "ct_severity_score", "total_severity_score", "sensitivity_range", "withheld",
}  # fmt: skip
TOKENS = ("quillfeather", "ottoline", "px-4471", "19511204", "acc90177", "20200412", "1.2.3.4")


@pytest.fixture(scope="module")
def case() -> Chest:
    return chest(disease="right", effusion="left", shape=(40, 64, 80), spacing_mm=(7.5, 4.8, 4.8))


def keys_of(value: Any) -> Any:
    """The tree of keys, values left out; lists by their first element."""
    if isinstance(value, dict):
        return {key: keys_of(item) for key, item in value.items()}
    return [keys_of(value[0])] if isinstance(value, list) and value else None


def test_document_has_every_key_of_the_contract(case: Chest) -> None:
    document = findings_json(findings_of(case), loaded_of(case), AMBER)
    assert set(document) == TOP
    assert document["schema_version"] == 1
    assert set(document["system"]) >= {"name", "version", "weights", "device", "config"}
    assert set(document["recognition"]) == {"target", "probability", "positive", "rule", "slices_positive"}
    assert set(document["manifestations"]) == set(MANIFESTATIONS)
    assert all(set(one) >= {"probability", "source", "volume_ml", "percent_of_lung"}
               for one in document["manifestations"].values())  # fmt: skip
    assert set(document["severity"]) >= SEVERITY
    assert [zone["zone"] for zone in document["severity"]["per_zone"]] == list(ZONES)
    assert set(document["lesions"][0]) >= {"label", "volume_ml", "mean_hu", "centre_lps_mm", "zone"}
    assert set(document["slices"][0]) >= {"position_mm", "lung", "infected", "percent"}
    assert document["geometry"]["verdict"] == "amber"
    assert document["geometry"]["reasons"][0]["code"] == "thickness_not_spacing"


def test_refusal_has_the_same_keys_with_null_for_every_figure(case: Chest) -> None:
    full = findings_json(findings_of(case), loaded_of(case), AMBER)
    for refused in (findings_json(None, loaded_of(case), RED), findings_json(None, info_of(case), RED)):
        assert set(refused) == TOP
        for part in ("study", "geometry", "system", "recognition", "manifestations", "severity", "explanation"):
            assert set(refused[part]) == set(full[part]), part
        assert set(refused["severity"].values()) == {None}
        assert refused["lesions"] == refused["slices"] == []
        assert refused["geometry"]["verdict"] == "red"
        assert refused["geometry"]["reasons"][0]["help"] == "Load the whole series."


def test_figures_are_those_of_the_phantom(case: Chest) -> None:
    document = findings_json(findings_of(case), loaded_of(case), AMBER)
    assert document["severity"]["percentage_of_infection"] == pytest.approx(case.percent_infected())
    assert document["severity"]["per_lung"]["left"]["percentage"] == 0
    assert document["severity"]["per_lung"]["right"]["percentage"] > 1
    assert all(lesion["centre_lps_mm"][0] < 0 for lesion in document["lesions"] if lesion["label"] != 3)
    assert document["manifestations"]["effusion"]["percent_of_lung"] is None
    assert document["manifestations"]["effusion"]["volume_ml"] > 0
    assert document["manifestations"]["ground_glass"]["source"] == "rule"
    assert document["manifestations"]["ground_glass"]["probability"] is None


def test_sides_are_null_when_the_source_has_no_orientation() -> None:
    case = chest(code="", shape=(40, 64, 80), spacing_mm=(7.5, 4.8, 4.8))
    case = replace(case, lungs=np.where(case.lungs > 0, 3, 0).astype(np.uint8))
    document = findings_json(findings_of(case), loaded_of(case), AMBER)
    assert document["sides_known"] is False
    assert document["severity"]["per_lung"] is None
    assert document["severity"]["per_zone"] is None
    assert document["severity"]["percentage_of_infection"] > 0


def test_withheld_grade_is_null_and_says_why(case: Chest) -> None:
    findings = findings_of(case)
    severity = replace(findings.severity, qualifier="withheld", withheld_reason="12 % of the right side is unclaimed")
    document = findings_json(replace(findings, severity=severity), loaded_of(case), AMBER)
    assert document["severity"]["grade"] is None
    assert document["severity"]["withheld"] == "12 % of the right side is unclaimed"
    lower = replace(severity, qualifier="at least", grade="CT-2")
    document = findings_json(replace(findings, severity=lower), loaded_of(case), AMBER)
    assert (document["severity"]["grade"], document["severity"]["grade_qualifier"]) == ("CT-2", "at least")
    assert document["severity"]["withheld"] is None
    assert document["severity"]["grade_qualifier_reason"] == "12 % of the right side is unclaimed"


def test_a_side_without_air_is_named_and_its_percentages_are_lower_bounds(case: Chest) -> None:
    findings = findings_of(case)
    plain = findings_json(findings, loaded_of(case), AMBER)["severity"]
    assert (plain["percentage_qualifier"], plain["not_aerated"]) == ("", [])
    severity = replace(findings.severity, percentage_qualifier="at least", not_aerated=("right",))
    told = findings_json(replace(findings, severity=severity), loaded_of(case), AMBER)["severity"]
    assert (told["percentage_qualifier"], told["not_aerated"]) == ("at least", ["right"])


def test_written_json_is_strict(case: Chest, tmp_path: Path) -> None:
    write_json(tmp_path / "f.json", {"a": float("nan"), "b": np.float32("inf"), "c": (np.int64(3), np.uint8(4))})

    def refuse(word: str) -> None:
        raise AssertionError(word)

    text = (tmp_path / "f.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=refuse) == {"a": None, "b": None, "c": [3, 4]}


def test_plain_keeps_numbers_that_json_can_hold() -> None:
    assert plain({"a": (1, 2.5, True, None, "x", np.bool_(False))}) == {"a": [1, 2.5, True, None, "x", False]}


def all_bytes(folder: Path) -> bytes:
    import gzip

    return b"".join(
        gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in folder.iterdir()
    ).lower()


def test_no_identity_in_any_file_unless_asked(case: Chest, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "named").mkdir()
    write_findings(tmp_path / "out", findings_of(case), loaded_of(case), AMBER)
    write_findings(tmp_path / "named", findings_of(case), loaded_of(case), AMBER, with_identity=True)
    silent, named = all_bytes(tmp_path / "out"), all_bytes(tmp_path / "named")
    for token in TOKENS:
        assert token.encode() not in silent
        assert token.encode() in named


def test_refusal_holds_no_identity_and_no_masks(case: Chest, tmp_path: Path) -> None:
    write_refusal(tmp_path, info_of(case), RED)
    assert [path.name for path in tmp_path.iterdir()] == ["findings.json"]
    assert not any(token.encode() in all_bytes(tmp_path) for token in TOKENS)


def test_free_text_loses_the_patients_name_and_number_and_keeps_the_rest() -> None:
    assert redacted("Chest Quillfeather, PX-4471-QQ 2 mm", PATIENT) == "Chest [removed], [removed] 2 mm"
    assert redacted("THORAX OTTOLINE", PATIENT) == "THORAX [removed]"
    assert redacted("Thorax 2 mm", Identity("Thor^A", "2")) == "Thorax 2 mm"


def test_same_analysis_gives_the_same_bytes_apart_from_timings(case: Chest, tmp_path: Path) -> None:
    findings, loaded = replace(findings_of(case), timing_s={}), loaded_of(case)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        write_findings(tmp_path / name, findings, loaded, AMBER)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes(), path.name


def test_masks_are_written_in_the_grid_of_the_files(case: Chest, tmp_path: Path) -> None:
    import nibabel

    loaded = loaded_of(case)
    shape = (40, 64, 78)
    affine = loaded.volume.geometry.affine.copy()
    affine[0, 3] += 2 * affine[0, 0]
    cropped = replace(loaded, source_geometry=VolumeGeometry(shape, affine), restore=lambda array: array[:, :, 2:])
    write_findings(tmp_path, findings_of(case), cropped, AMBER)
    stored = np.asanyarray(nibabel.load(tmp_path / "lesions.nii.gz").dataobj).T
    np.testing.assert_array_equal(stored, case.lesions[:, :, 2:])


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def test_tables_agree_with_the_figures(case: Chest, tmp_path: Path) -> None:
    findings = findings_of(case)
    write_findings(tmp_path, findings, loaded_of(case), AMBER)
    severity = {row[0]: row for row in rows(tmp_path / "severity.csv")}
    assert severity["figure"][2:] == ["both", "right", "left", *ZONES]
    both, right, left = (float(cell) for cell in severity["Lung volume"][2:5])
    assert right + left == pytest.approx(both, rel=1e-4)
    assert sum(float(cell) for cell in severity["Lung volume"][5:]) == pytest.approx(both, rel=1e-4)
    assert severity["Grade"][2] == findings.severity.grade and severity["Qualifier"][2] == findings.severity.qualifier
    assert severity["Notice"][2] == NOTICE
    assert {len(row) for row in severity.values()} == {len(severity["figure"])}
    slices = rows(tmp_path / "slices.csv")
    assert len(slices) == 1 + case.volume.geometry.shape[0]
    infected = sum(float(row[slices[0].index("infected_mm2")]) for row in slices[1:])
    opacity_ml = float(severity["Opacity"][2])
    assert infected * case.volume.geometry.spacing_mm[0] / 1000 == pytest.approx(opacity_ml, rel=1e-4)
    lesions = rows(tmp_path / "lesions.csv")
    assert len(lesions) == 1 + len(findings.lesions)
    assert all(len(row) == len(lesions[0]) for row in lesions)
