"""The report is one page, says right where it is right, and names the patient only when asked."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.findings import DetectionFloor, Findings, Provenance, Warning, Weights
from inference.report.pdf import write_report
from inference.software import NOTICE
from inference.verdict import Colour, Reason, Verdict
from tests.helpers.analysed import AMBER, PATIENT, findings_of, loaded_of
from tests.helpers.phantoms import Chest, chest

DAY = date(2026, 1, 2)
SMALL: dict[str, Any] = {"shape": (30, 48, 64), "spacing_mm": (10.0, 6.4, 6.0)}
TOKENS = ("quillfeather", "ottoline", "px-4471", "19511204", "acc90177", "20200412")


@pytest.fixture(scope="module")
def case() -> Chest:
    return chest(disease="right", effusion="left", **SMALL)


def text_of(path: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler) is not on this machine")
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True)
    return done.stdout


def pages_of(path: Path) -> int:
    return path.read_bytes().count(b"/Type /Page\n") + path.read_bytes().count(b"/Type /Page ")


def report(path: Path, findings: Findings, case: Chest, verdict: Verdict = AMBER, **options: Any) -> str:
    write_report(path, findings, loaded_of(case), verdict, made=DAY, **options)
    return text_of(path)


@pytest.mark.parametrize("position", ["HFS", "FFP"])
def test_report_says_right_when_the_right_lung_is_ill(position: str, tmp_path: Path) -> None:
    case = chest(disease="right", position=position, **SMALL)
    findings = findings_of(case)
    text = report(tmp_path / "r.pdf", findings, case)
    assert findings.severity.right is not None
    assert f"right {findings.severity.right.percentage:.1f} %, left 0.0 %" in text
    assert "the right is the worse" in text


def test_report_says_at_least_where_a_side_holds_no_air(case: Chest, tmp_path: Path) -> None:
    findings = findings_of(case)
    severity = replace(findings.severity, percentage_qualifier="at least", not_aerated=("left",))
    text = report(tmp_path / "r.pdf", replace(findings, severity=severity), case)
    assert f"at least {severity.both.percentage:.1f} % of lung infected" in text
    assert severity.right is not None and severity.left is not None
    assert f"right {severity.right.percentage:.1f} %, left at least {severity.left.percentage:.1f} %" in text
    row = next(line for line in text.splitlines() if "Percentage of infection (PO), %" in line)
    assert [cell.startswith("≥") for cell in re.findall(r"≥? ?\d+\.\d|–", row)][:3] == [True, False, True]


def test_headline_ends_before_the_margin_however_long_it_is(case: Chest, tmp_path: Path) -> None:
    findings = findings_of(case)
    severity = replace(findings.severity, percentage_qualifier="at least", not_aerated=("left",))
    write_report(tmp_path / "r.pdf", replace(findings, severity=severity), loaded_of(case), AMBER, made=DAY)
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler) is not on this machine")
    done = subprocess.run(
        ["pdftotext", "-bbox", str(tmp_path / "r.pdf"), "-"], capture_output=True, text=True, check=True
    )
    ends = {word: float(end) for end, word in re.findall(r'xMax="([\d.]+)" yMax="[\d.]+">([^<]+)<', done.stdout)}
    assert ends["infected"] < 595.3 - 36


def test_report_holds_what_the_contract_names(case: Chest, tmp_path: Path) -> None:
    text = " ".join(report(tmp_path / "r.pdf", findings_of(case), case).split())
    for wanted in (
        NOTICE, "Geometry amber", "slices are 5.0 mm thick", "CT-0", "CT-4", "Sensitivity range",
        "rule, no probability",
        "Not assessed", "embolism", "oedema", "densitometry 1.0.0", "Weights (SHA-256)", "ground glass low (HU) -700",
        "Pleural effusion", "Device", "2026-01-02",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_identity_is_printed_only_when_given(case: Chest, tmp_path: Path) -> None:
    findings = findings_of(case)
    silent = report(tmp_path / "silent.pdf", findings, case).lower()
    named = report(tmp_path / "named.pdf", findings, case, identity=PATIENT).lower()
    assert not any(token in silent for token in TOKENS)
    assert "quillfeather ottoline · px-4471-qq · 19511204" in named
    raw = (tmp_path / "silent.pdf").read_bytes().lower()
    assert not any(token.encode() in raw for token in TOKENS)


def crowded(findings: Findings) -> Findings:
    output = replace(
        findings.output,
        provenance=Provenance(
            "densitometry", "1.0.0", "cuda", "paper",
            tuple(Weights(f"fold{n}.safetensors", f"{n}" * 64) for n in range(5)), "word " * 80,
        ),
        thresholds={f"threshold_number_{n}": n / 7 for n in range(30)},
    )  # fmt: skip
    warnings = tuple(Warning(f"w{n}", f"warning {n} " + "that goes on and on " * 12) for n in range(25))
    severity = replace(findings.severity, qualifier="withheld", withheld_reason="reason " * 120, grade=None)
    return replace(findings, output=output, warnings=warnings, severity=severity)


def test_long_text_stays_on_one_page_and_says_that_it_was_cut(case: Chest, tmp_path: Path) -> None:
    reasons = tuple(Reason(f"r{n}", Colour.AMBER, "a reason with many words " * 8) for n in range(8))
    text = report(tmp_path / "r.pdf", crowded(findings_of(case)), case, Verdict(reasons), identity=PATIENT)
    assert pages_of(tmp_path / "r.pdf") == 1
    assert "complete in findings.json" in text
    assert "grade withheld" in text
    assert text.count(NOTICE) >= 2
    assert "Not assessed" in text
    assert "oedema" in text


def test_nothing_is_drawn_outside_the_margins_of_a_crowded_page(case: Chest, tmp_path: Path) -> None:
    reasons = (Reason("r", Colour.AMBER, "x" * 900),)
    report(tmp_path / "r.pdf", crowded(findings_of(case)), case, Verdict(reasons))
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm (poppler) is not on this machine")
    subprocess.run(["pdftoppm", "-r", "50", "-png", "-singlefile", "r.pdf", "page"], cwd=tmp_path, check=True)
    from PIL import Image

    page = np.asarray(Image.open(tmp_path / "page.png").convert("L"))
    margin = int(30 / 72 * 50)
    assert page[:, :margin].min() > 250
    assert page[:, -margin:].min() > 250
    assert page[-int(20 / 72 * 50) :].min() > 250


def test_every_table_column_is_right_for_its_region(case: Chest, tmp_path: Path) -> None:
    findings = findings_of(case)
    line = next(line for line in report(tmp_path / "r.pdf", findings, case).splitlines() if "Lung volume" in line)
    numbers = [float(word) for word in line.replace("Lung volume, ml", "").split()]
    severity = findings.severity
    wanted = [severity.both, severity.right, severity.left, *severity.zones.values()]
    assert numbers == [pytest.approx(one.lung_ml, abs=0.6) for one in wanted if one is not None]


def test_report_without_sides_gives_no_side(tmp_path: Path) -> None:
    case = chest(code="", **SMALL)
    case = replace(case, lungs=np.where(case.lungs > 0, 3, 0).astype(np.uint8))
    text = report(tmp_path / "r.pdf", findings_of(case), case)
    assert "no figures for right, left or zones" in " ".join(text.split())
    assert "right\n" not in text
    assert "sides not known" in text


def test_same_analysis_gives_the_same_pages(case: Chest, tmp_path: Path) -> None:
    findings = findings_of(case)
    for name in ("one.pdf", "other.pdf"):
        write_report(tmp_path / name, findings, loaded_of(case), AMBER, made=DAY)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "other.pdf").read_bytes()


def test_co_rads_is_printed_as_the_readers_or_not_at_all(case: Chest, tmp_path: Path) -> None:
    findings = findings_of(case)
    assert "CO-RADS" not in report(tmp_path / "none.pdf", findings, case)
    for category, meaning in ((0, "not interpretable"), (6, "proven by RT-PCR")):
        words = " ".join(report(tmp_path / f"{category}.pdf", findings, case, co_rads=category).split())
        assert f"CO-RADS {category} ({meaning}), chosen by the reader" in words


def test_a_floor_that_was_set_is_printed_in_a_line_of_its_own(case: Chest, tmp_path: Path) -> None:
    findings = findings_of(case)
    assert "as set:" not in report(tmp_path / "published.pdf", findings, case)
    severity = replace(findings.severity, detection_floor=DetectionFloor(12.5, 150.0))
    words = " ".join(report(tmp_path / "set.pdf", replace(findings, severity=severity), case).split())
    assert "Detection floor as set: CT-0 is under 12.5 % or 150 ml." in words
    assert "CT-0 under 12.5 % or 150 ml" in words
