"""X-rays: told by header or look, read by every system that can, measured in shares alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.errors import WeightsMissing
from inference.findings import Findings
from inference.io.study import LoadedSeries, WindowLevel
from inference.pipeline.analyse import analyse
from inference.pipeline.xray import PROJECTION, XrayReading, grey_picture, recognised
from inference.report import wording
from inference.systems.registry import RunOptions
from inference.verdict import Verdict
from inference.volume import Units, Volume, VolumeGeometry
from tests.helpers.analysed import info_of, loaded_of
from tests.helpers.learned import ship_tiny, weights_in
from tests.helpers.phantoms import chest

READERS = (
    "covid-mtnet-xray-recogniser-compact", "covid-mtnet-xray-lungs-compact",
    "specialised-streams-xray-recogniser-compact",
)  # fmt: skip
XRAY = RunOptions("xray")


@pytest.fixture
def weights(tmp_path: Path) -> Iterator[Path]:
    ship_tiny(tmp_path, *READERS, threshold=0.01)
    with weights_in(tmp_path):
        yield tmp_path


def film(kind: str = "image", units: Units = Units.GREY8, **info: object) -> LoadedSeries:
    """A single picture whose values rise to the right and, more slowly, downwards."""
    rows, columns = 70, 90
    values = (np.arange(columns) * 2 + np.arange(rows)[:, None]).astype(np.int16)
    if units is not Units.GREY8:
        values = values * 16
    geometry = VolumeGeometry((1, rows, columns), np.eye(4), orientation_known=False, spacing_known=kind == "dicom")
    volume = Volume(values[None], geometry, units)
    base = loaded_of(chest(shape=(20, 32, 32)))
    return replace(base, volume=volume, source_geometry=geometry, info=info_of_film(kind, **info), verdict=Verdict())


def info_of_film(kind: str, **changes: object) -> object:
    return info_of(chest(shape=(20, 32, 32)), kind=kind, slices=1, **changes)


def read(loaded: LoadedSeries) -> Findings:
    return analyse(XrayReading(), grey_picture(loaded), PROJECTION, device="cpu", options=XRAY)[0]


def test_header_or_reader_makes_a_picture_an_xray_and_a_stack_never_is() -> None:
    told = recognised(film("dicom", Units.UNKNOWN, is_xray=True))
    assert told.info.is_xray and told.verdict is PROJECTION and told.verdict.may_measure
    assert recognised(film(), wanted=True).info.is_xray
    assert not recognised(film(), wanted=False).info.is_xray
    assert not recognised(film("dicom", Units.UNKNOWN), wanted=True).info.is_xray
    stack = loaded_of(chest(shape=(20, 32, 32)), is_xray=True)
    assert recognised(stack) is stack


def test_film_of_many_greys_becomes_8_bit_through_its_own_window_and_has_no_millimetres() -> None:
    loaded = film("dicom", Units.UNKNOWN, is_xray=True, windows=(WindowLevel(1024.0, 512.0),))
    grey = grey_picture(loaded)
    assert grey.units is Units.GREY8 and not grey.geometry.spacing_known
    assert grey.array.min() == 0 and grey.array.max() == 255
    assert grey.array[0, 0, 20] < grey.array[0, 0, 60]
    turned = grey_picture(replace(loaded, info=replace(loaded.info, monochrome1=True)))
    np.testing.assert_array_equal(turned.array, 255 - grey.array)


def test_reading_has_masks_of_one_system_classes_of_another_and_both_opinions(weights: Path) -> None:
    findings = read(film())
    output = findings.output
    assert output.modality == "xray" and output.lungs.array.any()
    assert set(output.classes) == {"normal", "bacterial", "viral", "covid"}
    assert output.recognition is not None and output.recognition.target == "covid_against_other"
    assert {name: one.target for name, one in output.opinions.items()} == {"covid-mtnet": "pneumonia_against_normal"}
    assert output.provenance.system == "covid-mtnet + specialised-streams" and len(output.provenance.weights) == 3
    assert any("projection" in limit for limit in output.provenance.limitations)


def test_xray_has_a_share_and_no_grade_millilitres_zones_or_density(weights: Path) -> None:
    severity = read(film("dicom", Units.UNKNOWN, is_xray=True)).severity
    assert severity.percentage_of_infection is not None
    assert severity.grade is None and severity.zones == {} and severity.compartments == ()
    assert severity.both.lung_ml is None and severity.both.mean_hu is None and severity.sensitivity is None


def test_altered_reader_is_left_out_and_named(weights: Path) -> None:
    file = weights / "covid-mtnet-xray-lungs-compact.safetensors"
    file.write_bytes(b"nothing")
    findings = read(film())
    assert findings.output.provenance.system == "specialised-streams"
    assert findings.severity.percentage_of_infection is None
    assert {"nothing_drawn"} <= {warning.code for warning in findings.warnings}
    assert "heat_elsewhere" not in {warning.code for warning in findings.warnings}
    assert wording.summary(findings) == "X-ray: no lung field was drawn"


def test_without_any_reader_the_weights_are_missing(tmp_path: Path) -> None:
    with weights_in(tmp_path), pytest.raises(WeightsMissing, match="X-rays"):
        read(film())
