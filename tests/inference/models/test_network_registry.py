"""The list of networks: names, configurations, and no torch before one is built."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from inference.errors import SeriesError
from inference.models import counts, registry
from inference.models.config import JcsConfig, NetworkConfig, Res2NetConfig
from inference.models.outputs import exclusive_map, independent_map
from inference.models.sizing import Sizing

DOCUMENT = Path(__file__).parents[3] / "docs" / "networks.md"


def test_listing_configuring_and_recording_imports_no_torch() -> None:
    program = (
        "import sys; from inference.models import registry as r;"
        "[r.to_record(c.configure(v)) for c in r.cards() for v in ('paper', 'compact')];"
        "from inference.models import outputs;"
        "print([m for m in ('torch', 'timm', 'segmentation_models_pytorch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_are_unique_and_belong_to_the_five_systems_and_the_baseline() -> None:
    names = [card.name for card in registry.cards()]
    assert len(set(names)) == len(names) == 11
    assert {name.split("/")[0] for name in names} == {
        "specialised-streams", "covid-mtnet", "multitask", "cascade-severity", "jcs", "baseline",
    }  # fmt: skip
    assert len({card.config for card in registry.cards()}) == 11


@pytest.mark.parametrize("variant", ["paper", "compact"])
@pytest.mark.parametrize("name", [card.name for card in registry.cards()])
def test_record_survives_json(name: str, variant: registry.Variant) -> None:
    config = registry.card(name).configure(variant)
    assert registry.from_record(name, json.loads(json.dumps(registry.to_record(config)))) == config


def test_record_restores_a_nested_configuration_and_its_absence() -> None:
    record = json.loads(json.dumps(registry.to_record(JcsConfig.compact())))
    restored = registry.from_record("jcs/segmenter", record)
    assert isinstance(restored, JcsConfig)
    assert restored.recogniser == Res2NetConfig.compact()
    alone = registry.from_record("jcs/segmenter", record | {"recogniser": None})
    assert isinstance(alone, JcsConfig)
    assert alone.recogniser is None


@pytest.mark.parametrize("record", [{"image_size": 64}, {"image_size": 64, "in_channels": 1, "depth": 3}])
def test_record_that_describes_no_network_is_refused(record: dict[str, int]) -> None:
    with pytest.raises(SeriesError, match="do not describe the network jcs/recogniser"):
        registry.from_record("jcs/recogniser", record)


def test_unknown_network_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SeriesError, match=r"no network named unet.*jcs/recogniser"):
        registry.card("unet")
    with pytest.raises(SeriesError, match="configured by NetworkConfig"):
        registry.build(NetworkConfig(64, 1))
    with pytest.raises(TypeError, match="no network by itself"):
        NetworkConfig.paper()
    with pytest.raises(TypeError, match="no network by itself"):
        NetworkConfig.compact()


def test_printed_parameter_counts_and_gaps_are_the_documented_ones(capsys: pytest.CaptureFixture[str]) -> None:
    counts.main()
    printed = capsys.readouterr().out
    assert printed.count("| no count |") == 9
    assert "| covid-mtnet/recogniser | IRRCNN | 34.00 M | 16.762 M | -17.24 M |" in printed
    assert "| covid-mtnet/segmenter | NABLA-3 | 18.98 M | 8.840 M | -10.14 M |" in printed
    assert printed.strip() in DOCUMENT.read_text(encoding="utf-8")


def test_compact_networks_are_far_smaller_than_the_published_ones() -> None:
    for card in registry.cards():
        if card.name != "baseline/unet":
            paper, compact = (counts.parameters(card.configure(v)) for v in ("paper", "compact"))
            assert compact < 1.5e6
            assert compact < paper / 10


def test_softmax_maps_begin_with_the_background_and_sigmoid_maps_do_not() -> None:
    assert exclusive_map(("a", "b")).labels == ("background", "a", "b")
    assert independent_map(("a", "b")).labels == ("a", "b")


def test_padding_is_below_and_right_repeats_the_border_and_is_cut_off_again() -> None:
    image = torch.arange(15.0).reshape(1, 1, 3, 5)
    sizing = Sizing(multiple=4)
    fitted = sizing.fit(image)
    assert fitted.shape == (1, 1, 4, 8)
    assert torch.equal(fitted[..., 3, :5], image[..., 2, :])
    assert torch.equal(fitted[..., :3, 7], image[..., 4])
    assert torch.equal(sizing.restore(fitted, 3, 5), image)


def test_image_that_fits_is_not_touched() -> None:
    image = torch.rand(1, 1, 8, 16)
    assert Sizing(multiple=8, minimum=8).fit(image) is image
    assert Sizing(fixed=8).fit(image[..., :8]).shape == (1, 1, 8, 8)


def test_small_image_is_enlarged_in_proportion_and_its_map_brought_back() -> None:
    sizing = Sizing(minimum=20, multiple=16)
    assert sizing.resized(10, 15) == (20, 30)
    fitted = sizing.fit(torch.rand(1, 1, 10, 15))
    assert fitted.shape == (1, 1, 32, 32)
    assert sizing.restore(fitted, 10, 15).shape == (1, 1, 10, 15)


def test_fixed_square_keeps_what_lies_where() -> None:
    image = torch.zeros(1, 1, 40, 80)
    image[..., :20, 40:] = 1.0
    sizing = Sizing(fixed=64)
    fitted = sizing.fit(image)
    assert fitted.shape == (1, 1, 64, 64)
    assert fitted[0, 0, 10, 50] == 1
    assert fitted[0, 0, 50, 10] == 0
    back = sizing.restore(fitted, 40, 80)
    assert (back.round() != image).float().mean() < 0.02
