"""The severity panel as text and as CSV: the same figures in the same words, without the patient."""

from __future__ import annotations

import csv
from io import StringIO

from inference.findings import MANIFESTATIONS, Findings, Severity
from inference.io.export_tables import Cell, severity_rows
from inference.report import wording
from inference.software import NAME, NOTICE, version
from inference.verdict import Verdict


def as_text(findings: Findings, verdict: Verdict, co_rads: int | None = None) -> str:
    """Every figure of the panel in lines of words, and the category that the reader chose."""
    severity, provenance = findings.severity, findings.output.provenance
    if findings.output.modality == "xray":
        return "\n".join([*_of_xray(findings, verdict), f"{NOTICE}."])
    one_slice = findings.output.lungs.geometry.shape[0] == 1  # a grade is of whole lungs
    lines = [wording.summary(findings), f"Grades: {', '.join(wording.grade_bins(severity))}"]
    if one_slice:
        lines = [f"One slice, no grade: {wording.infection(severity, severity.both)} of the lung in it infected"]
    lines.append(f"Geometry: {verdict.sentence()}")
    if co_rads is not None:
        lines.append(f"{wording.co_rads(co_rads)}.")
    lines += wording.recognition_lines(findings)
    if findings.output.agreement is not None:
        lines.append(f"Agreement: {wording.agreement_line(findings.output.agreement)}")
    lines += [text for text in (severity.withheld_reason, wording.sensitivity(severity)) if text]
    lines += [] if one_slice else _of_whole_lungs(severity)
    lines += [f"{zone}: {wording.infection(severity, figures, zone)}" for zone, figures in severity.zones.items()]
    lines += [", ".join(row) for row in wording.manifestation_rows(findings)]
    for side, ml in severity.possibly_missed_ml.items():
        share = wording.percent(severity.possibly_missed_percent[side])
        lines.append(f"Possibly missed lung, {side}: {wording.millilitres(ml)}, {share} of that side")
    for band in severity.compartments:
        lines.append(wording.compartment(band))
    lines.append(f"Lesions listed: {len(findings.lesions)}")
    lines += [f"Note: {warning.text}" for warning in findings.warnings]
    lines += [f"Not assessed: {wording.NOT_ASSESSED}", wording.LOOKALIKES]
    lines.append(f"System: {wording.origin(findings)}, {kind(findings)}, {NAME} {version()}")
    lines += [f"Weights: {weights.name} {weights.sha256}" for weights in provenance.weights]
    lines += [f"Limits: {text}" for text in wording.limits(findings)]
    return "\n".join([*lines, f"{NOTICE}."])


def _of_whole_lungs(severity: Severity) -> list[str]:
    """The figures that one slice cannot give."""
    lines = [f"Mean over slices: {wording.mean_over_slices(severity)}"]
    if severity.worse_lung is not None and severity.worse_lung_grade is not None:
        lines.append(f"Worse lung: {severity.worse_lung}, {severity.worse_lung_grade}")
    scores = (("Zone score", severity.zone_score, 24), ("CT severity score", severity.ct_severity_score, 25),
              ("Total severity score", severity.total_severity_score, 20))  # fmt: skip
    return lines + [f"{name}: {score}/{most}" for name, score, most in scores if score is not None]


def _of_xray(findings: Findings, verdict: Verdict) -> list[str]:
    """The lines of an X-ray: shares, classes, and who says so."""
    provenance = findings.output.provenance
    return [
        wording.summary(findings), f"Geometry: {verdict.sentence()}", *wording.recognition_lines(findings),
        *(f"Note: {warning.text}" for warning in findings.warnings), f"Not assessed: {wording.NOT_ASSESSED}",
        f"System: {wording.origin(findings)}, {NAME} {version()}",
        *(f"Weights: {weights.name} {weights.sha256}" for weights in provenance.weights),
        *(f"Limits: {text}" for text in wording.limits(findings)),
    ]  # fmt: skip


def as_csv(findings: Findings, verdict: Verdict) -> str:
    """The severity table with its heading row, then classes and provenance; empty cells where unknown."""
    severity, provenance = findings.severity, findings.output.provenance
    rows = severity_rows(severity)
    for name in MANIFESTATIONS:
        one = findings.manifestations.get(name)
        if one is not None and one.source is not None:
            label = name.replace("_", " ").capitalize()
            rows += [[f"{label} volume", "ml", one.volume_ml], [f"{label} of lung", "%", one.percent_of_lung],
                     [f"{label} mean density", "HU", one.mean_hu]]  # fmt: skip
    rows += [["Geometry", "", verdict.colour.word], ["System", "", f"{provenance.system} {provenance.version}"]]
    stream = StringIO()
    width = max(len(row) for row in rows)
    csv.writer(stream).writerows([[_cell(cell) for cell in row] + [""] * (width - len(row)) for row in rows])
    return stream.getvalue()


def kind(findings: Findings) -> str:
    """``rule-based``, or ``learned`` as soon as one class is."""
    learned = "learned" in findings.output.sources.values() or bool(findings.output.provenance.weights)
    return "learned" if learned else "rule-based"


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)
