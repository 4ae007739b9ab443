"""Writing an analysis: what the contract of ``groundglass analyse`` names, in the geometry of the files it came from.

The parts are in the ``export_*`` modules: files, NIfTI, JSON, tables, identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from inference.findings import Findings, Warning
from inference.io.export_files import check_folder, replacing, staged
from inference.io.export_json import SCHEMA_VERSION, findings_json, write_json
from inference.io.export_nifti import write_label_map
from inference.io.export_tables import severity_rows, write_lesions, write_severity, write_slices, write_table
from inference.io.study import LoadedSeries, SeriesInfo
from inference.verdict import Verdict

__all__ = [
    "OUTPUT_NAMES", "POSSIBLE_NAMES", "SCHEMA_VERSION", "check_folder", "findings_json", "replacing", "severity_rows",
    "staged", "write_findings", "write_json", "write_label_map", "write_lesions", "write_refusal", "write_severity",
    "write_slices", "write_table",
]  # fmt: skip

FINDINGS = "findings.json"
LUNGS = "lungs.nii.gz"
LESIONS = "lesions.nii.gz"
AGREEMENT = "agreement.nii.gz"
SLICES = "slices.csv"
LESION_TABLE = "lesions.csv"
SEVERITY = "severity.csv"
KEY_IMAGE = "key-image.png"
REPORT = "report.pdf"
OUTPUT_NAMES = (FINDINGS, LUNGS, LESIONS, SLICES, LESION_TABLE, SEVERITY, KEY_IMAGE, REPORT)
"""Every file that an analysis writes into its folder."""
POSSIBLE_NAMES = (*OUTPUT_NAMES, AGREEMENT)
"""With those that it writes when asked."""


def write_findings(
    directory: Path,
    findings: Findings,
    loaded: LoadedSeries,
    verdict: Verdict,
    *,
    with_identity: bool = False,
    warnings: tuple[Warning, ...] = (),
    timing_s: Mapping[str, float] | None = None,
    config: str | None = None,
) -> tuple[Path, ...]:
    """Write the masks (source geometry, read back and compared), the tables and ``findings.json``.

    ``directory`` exists; each file is whole or absent. To make the whole set appear at once, write into
    :func:`staged`. Returns the paths written.

    Raises
    ------
    ExportError
        If a file cannot be written, or a mask does not read back as it was written.
    """
    masks = {LUNGS: findings.output.lungs, LESIONS: findings.output.lesions}
    if findings.output.agreement is not None:
        masks[AGREEMENT] = findings.output.agreement.marks
    for name, labels in masks.items():
        write_label_map(directory / name, loaded.to_source(labels))
    for name, write in ((SLICES, write_slices), (LESION_TABLE, write_lesions), (SEVERITY, write_severity)):
        write(directory / name, findings)
    document = findings_json(
        findings, loaded, verdict, with_identity=with_identity, warnings=warnings, timing_s=timing_s, config=config
    )
    write_json(directory / FINDINGS, document)
    return tuple(directory / name for name in (*masks, SLICES, LESION_TABLE, SEVERITY, FINDINGS))


def write_refusal(
    directory: Path,
    loaded: LoadedSeries | SeriesInfo,
    verdict: Verdict,
    *,
    with_identity: bool = False,
    timing_s: Mapping[str, float] | None = None,
) -> Path:
    """Write the ``findings.json`` of a series that the verdict refuses: its reasons, and null for every figure.

    Raises
    ------
    ExportError
        If the file cannot be written.
    """
    document = findings_json(None, loaded, verdict, with_identity=with_identity, timing_s=timing_s)
    write_json(directory / FINDINGS, document)
    return directory / FINDINGS
