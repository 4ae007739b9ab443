"""Learned systems in the real window, with tiny networks: heat, agreement, X-rays, options, altered weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu

from inference.errors import WeightsMissing
from inference.systems import weights as stored
from tests.helpers import window as helper
from tests.helpers.learned import CASCADE, FILMS, ship_tiny, weights_in, write_film
from tests.helpers.phantoms import chest, write_dicom
from tests.helpers.window import Window, opened
from viewer.operations import exporting
from viewer.state.layers import AGREEMENT, HEATMAP
from viewer.widgets.reconstruction_sheet import ReconstructionSheet

pytestmark = pytest.mark.usefixtures("qapp")

SHIPPED = (
    *CASCADE, "multitask-network-compact", *FILMS,
)  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("window") / "ct"
    write_dicom(chest(disease="right", shape=(22, 48, 64), spacing_mm=(14.0, 6.3, 6.0)).volume, folder)
    return folder


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "film.png")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    ship_tiny(tmp_path / "weights", *SHIPPED, threshold=0.01)
    with weights_in(tmp_path / "weights") as made:
        yield made


@pytest.fixture
def window(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setattr(helper, "PATIENCE_S", 240.0)  # the worker imports torch first
    with opened(tmp_path) as made:
        yield made


def run(window: Window, system: str) -> None:
    choice = next(one for one in window.app.choices if one.name == system)
    window.window.commands.analyse(choice)
    window.until_idle()


def menu(window: Window) -> dict[str, tuple[bool, str]]:
    """Every entry of the Analyse menu: whether it can be chosen, and what it says."""
    systems: QMenu = window.window.toolbar.analyse.menu()
    systems.aboutToShow.emit()
    return {action.objectName(): (action.isEnabled(), action.toolTip()) for action in systems.actions()}


def test_default_is_the_best_that_can_run_and_its_heat_map_comes_with_a_switch(window: Window, study: Path) -> None:
    window.open_study(study)
    window.analyse()
    window.until_idle()
    session = window.session
    findings = session.findings.value
    assert findings is not None, window.complaints
    assert findings.output.provenance.system == "consensus" and findings.output.provenance.title == "Consensus"
    assert session.masks.value.heatmap is not None
    row = window.window.layers.rows[HEATMAP]
    assert not row.isHidden() and not session.layers.by_group[HEATMAP].value.visible
    state = menu(window)
    assert state["cascade-severity"][0] and not state["jcs"][0] and "missing" in state["jcs"][1]
    assert not state["x-ray"][0]


def test_comparison_lays_the_agreement_over_the_image_and_writes_it(
    window: Window, study: Path, tmp_path: Path
) -> None:
    window.open_study(study)
    window.trigger("compare")
    window.until_idle()
    session = window.session
    found = session.findings.value
    assert found is not None and found.output.agreement is not None, window.complaints
    assert found.output.agreement.systems == ("cascade-severity", "multitask")
    assert session.layers.by_group[AGREEMENT].value.visible
    assert not window.window.severity.figures.agreement.isHidden()
    exporting.export_masks(session, window.jobs, tmp_path)
    window.until_idle()
    assert (tmp_path / "agreement.nii.gz").is_file()
    window.trigger("reconstruction")
    window.until(lambda: window.window.findChildren(ReconstructionSheet))
    sheet = window.window.findChildren(ReconstructionSheet)[0]
    assert len(sheet.pictures) == 3 and "Multitask" in sheet.words.text()
    sheet.close()


def test_xray_is_read_and_what_it_has_not_is_hidden(window: Window, film: Path) -> None:
    window.open_study(film)
    session = window.session
    if not session.loaded.value.info.is_xray:  # type: ignore[union-attr]
        window.trigger("treat_as_xray")
        window.until(lambda: session.loaded.value is not None and session.loaded.value.info.is_xray)
        window.until_idle()
    window.analyse()
    window.until_idle()
    findings = session.findings.value
    assert findings is not None, window.complaints
    assert set(findings.output.classes) == {"normal", "bacterial", "viral", "covid"}
    assert window.window.centre.grid.shown() == ("axial",)
    assert window.window.severity.figures.headline.grade.isHidden()
    assert not menu(window)["cascade-severity"][0] and menu(window)["covid-mtnet"][0]


def test_altered_weights_are_one_message_and_other_systems_go_on(window: Window, study: Path, folder: Path) -> None:
    window.open_study(study)
    file = folder / "multitask-network-compact.safetensors"
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(WeightsMissing):
        stored.read(stored.manifest()["multitask-network-compact"], stored.StoredFile(file.name, "0" * 64))
    run(window, "multitask")
    assert window.session.findings.value is None
    assert len(window.complaints) == 1 and "hash" in window.complaints[0]
    window.until(lambda: "hash" in menu(window)["multitask"][1])
    assert not menu(window)["multitask"][0]
    run(window, "cascade-severity")
    assert window.session.findings.value is not None and len(window.complaints) == 1
