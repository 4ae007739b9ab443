"""A phantom with its true masks as an analysis, and the loaded series it belongs to: input for export and report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from inference.findings import Findings, Provenance, SystemOutput, Warning
from inference.io.study import Identity, LoadedSeries, SeriesInfo
from inference.quantification.assess import assess
from inference.verdict import Colour, Reason, Verdict
from inference.volume import LabelMap
from tests.helpers.phantoms import Chest

PATIENT = Identity("Quillfeather^Ottoline", "PX-4471-QQ", "19511204", "F", "ACC90177")
AMBER = Verdict((Reason("thickness_not_spacing", Colour.AMBER, "slices are 5.0 mm thick and 2.0 mm apart", "x"),))
RED = Verdict((Reason("too_few_slices", Colour.RED, "only 12 slices", "Load the whole series."),))


def info_of(case: Chest, **changes: Any) -> SeriesInfo:
    """Headers that fit the phantom, with a patient in them."""
    slices, rows, columns = case.volume.geometry.shape
    info = SeriesInfo(
        index=1, uid="1.2.3.4.5", study_uid="1.2.3.4", kind="dicom", modality="CT",
        description="Chest Quillfeather 2 mm", slices=slices, rows=rows, columns=columns,
        spacing_mm=case.volume.geometry.spacing_mm, thickness_mm=5.0, kernel="B70f", study_date="20200412",
        body_part="CHEST", transfer_syntax="1.2.840.10008.1.2.1", frame_of_reference_uid="1.2.3.9",
        verdict=Verdict(), loadable=True, score=1.0, reason="the only one", identity=PATIENT, source=None,
    )  # fmt: skip
    return replace(info, **changes)


def loaded_of(case: Chest, verdict: Verdict = AMBER, **changes: Any) -> LoadedSeries:
    """The phantom as a loaded series."""
    return LoadedSeries(info_of(case, **changes), case.volume, case.volume.geometry, verdict, 0.5)


def findings_of(case: Chest, **changes: Any) -> Findings:
    """The figures of the phantom's true masks."""
    geometry = case.volume.geometry
    output = SystemOutput(
        lungs=LabelMap(case.lungs, geometry),
        lesions=LabelMap(case.lesions, geometry),
        sides_known=geometry.orientation_known,
        provenance=Provenance("densitometry", "1.0.0", "cpu"),
        thresholds={"ground_glass_low_hu": -700.0, "consolidation_low_hu": -300.0},
        sources=dict.fromkeys(("ground_glass", "consolidation", "effusion"), "rule"),
        warnings=(Warning("supine_assumed", "the patient's position is unknown; supine assumed"),),
        timing_s={"lung": 1.5},
    )
    return assess(case.volume, replace(output, **changes))
