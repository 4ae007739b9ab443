"""Weights: found, hashed, opened late; one system's missing or altered file is no other system's trouble."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from inference.commands.systems import choose, untrained
from inference.errors import WeightsMissing
from inference.findings import Warning
from inference.models import config as configs
from inference.models.registry import build, to_record
from inference.systems import openvino_model, runtime, weights
from inference.systems.graphs import unfold
from inference.systems.openvino_model import OpenVinoModel
from inference.systems.readiness import readiness
from inference.systems.registry import CASCADE_SEVERITY, card, create
from inference.systems.shipping import convert, enter, serialised, ship, ship_graph, ship_openvino
from inference.systems.torch_model import TorchModel
from inference.transforms.rendering import RENDERING_VERSION
from tests.helpers.learned import CASCADE, SIZE, TINY, Recorder, entry_of, ship_tiny, weights_in
from tests.helpers.phantoms import chest

WIDE = configs.MultitaskConfig(SIZE, 1, widths=(8, 16, 24, 32, 32), classifier_width=8, norm=True)
VOLUME = chest(shape=(6, 48, 64), spacing_mm=(40.0, 7.0, 6.0)).volume


def alter(path: Path) -> None:
    contents = bytearray(path.read_bytes())
    contents[-1] ^= 1
    path.write_bytes(contents)


def test_card_names_file_and_hash_of_what_is_installed(folder: Path) -> None:
    listed = card("cascade-severity").weights
    assert [file.name for file in listed] == [f"{name}.safetensors" for name in CASCADE]
    assert all(len(file.sha256) == 64 for file in listed)
    assert "random weights of a test" in card("cascade-severity").trained_on


def test_one_bit_altered_is_refused_by_name_and_hash(folder: Path) -> None:
    create("cascade-severity").run(VOLUME, Recorder())
    alter(folder / f"{CASCADE[1]}.safetensors")
    with pytest.raises(WeightsMissing, match=r"cascade-severity-lesions-compact\.safetensors .* hash") as refusal:
        create("cascade-severity").run(VOLUME, Recorder())
    assert refusal.value.exit_code == 4


def test_altered_weights_leave_other_systems_alone(folder: Path) -> None:
    alter(folder / f"{CASCADE[1]}.safetensors")
    create("multitask").run(VOLUME, Recorder())
    assert choose(None)[0].name == "multitask"


def test_another_systems_lungs_serve_where_the_first_are_altered_and_the_reader_is_told(folder: Path) -> None:
    ship_tiny(folder, "covid-mtnet-ct-lungs-compact")
    alter(folder / "cascade-severity-lungs-compact.safetensors")
    assert readiness(card("multitask")).ready and not readiness(card("cascade-severity")).ready
    output = create("multitask").run(VOLUME, Recorder())
    assert "covid-mtnet-ct-lungs-compact.safetensors" in {weight.name for weight in output.provenance.weights}
    assert "other_weights" in {warning.code for warning in output.warnings}


@pytest.mark.parametrize("spoil", [alter, Path.unlink])
def test_part_that_is_not_required_is_left_out_and_the_reader_is_told(spoil: Any, folder: Path) -> None:
    ship_tiny(folder, "specialised-streams-recogniser-compact")
    spoil(folder / "specialised-streams-recogniser-compact.safetensors")
    assert choose(None) == (card("consensus"), "")
    output = create("consensus").run(VOLUME, Recorder())
    assert output.recognition is None
    told = [warning.text for warning in output.warnings if warning.code == "part_left_out"]
    assert len(told) == 1 and "specialised-streams-recogniser-compact.safetensors" in told[0]


def test_streams_that_a_study_in_hounsfield_units_does_not_need_are_not_opened(folder: Path) -> None:
    ship_tiny(folder, "specialised-streams-ground-glass-compact")
    alter(folder / "specialised-streams-ground-glass-compact.safetensors")
    output = create("consensus").run(VOLUME, Recorder())
    assert not [weight.name for weight in output.provenance.weights if "ground-glass" in weight.name]
    assert "part_left_out" not in {warning.code for warning in output.warnings}


def test_missing_weights_are_one_sentence(tmp_path: Path) -> None:
    with weights_in(tmp_path), pytest.raises(WeightsMissing) as refusal:
        create("cascade-severity").run(VOLUME, Recorder())
    assert "cascade-severity-lesions-compact are missing" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_without_weights_densitometry_is_the_default_and_the_reason_is_said(tmp_path: Path) -> None:
    with weights_in(tmp_path):
        chosen, reason = choose(None)
    assert chosen.name == "densitometry"
    assert reason.startswith("Consensus cannot run: ")
    assert "missing" in reason


def test_with_weights_for_it_the_consensus_is_the_default(folder: Path) -> None:
    assert choose(None) == (card("consensus"), "")


def test_damaged_list_of_weights_is_refused_and_densitometry_still_found(folder: Path) -> None:
    (folder / weights.MANIFEST).write_text('{"format": 1, "weights": [{"name"')
    with pytest.raises(WeightsMissing, match="damaged"):
        create("multitask").run(VOLUME, Recorder())
    assert choose(None)[0].name == "densitometry"


@pytest.mark.parametrize("change", [{"rendering": RENDERING_VERSION + 1}, {"network": "jcs/recogniser"}])
def test_weights_for_another_rendering_or_network_are_refused(folder: Path, change: dict[str, Any]) -> None:
    place = folder / weights.MANIFEST
    document = json.loads(place.read_text())
    for record in document["weights"]:
        if record["name"] == "multitask-network-compact":
            record.update(change)
            if "network" in change:
                record["config"] = weights.to_record(entry_of("jcs-recogniser-compact"))["config"]
    place.write_text(json.dumps(document))
    with pytest.raises(WeightsMissing):
        create("multitask").run(VOLUME, Recorder())


def test_disabled_part_counts_as_missing_and_needs_no_file(folder: Path) -> None:
    enter(folder, entry_of(CASCADE[1], disabled="too few pictures"))
    with pytest.raises(WeightsMissing, match="missing"):
        create("cascade-severity").run(VOLUME, Recorder())
    assert untrained(card("cascade-severity")) == {CASCADE[1]: "too few pictures"}


def test_half_precision_file_gives_what_the_network_gave(folder: Path) -> None:
    entry = weights.find("multitask-network-compact")
    assert entry is not None and entry.torch is not None
    torch.manual_seed(5 + 2)
    network = build(TINY[entry.name][1])
    images = np.random.default_rng(2).normal(size=(2, 1, SIZE, SIZE)).astype(np.float32)
    with torch.no_grad():
        for _ in range(2):
            network(torch.randn(2, 1, SIZE, SIZE))
        network.eval()
        expected = network.probabilities(network(torch.from_numpy(images)))
    found = runtime.open_model(entry, "cpu")(images, lambda warning: None)
    assert (folder / entry.torch.name).stat().st_size < 2.5 * sum(p.numel() for p in network.parameters()) + 20_000
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value.numpy(), atol=0.02)


def test_openvino_form_answers_like_torch_and_is_preferred_on_the_processor(folder: Path) -> None:
    pytest.importorskip("openvino")
    import openvino

    entry = weights.find(CASCADE[0])
    assert entry is not None
    network = runtime.open_network(entry, "cpu")
    assert network is not None
    xml = folder / "made.xml"
    openvino.save_model(convert(network, SIZE, 1), xml, compress_to_fp16=False)
    images = np.random.default_rng(3).normal(size=(5, 1, SIZE, SIZE)).astype(np.float32)
    expected = runtime.open_model(entry, "cpu")(images, lambda warning: None)
    listed = ship_openvino(folder, entry, xml.read_bytes(), xml.with_suffix(".bin").read_bytes())
    model = runtime.open_model(listed, "cpu")
    assert isinstance(model, OpenVinoModel)
    for name, value in model(images, lambda warning: None).items():
        np.testing.assert_allclose(value, expected[name], atol=0.03)
    alter(folder / f"{CASCADE[0]}.bin")
    with pytest.raises(WeightsMissing, match="hash"):
        runtime.open_model(listed, "cpu")


@pytest.fixture
def graphed(folder: Path) -> weights.Entry:
    """A network whose OpenVINO description lies beside its weights."""
    entry = weights.find(CASCADE[0])
    assert entry is not None
    return ship_graph(folder, entry, build(TINY[entry.name][1]))


def test_description_without_numbers_answers_like_torch_and_is_small(folder: Path, graphed: weights.Entry) -> None:
    assert graphed.graph is not None
    assert graphed.torch is not None
    images = np.random.default_rng(3).normal(size=(5, 1, SIZE, SIZE)).astype(np.float32)
    model = runtime.open_model(graphed, "cpu")
    assert isinstance(model, OpenVinoModel)
    assert model.file == graphed.torch
    plain = runtime.open_model(replace(graphed, graph=None), "cpu")
    assert isinstance(plain, TorchModel)
    for name, value in plain(images, lambda warning: None).items():
        np.testing.assert_allclose(model(images, lambda warning: None)[name], value, atol=1e-4)
    with zipfile.ZipFile(folder / graphed.graph.name) as file:
        layout = json.loads(file.read("layout.json"))
    kept = sum(len(text) // 2 for _, text in layout["rest"])
    assert kept < 0.05 * layout["size"]


def test_running_on_openvino_imports_no_torch(folder: Path, graphed: weights.Entry) -> None:
    program = (
        "import sys, numpy as np; from inference.systems import runtime, weights\n"
        f"model = runtime.open_model(weights.find({graphed.name!r}), 'cpu')\n"
        f"model(np.zeros((1, 1, {SIZE}, {SIZE}), np.float32), print); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_without_openvino_torch_works_on_and_says_so(
    folder: Path, graphed: weights.Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Any:
        raise ImportError("No module named 'openvino'")

    monkeypatch.setattr(openvino_model, "_core", missing)
    context = Recorder()
    output = create("cascade-severity").run(VOLUME, context)
    assert [warning.code for warning in output.warnings].count("slower_runtime") == 1
    assert output.lungs.array.shape == VOLUME.array.shape


@pytest.mark.parametrize("able", [True, False])
def test_quantised_form_is_first_only_where_the_processor_computes_in_8_bits(
    folder: Path, graphed: weights.Entry, monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    network = runtime.open_network(graphed, "cpu")
    assert network is not None
    both = ship_openvino(folder, graphed, *serialised(convert(network, SIZE, 1)))
    monkeypatch.setattr(openvino_model, "_eight_bits", lambda: able)
    assert both.openvino is not None
    assert runtime.open_model(both, "cpu").file == (both.openvino[1] if able else both.torch)


def test_description_of_other_weights_is_refused(folder: Path, graphed: weights.Entry) -> None:
    assert graphed.graph is not None
    with pytest.raises(WeightsMissing, match="does not fit"):
        unfold((folder / graphed.graph.name).read_bytes(), {})
    with pytest.raises(WeightsMissing, match="does not fit"):
        unfold(b"no archive", {})


def test_kernels_in_8_bits_take_half_the_room_and_give_nearly_the_same(folder: Path) -> None:
    torch.manual_seed(3)
    network = build(WIDE)
    with torch.no_grad():
        for _ in range(20):
            network(torch.randn(2, 1, SIZE, SIZE))
    network.eval()
    images = torch.randn(2, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = network.probabilities(network(images))
    entry = replace(entry_of("multitask-network-compact"), name="wide", config=to_record(WIDE))
    sizes = {}
    for bits in (16, 8):
        shipped = ship(folder, entry, network, bits)
        assert shipped.torch is not None
        sizes[bits] = (folder / shipped.torch.name).stat().st_size
        found = runtime.open_model(shipped, "cpu")(images.numpy(), lambda warning: None)
        for name in ("mask", "recognition"):
            assert np.abs(found[name] - expected[name].numpy()).mean() < 0.03
    assert sizes[8] < 0.65 * sizes[16]


class Hungry(TorchModel):
    """Runs out of memory above ``room`` pictures at once, on ``hungry_device``."""

    room = 1
    hungry_device = "cpu"

    def _ask(self, images: np.ndarray) -> Any:
        if len(images) > self.room and self.device == self.hungry_device:
            raise torch.OutOfMemoryError("out of memory")
        return super()._ask(images)


def hungry(entry: weights.Entry, room: int) -> Hungry:
    assert entry.torch is not None
    network = runtime.open_network(entry, "cpu")
    assert network is not None
    model = Hungry(entry, entry.torch, network, "cpu")
    model.room = room
    return model


def test_too_little_memory_makes_batches_smaller_with_a_warning(folder: Path) -> None:
    entry = weights.find("multitask-network-compact")
    assert entry is not None
    images = np.random.default_rng(4).normal(size=(7, 1, SIZE, SIZE)).astype(np.float32)
    told: list[Warning] = []
    found = hungry(entry, 1)(images, told.append)
    whole = runtime.open_model(entry, "cpu")(images, told.append)
    assert {warning.code for warning in told} == {"smaller_batches"}
    for name, value in whole.items():
        np.testing.assert_allclose(found[name], value, atol=1e-5)


def test_without_memory_for_one_picture_the_processor_gives_up(folder: Path) -> None:
    entry = weights.find("multitask-network-compact")
    assert entry is not None
    with pytest.raises(torch.OutOfMemoryError):
        hungry(entry, 0)(np.zeros((2, 1, SIZE, SIZE), np.float32), lambda warning: None)


def test_device_without_memory_for_one_picture_hands_over_to_the_processor(folder: Path) -> None:
    entry = weights.find("multitask-network-compact")
    assert entry is not None
    images = np.random.default_rng(4).normal(size=(5, 1, SIZE, SIZE)).astype(np.float32)
    model = hungry(entry, 0)
    model.device, model.hungry_device = "mps", "mps"
    told: list[Warning] = []
    found = model(images, told.append)
    assert [warning.code for warning in told] == ["smaller_batches", "smaller_batches", "moved_to_processor"]
    assert model.device == "cpu"
    for name, value in runtime.open_model(entry, "cpu")(images, told.append).items():
        np.testing.assert_allclose(found[name], value, atol=1e-5)


def test_grey_levels_reach_networks_as_in_training() -> None:
    from inference.training.batches import DEVIATION, MEAN

    entry = entry_of(CASCADE[0])
    assert (entry.mean, entry.deviation) == (MEAN, DEVIATION)


def test_every_part_of_a_card_is_named_once_and_its_factory_exists() -> None:
    for one in (card(name) for name in ("consensus", "jcs", "specialised-streams", "covid-mtnet", "multitask")):
        assert len({part.name for part in one.parts}) == len(one.parts)
        assert create(one.name).card.name == one.name
    assert replace(CASCADE_SEVERITY, weights=card("cascade-severity").weights).parts == CASCADE_SEVERITY.parts


def test_listing_systems_imports_no_torch() -> None:
    program = "import sys, inference.systems.registry as r; r.cards(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
