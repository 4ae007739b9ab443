"""``findings.json``, schema version 1: the published form of an analysis (described in docs/findings.md).

Every key is always there, null where a thing is unknown or does not exist; strict JSON, so no NaN. Nothing tells who
the patient is, unless asked: no name, number, date, UID, description or file name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from enum import Enum
from pathlib import Path
from typing import Any

from inference.findings import MANIFESTATIONS, ZONES, Findings, Provenance, RegionFigures, Severity, Warning
from inference.io.export_files import replacing
from inference.io.export_identity import identity_of, redacted
from inference.io.study import LoadedSeries, SeriesInfo
from inference.labels import Lesion
from inference.quantification.grades import bins
from inference.software import NAME, NOTICE, version
from inference.verdict import Verdict
from inference.volume import Volume

SCHEMA_VERSION = 1


def findings_json(
    findings: Findings | None,
    loaded: LoadedSeries | SeriesInfo,
    verdict: Verdict,
    *,
    with_identity: bool = False,
    warnings: tuple[Warning, ...] = (),
    timing_s: Mapping[str, float] | None = None,
    config: str | None = None,
) -> dict[str, Any]:
    """The document as plain Python values.

    Parameters
    ----------
    findings
        The analysis, or None where the verdict refused it: then every figure is null.
    loaded
        The series it belongs to; its headers alone where it was refused before loading.
    verdict
        The final verdict.
    with_identity
        Whether to add who the patient is and the identifiers of the study.
    warnings, timing_s, config
        What the caller adds to the analysis's own.
    """
    info = loaded.info if isinstance(loaded, LoadedSeries) else loaded
    volume = loaded.volume if isinstance(loaded, LoadedSeries) else None
    output = findings.output if findings else None
    said = (*(findings.warnings if findings else ()), *warnings)
    document = {
        "schema_version": SCHEMA_VERSION,
        "notice": NOTICE,
        "software": {"name": NAME, "version": version()},
        "study": _study(info, with_identity),
        "geometry": _geometry(info, volume, verdict),
        "system": _system(output.provenance if output else None, config),
        "thresholds": dict(output.thresholds) if output else {},
        "sides_known": output.sides_known if output else None,
        "recognition": _recognition(findings),
        "manifestations": _manifestations(findings),
        "severity": _severity(findings.severity if findings else None),
        "lesions": [_lesion(component) for component in findings.lesions] if findings else [],
        "slices": [asdict(figures) for figures in findings.slices] if findings else [],
        "agreement": _agreement(findings),
        "explanation": {
            "heat_in_lesion": findings.explanation.heat_in_lesion if findings else None,
            "heat_in_lung": findings.explanation.heat_in_lung if findings else None,
        },
        "warnings": [asdict(warning) for warning in dict.fromkeys(said)],
        "timing_s": {**(findings.timing_s if findings else {}), **(timing_s or {})},
    }
    return {key: plain(value) for key, value in document.items()}


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write the document as UTF-8 JSON, whole or not at all.

    Raises
    ------
    ExportError
        If the file cannot be written.
    """
    text = json.dumps(plain(document), indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(path) as beside:
        beside.write_text(text + "\n", encoding="utf-8")


def plain(value: Any) -> Any:
    """``value`` as what JSON can hold: NumPy numbers become Python's, NaN and infinity null, tuples lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return plain(value.value)
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _study(info: SeriesInfo, with_identity: bool) -> dict[str, Any]:
    return {
        "series_index": info.index,
        "kind": info.kind,
        "modality": redacted(info.modality, info.identity) or None,
        "kernel": redacted(info.kernel, info.identity) or None,
        "slices": info.slices,
        "rows": info.rows,
        "columns": info.columns,
        "thickness_mm": info.thickness_mm,
        "identity": identity_of(info) if with_identity else None,
    }


def _geometry(info: SeriesInfo, volume: Volume | None, verdict: Verdict) -> dict[str, Any]:
    geometry = volume.geometry if volume else None
    spacing = info.spacing_mm if geometry is None else geometry.spacing_mm if geometry.spacing_known else None
    return {
        "verdict": verdict.colour.word,
        "reasons": [{**asdict(reason), "colour": reason.colour.word} for reason in verdict.reasons],
        "checks_passed": list(verdict.checks_passed),
        "units": volume.units.value if volume else None,
        "spacing_kji_mm": spacing,
        "orientation_known": geometry.orientation_known if geometry else None,
        "patient_position": (volume.patient_position or None) if volume else None,
        "missing_slices": list(volume.missing_slices) if volume else None,
    }


def _system(provenance: Provenance | None, config: str | None) -> dict[str, Any]:
    return {
        "name": provenance.system if provenance else None,
        "version": provenance.version if provenance else None,
        "weights": [asdict(weights) for weights in provenance.weights] if provenance else [],
        "device": provenance.device if provenance else None,
        "config": (provenance.config if provenance else None) or config or None,
        "fallback_reason": (provenance.fallback_reason or None) if provenance else None,
    }


def _recognition(findings: Findings | None) -> dict[str, Any]:
    opinion = findings.output.recognition if findings else None
    if opinion is None:
        return dict.fromkeys(("target", "probability", "positive", "rule", "slices_positive"))
    return asdict(opinion)


def _agreement(findings: Findings | None) -> dict[str, Any] | None:
    agreement = findings.output.agreement if findings else None
    if agreement is None:
        return None
    return {field.name: getattr(agreement, field.name) for field in fields(agreement) if field.name != "marks"}


def _manifestations(findings: Findings | None) -> dict[str, Any]:
    unknown = dict.fromkeys(("probability", "source", "volume_ml", "percent_of_lung", "mean_hu"))
    known = findings.manifestations if findings else {}
    return {name: asdict(known[name]) if name in known else dict(unknown) for name in MANIFESTATIONS}


def _severity(severity: Severity | None) -> dict[str, Any]:
    return {key: take(severity) if severity else None for key, take in _SEVERITY.items()}


def _per_lung(severity: Severity) -> dict[str, Any] | None:
    sides: dict[str, RegionFigures | None] = {"right": severity.right, "left": severity.left}
    if severity.right is None and severity.left is None:
        return None
    return {side: asdict(figures) if figures else None for side, figures in sides.items()}


def _zone(severity: Severity, zone: Any) -> dict[str, Any]:
    return {"zone": zone, **asdict(severity.zones[zone]), "score": severity.zone_scores.get(zone)}


def _histogram(severity: Severity) -> dict[str, Any] | None:
    if severity.histogram is None:
        return None
    edges, counts = severity.histogram
    return {"edges_hu": edges, "lung": counts, "opacity": severity.opacity_histogram}


def _reason_if(severity: Severity, *qualifiers: str) -> str | None:
    return severity.withheld_reason or None if severity.qualifier in qualifiers else None


_SEVERITY: dict[str, Callable[[Severity], Any]] = {
    "percentage_of_infection": lambda severity: severity.percentage_of_infection,
    "percentage_qualifier": lambda severity: severity.percentage_qualifier,
    "not_aerated": lambda severity: severity.not_aerated,
    "not_looked_for": lambda severity: severity.unsought,
    "mean_over_slices": lambda severity: severity.mean_over_slices,
    "grade": lambda severity: None if severity.qualifier == "withheld" else severity.grade,
    "grade_qualifier": lambda severity: severity.qualifier,
    "grade_qualifier_reason": lambda severity: _reason_if(severity, "at least", "withheld"),
    "grade_bins": lambda severity: dict(bins(severity.detection_floor)),
    "detection_floor": lambda severity: asdict(severity.detection_floor),
    "worse_lung": lambda severity: severity.worse_lung,
    "worse_lung_grade": lambda severity: severity.worse_lung_grade,
    "both": lambda severity: asdict(severity.both),
    "per_lung": _per_lung,
    "per_zone": lambda severity: [_zone(severity, zone) for zone in ZONES if zone in severity.zones] or None,
    "zone_score": lambda severity: severity.zone_score,
    "zone_score_of": lambda severity: 24 if severity.zone_score is not None else None,
    "pho": lambda severity: severity.both.pho,
    "compartments": lambda severity: [asdict(band) for band in severity.compartments] or None,
    "ct_severity_score": lambda severity: severity.ct_severity_score,
    "total_severity_score": lambda severity: severity.total_severity_score,
    "sensitivity_range": lambda severity: asdict(severity.sensitivity) if severity.sensitivity else None,
    "withheld": lambda severity: _reason_if(severity, "withheld"),
    "possibly_missed_ml": lambda severity: dict(severity.possibly_missed_ml),
    "possibly_missed_percent": lambda severity: dict(severity.possibly_missed_percent),
    "histogram": _histogram,
}
"""The keys of ``severity`` in their order, and how each is made."""


def _lesion(component: Any) -> dict[str, Any]:
    return {**asdict(component), "label": int(component.label), "label_name": Lesion(int(component.label)).key}
