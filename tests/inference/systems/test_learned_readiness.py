"""The state of a system, as a menu tells it."""

from __future__ import annotations

from pathlib import Path

from inference.commands.systems import choose
from inference.systems.readiness import readiness
from inference.systems.registry import card
from tests.helpers.learned import ship_tiny


def test_system_with_its_weights_is_ready_and_rules_need_none(folder: Path) -> None:
    assert readiness(card("cascade-severity")).ready
    assert readiness(card("densitometry")).ready


def test_missing_weights_are_named(folder: Path) -> None:
    state = readiness(card("jcs"))
    assert state.state == "weights missing"
    assert "jcs-recogniser" in state.sentence and "jcs-segmenter" in state.sentence


def test_altered_file_is_found_by_its_hash_and_stops_its_system_alone(folder: Path) -> None:
    file = folder / "cascade-severity-lesions-compact.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\0\0")
    state = readiness(card("cascade-severity"))
    assert state.state == "weights altered" and "hash" in state.sentence and file.name in state.sentence
    assert readiness(card("cascade-severity"), hashes=False).ready
    assert readiness(card("multitask")).ready


def test_file_that_is_listed_and_gone_is_missing(folder: Path) -> None:
    (folder / "cascade-severity-lungs-compact.safetensors").unlink()
    for hashes in (True, False):
        assert readiness(card("cascade-severity"), hashes=hashes).state == "weights missing"


def test_system_without_parts_for_xrays_says_that_it_reads_ct(folder: Path) -> None:
    for name in ("cascade-severity", "densitometry"):
        state = readiness(card(name), "xray")
        assert state.state == "not for these pictures" and "X-rays" in state.sentence
    assert readiness(card("covid-mtnet"), "xray").state == "weights missing"


def test_weights_for_xrays_alone_stop_no_ct(folder: Path) -> None:
    ship_tiny(folder, *(f"covid-mtnet-{name}-compact" for name in ("ct-lungs", "ct-recogniser", "xray-lungs")))
    (folder / "covid-mtnet-xray-lungs-compact.safetensors").write_bytes(b"altered")
    assert readiness(card("covid-mtnet")).ready and choose("covid-mtnet")[0].name == "covid-mtnet"
    assert not readiness(card("covid-mtnet"), "xray").ready
